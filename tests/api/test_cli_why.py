"""`darkroom why` against a real API: a file is found by whatever path leads to it, while it is there and afterwards."""

import json
import os
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert
from typer.testing import CliRunner

from darkroom.cli.client import Client
from darkroom.cli.main import app
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.paths import escape
from darkroom.stores.state import schema
from darkroom.testing.serving import add_source, publish_photo

State = Callable[[], AbstractContextManager[Connection]]

NAMES = ("a.jpg", "2024/b.jpg", "caf\udce9.jpg", "%41 new\nline.jpg")


@pytest.fixture
def pictures(tmp_path: Path, state: State, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A link to a folder on another disk, which was imported; the current folder is beside it."""
    monkeypatch.setattr(Client, "__init__", lambda self, home: setattr(self, "http", client))
    disk = tmp_path / "disk" / "pictures"
    (disk / "2024").mkdir(parents=True)
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, str(disk))
        for name in NAMES:
            (disk / name).touch()
            see(connection, source, name)
    link = tmp_path / "home" / "Pictures"
    link.parent.mkdir()
    link.symlink_to(disk)
    monkeypatch.chdir(link.parent)
    return link


def see(connection: Connection, source: uuid.UUID, name: str, **values: Any) -> None:
    row = {"library_id": DEFAULT_LIBRARY, "source_id": source, "size_bytes": 1, "mtime_ns": 1, "state": "taken"}
    raw = os.fsencode(name)
    connection.execute(insert(schema.source_files).values(**row, path=escape(raw), path_raw=raw, **values))


def run(subject: str | Path) -> Any:
    return CliRunner().invoke(app, ["why", str(subject), "--json"])


def seen(subject: str | Path) -> list[str]:
    """Paths of the files that are explained."""
    done = run(subject)
    assert done.exit_code == 0, done.output
    return [file["path"] for file in json.loads(done.stdout)["files"]]


@pytest.mark.parametrize("there", [True, False], ids=["there", "gone"])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_found_through_a_link_to_its_folder_and_by_its_real_path(
    pictures: Path, name: str, there: bool
) -> None:
    if not there:
        (pictures / name).unlink()
    for path in (pictures / name, pictures.resolve() / name, Path("Pictures", name)):
        assert seen(path) == [escape(os.fsencode(name))], path


@pytest.mark.parametrize("there", [True, False], ids=["there", "gone"])
def test_dots_and_relative_paths_lead_where_the_shell_would_go(
    pictures: Path, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not there:
        (pictures / "a.jpg").unlink()
    assert seen(pictures / "2024" / ".." / "a.jpg") == ["a.jpg"]
    assert seen("Pictures/../pictures/a.jpg") == ["a.jpg"], "two dots leave the folder a link points to, not the link"
    assert seen("./Pictures/./a.jpg") == ["a.jpg"]
    monkeypatch.chdir(pictures / "2024")
    assert seen("../a.jpg") == ["a.jpg"]


def test_a_file_is_found_when_its_whole_folder_is_gone(pictures: Path) -> None:
    (pictures / "2024" / "b.jpg").unlink()
    (pictures / "2024").rmdir()
    assert seen(pictures / "2024" / "b.jpg") == ["2024/b.jpg"]


def test_a_link_to_a_file_tells_of_the_file_and_one_in_its_place_of_what_was_there(
    pictures: Path, tmp_path: Path
) -> None:
    (pictures / "favourite.jpg").symlink_to("2024/b.jpg")
    assert seen(pictures / "favourite.jpg") == ["2024/b.jpg"], "links are not listed"
    (pictures / "a.jpg").unlink()
    (pictures / "a.jpg").symlink_to(tmp_path / "annex")
    assert seen(pictures / "a.jpg") == ["a.jpg"]
    (pictures / "loop.jpg").symlink_to("loop.jpg")
    assert run(pictures / "loop.jpg").exit_code == 2


def test_paths_as_the_api_shows_them_are_understood(pictures: Path) -> None:
    assert seen("2024/b.jpg") == ["2024/b.jpg"]
    assert seen("caf%E9.jpg") == ["caf%E9.jpg"]
    assert seen(f"{pictures.resolve()}/caf%E9.jpg") == ["caf%E9.jpg"]


def test_a_file_that_is_there_is_never_taken_for_another_of_its_name(pictures: Path) -> None:
    Path("a.jpg").touch()
    assert run("a.jpg").exit_code == 2


def test_an_id_is_an_id_unless_a_file_is_called_so(pictures: Path, state: State) -> None:
    with state() as connection:
        photo = publish_photo(connection, "photo")
        see(connection, add_source(connection, DEFAULT_LIBRARY, str(Path.cwd())), str(photo))
    assert json.loads(run(str(photo)).stdout)["photo"]["id"] == str(photo)
    Path(str(photo)).touch()
    assert seen(str(photo)) == [str(photo)]


@pytest.mark.parametrize("subject", ["", "nothing.jpg", "/etc/passwd", "\udce9", str(uuid.UUID(int=404))])
def test_what_nobody_has_seen_ends_with_a_sentence(pictures: Path, subject: str) -> None:
    done = run(subject)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == (2 if subject == "" else 1)
