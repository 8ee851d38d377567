"""`darkroom demo` over an API that answers at once: what it waits for, and how it ends."""

import contextlib
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from darkroom.cli import demo
from darkroom.cli.main import app
from darkroom.home import Home


class FakeClient:
    """A library whose people are hidden, and whose groups of duplicates were dismissed."""

    grouped = True
    finds = True
    gates: ClassVar[list[dict[str, int]]] = []

    def __init__(self, _: Home) -> None: ...

    def post(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/sessions/codes":
            return {"address": "http://127.0.0.1:9/sign-in"}
        hit = {"score": 0.9, "photo": {"id": "p", "files": [], "taken_at": None}, "reasons": []}
        return {"id": path, "epoch": 1, "items": [hit] if self.finds and "text" in asked else []}

    def get(self, path: str, **asked: Any) -> dict[str, Any]:
        return {"items": [{}] if self.grouped and asked.get("hidden") == "true" else []}

    def pages(self, path: str, limit: int | None) -> list[dict[str, Any]]:
        return [{"gates": one} for one in self.gates] if path == "/v1/imports" else []


def show(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    published: int,
    grouped: bool = True,
    passed: int = 9,
    finds: bool = True,
) -> Any:
    """Runs a demo whose import published so many photos, and passed so many gates."""
    home = Home(tmp_path / "home")
    home.run.mkdir(parents=True)
    (home.run / "marts.json").write_text(json.dumps({"ok": True, "epoch": 1}))
    home.endpoints_file.write_text(json.dumps({name: {"url": "http://127.0.0.1:9"} for name in ("api", "dagster")}))
    counts = {"files_listed": 9, "files_new": published, "files_failed": 0, "photos_published": published}
    done = {"state": "succeeded", "error": None, "progress": counts, "gates": {"passed": passed, "failed": 0}}
    monkeypatch.setattr(demo, "AFTERWARDS_SECONDS", 0.5)
    monkeypatch.setattr(demo, "Client", FakeClient)
    monkeypatch.setattr(FakeClient, "grouped", grouped)
    monkeypatch.setattr(FakeClient, "finds", finds)
    monkeypatch.setattr(demo, "running", lambda home, stop: contextlib.nullcontext())
    monkeypatch.setattr(demo, "write_library", lambda folder: [folder / "a.jpg"])
    monkeypatch.setattr(demo, "follow", lambda client, import_id, console: done)
    return CliRunner().invoke(app, ["demo", "--once", "--folder", str(tmp_path)])


@pytest.mark.parametrize(("published", "grouped", "exit_code"), [(0, True, 0), (5, True, 1), (0, False, 1)])
def test_groups_are_waited_for_until_they_were_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: int, grouped: bool, exit_code: int
) -> None:
    done = show(tmp_path, monkeypatch, published=published, grouped=grouped)
    assert done.exit_code == exit_code
    assert "grouping faces and duplicates" in done.stdout, "where no spinner can turn, a line says what takes so long"


def test_a_search_that_finds_nothing_fails_the_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "http://127.0.0.1:9/sign-in" in show(tmp_path / "well", monkeypatch, published=0).stdout
    done = show(tmp_path / "badly", monkeypatch, published=0, finds=False)
    assert done.exit_code == 1
    assert done.stdout.count("Nothing relevant was found.") == len(demo.SEARCHES) == 4


@pytest.mark.parametrize(
    ("passed", "before", "told"),
    [
        (9, [], "9 gates passed, 0 failed in this import"),
        (
            0,
            [{"passed": 0, "failed": 0}, {"passed": 18, "failed": 1}, {"passed": 9, "failed": 0}],
            "27 gates passed, 1",
        ),
        (0, [], None),
    ],
)
def test_an_import_that_found_nothing_new_tells_what_the_library_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed: int, before: list[dict[str, int]], told: str | None
) -> None:
    monkeypatch.setattr(FakeClient, "gates", before)
    done = show(tmp_path, monkeypatch, published=0, passed=passed)
    assert done.exit_code == 0
    if told:
        assert told in done.stdout
    else:
        assert "gates" not in done.stdout


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the platform is told to do."""
    said: list[str] = []
    monkeypatch.setattr(demo, "_darkroom", lambda home, *arguments: said.append(arguments[0]))
    monkeypatch.setattr(demo.signal, "signal", lambda number, handler: None)
    return said


def test_a_show_that_is_interrupted_stops_its_platform_and_fails(tmp_path: Path, told: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt), demo.running(Home(tmp_path), stop=False):
        raise KeyboardInterrupt
    assert told == ["up", "down"]


def test_a_platform_that_is_served_is_stopped_by_ctrl_c_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    def interrupted(home: Home) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "supervisor_of", interrupted)
    with demo.running(Home(tmp_path), stop=False):
        demo._serve(Home(tmp_path))
    assert told == ["up", "down"]
