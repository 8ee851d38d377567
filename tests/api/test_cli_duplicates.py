"""`darkroom duplicates` against a real API: what it prints, and what it decides."""

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner

from darkroom.cli.client import Client
from darkroom.cli.main import app
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.testing.serving import add_duplicates, add_source, publish_photo

State = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture(autouse=True)
def _client(monkeypatch: pytest.MonkeyPatch, client: httpx.Client) -> None:
    monkeypatch.setattr(Client, "__init__", lambda self, home: setattr(self, "http", client))


@pytest.fixture
def group(state: State) -> dict[str, str]:
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures")
        photos = {name: publish_photo(connection, name, source_id=source) for name in ("original.jpg", "small.jpg")}
        made = add_duplicates(connection, list(photos.values()), sizes=[5_000_000, 40_000])
        add_duplicates(connection, [photos["original.jpg"]], "bytes", sizes=[7])
    return {name: str(photo) for name, photo in photos.items()} | {"group": str(made)}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["duplicates", *arguments])


def test_the_json_is_the_apis_own_page(group: dict[str, str]) -> None:
    found = json.loads(run("list", "--json").stdout)
    assert set(found) == {"items", "next_cursor"}
    assert [one["kind"] for one in found["items"]] == ["near", "bytes"]
    near = found["items"][0]
    assert [photo["files"][0]["path"] for photo in near["photos"]] == ["original.jpg", "small.jpg"]
    assert [one["kind"] for one in json.loads(run("list", "--kind", "bytes", "--json").stdout)["items"]] == ["bytes"]
    first = json.loads(run("list", "--limit", "1", "--json").stdout)
    second = json.loads(run("list", "--limit", "1", "--cursor", first["next_cursor"], "--json").stdout)
    assert [one["id"] for one in first["items"] + second["items"]] == [one["id"] for one in found["items"]]


def test_the_list_shows_what_to_keep_and_what_is_wasted(group: dict[str, str]) -> None:
    told = run("list").stdout
    assert group["group"] in told
    assert f"keep       {group['original.jpg']}  4000×3000  original.jpg" in told
    assert f"redundant  {group['small.jpg']}  4000×3000  small.jpg" in told
    assert "near, 40.0 kB wasted" in told
    assert "bytes, 7 bytes wasted" in told
    assert "--cursor" in run("list", "--limit", "1").stdout


def test_without_duplicates_it_says_so(state: State) -> None:
    assert run("list").stdout.startswith("No duplicates. They are looked for soon after")


def test_keeping_the_proposed_photo_or_another_and_dismissing(group: dict[str, str], client: httpx.Client) -> None:
    def decided() -> tuple[str, str | None]:
        found = client.get(f"/v1/duplicates/{group['group']}").json()
        return found["keeper_id"], found["decision"]

    assert "40.0 kB in 1 other photos" in run("keep", group["group"]).stdout
    assert decided() == (group["original.jpg"], "kept")
    assert "5.0 MB" in run("keep", group["group"], group["small.jpg"]).stdout
    assert decided() == (group["small.jpg"], "kept")
    assert run("dismiss", group["group"]).stdout.startswith("Dismissed")
    assert decided() == (group["small.jpg"], "dismissed")
    assert run("withdraw", group["group"]).stdout.startswith("Nothing is decided")
    assert decided() == (group["original.jpg"], None)


def test_faults_end_with_a_sentence_and_an_exit_code(group: dict[str, str]) -> None:
    unknown = run("keep", str(uuid.uuid4()))
    assert unknown.exit_code == 2
    assert "no such group" in unknown.output
    stranger = run("keep", group["group"], str(uuid.uuid4()))
    assert stranger.exit_code == 2
    assert "it is not in the group" in stranger.output
    assert run("merge", group["small.jpg"]).exit_code == 2
    assert "no such photo" in run("merge", group["small.jpg"], str(uuid.uuid4())).output
    assert run("list", "--kind", "similar").exit_code == 2
