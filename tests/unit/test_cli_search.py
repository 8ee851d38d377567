"""`darkroom search`: what it asks the API for an example and a person."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from darkroom.cli import search
from darkroom.cli.main import app

PHOTO, ANNA, BERND = (str(uuid.UUID(int=number)) for number in (1, 2, 3))


class FakeClient:
    """Remembers what it was asked."""

    asked: dict[str, Any]
    sent: bytes | None
    people = ((ANNA, "Änne Berg"), (BERND, "Bernd"), (str(uuid.UUID(int=4)), "BERND"))

    def __init__(self, home: object) -> None:
        FakeClient.sent = None

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        FakeClient.asked = body
        return {"items": [], "degraded": [{"leg": "meaning", "reason": "no model"}]}

    def upload(self, path: str, data: bytes) -> dict[str, str]:
        FakeClient.sent = data
        return {"example_id": "uploaded"}

    def pages(self, path: str, limit: int | None, **params: object) -> list[dict[str, str]]:
        assert (path, params) == ("/v1/people", {"named": True})
        return [{"id": person_id, "name": name} for person_id, name in self.people]


@pytest.fixture(autouse=True)
def _client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "Client", FakeClient)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["search", *arguments])


def test_a_photo_or_a_file_is_an_example(tmp_path: Path) -> None:
    assert run("--like", PHOTO).exit_code == 0
    assert FakeClient.asked == {"photo_id": PHOTO, "limit": 10}
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"picture")
    assert run("beach", "--like", str(picture)).exit_code == 0
    assert FakeClient.asked == {"text": "beach", "example_id": "uploaded", "limit": 10}
    assert FakeClient.sent == b"picture"


def test_a_long_path_stays_whole_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "a folder with a long name/" * 5 + "a.jpg"
    photo = {"id": PHOTO, "taken_at": None, "files": [{"path": path}]}
    answer = {"items": [{"photo": photo, "score": 1.0, "reasons": []}], "degraded": []}
    monkeypatch.setattr(FakeClient, "post", lambda self, path, body: answer)
    assert path in run("beach").stdout


def test_words_need_no_quotes() -> None:
    assert run("lemon", "cake").exit_code == 0
    assert FakeClient.asked == {"text": "lemon cake", "limit": 10}


def test_a_person_is_found_by_name_however_it_is_written_or_by_id() -> None:
    assert run("--person", "anne BERG").exit_code == 0
    assert FakeClient.asked == {"person_id": ANNA, "limit": 10}
    assert run("--person", BERND).exit_code == 0
    assert FakeClient.asked["person_id"] == BERND


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--like", "/nowhere.jpg"), "no file"), (("--person", "Zoe"), "nobody"), (("--person", "bernd"), "2 people")],
)
def test_what_cannot_be_found_is_a_usage_error(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_what_is_degraded_is_said_beside_the_answer() -> None:
    done = run("beach")
    assert "Nothing relevant was found." in done.stdout
    assert "meaning: no model" in done.stderr
