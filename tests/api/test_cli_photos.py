"""`darkroom photos` against a real API: tables, documents and lines, and how wrong use ends."""

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner

from darkroom.cli.client import Client
from darkroom.cli.main import app
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.testing.serving import add_source, publish_photo

State = Callable[[], AbstractContextManager[Connection]]
NEWEST = 2024


@pytest.fixture
def photos(state: State, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of three photos, a year apart, newest first."""
    monkeypatch.setattr(Client, "__init__", lambda self, home: setattr(self, "http", client))
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures")
        return [publish(connection, f"{year}.jpg", source, year) for year in range(NEWEST, NEWEST - 3, -1)]


def publish(connection: Connection, name: str, source: uuid.UUID, year: int) -> str:
    taken = datetime(year, 5, 1, 12)  # noqa: DTZ001 - wall time
    return str(publish_photo(connection, name, source_id=source, taken_local=taken))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["photos", *arguments])


def told(*arguments: str) -> Any:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def ids(lines: str) -> list[str]:
    return [json.loads(line)["id"] for line in lines.splitlines()]


def test_the_list_is_a_row_per_photo(photos: list[str]) -> None:
    done = run("list")
    _, *rows = (line.split("\t") for line in done.stdout.splitlines())
    assert [row[0] for row in rows] == photos
    assert rows[0][1:3] == ["2024-05-01 12:00", "4000×3000"]
    assert rows[0][-1] == "2024.jpg"
    assert done.stderr == ""


def test_the_json_is_the_apis_own_page(photos: list[str], client: httpx.Client) -> None:
    assert told("list", "--json") == client.get("/v1/photos").json()
    first = told("list", "--limit", "2", "--json")
    assert first == client.get("/v1/photos", params={"limit": 2}).json()
    rest = told("list", "--limit", "2", "--cursor", first["next_cursor"], "--json")
    assert [photo["id"] for photo in first["items"] + rest["items"]] == photos
    assert rest["next_cursor"] is None
    assert told("list", "--limit", "3", "--json")["next_cursor"] is None, "everything was listed"


def test_a_page_may_be_larger_than_the_apis(photos: list[str], state: State) -> None:
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/more")
        more = {publish(connection, f"more {number}.jpg", source, 2000) for number in range(250)}
    page = told("list", "--limit", "230", "--json")
    assert len(page["items"]) == 230
    rest = told("list", "--limit", "1000", "--cursor", page["next_cursor"], "--json")
    assert rest["next_cursor"] is None
    found = [photo["id"] for photo in page["items"] + rest["items"]]
    assert found[:3] == photos
    assert sorted(found[3:]) == sorted(more)


def test_lines_are_a_photo_each_and_what_is_left_is_told_beside_them(photos: list[str]) -> None:
    assert ids(run("list", "--jsonl").stdout) == photos
    first = run("list", "--jsonl", "--limit", "1")
    assert ids(first.stdout) == photos[:1]
    cursor = first.stderr.removeprefix("More with --cursor ").strip()
    assert ids(run("list", "--jsonl", "--cursor", cursor).stdout) == photos[1:]
    assert cursor in run("list", "--limit", "1").stderr


def test_a_filter_chooses_photos(photos: list[str]) -> None:
    assert ids(run("list", "--filter", "year = 2023", "--jsonl").stdout) == [photos[1]]
    assert told("list", "--filter", "year = 1999", "--json") == {"items": [], "next_cursor": None}
    assert ids(run("list", "--filter", "year = 1999", "--jsonl").stdout) == []


def test_a_photo_is_shown_as_json_asked_for_or_not(photos: list[str], client: httpx.Client) -> None:
    photo = client.get(f"/v1/photos/{photos[0]}").json()
    assert told("show", photos[0]) == told("show", photos[0], "--json") == told("show", photos[0], "--jsonl") == photo
    assert len(run("show", photos[0], "--jsonl").stdout.splitlines()) == 1


def test_an_export_ends_with_the_count(photos: list[str]) -> None:
    *lines, end = run("export").stdout.splitlines()
    assert ids("\n".join(lines)) == photos
    assert json.loads(end)["end"].items() >= {"photos": 3, "complete": True}.items()
    assert run("export", "--jsonl").stdout.splitlines()[:-1] == lines
    document = told("export", "--json", "--filter", "year >= 2023")
    assert [photo["id"] for photo in document["items"]] == photos[:2]
    assert document["end"]["photos"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--filter", "year ="), "filter"),
        (("list", "--filter", "nonsense = 1", "--json"), "nonsense"),
        (("export", "--filter", "nonsense = 1"), "nonsense"),
        (("list", "--cursor", "nonsense"), "cursor"),
        (("list", "--json", "--jsonl"), "choose --json or --jsonl"),
        (("show", str(uuid.UUID(int=404)), "--json", "--jsonl"), "choose --json or --jsonl"),
        (("export", "--json", "--jsonl"), "choose --json or --jsonl"),
        (("show", str(uuid.UUID(int=404)), "--json"), "photo"),
        (("show", "nonsense"), "UUID"),
    ],
)
def test_wrong_use_ends_with_a_sentence_and_nothing_printed(
    photos: list[str], arguments: tuple[str, ...], said: str
) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in " ".join(done.stderr.split())
