"""`darkroom stacks` against a real API: what it prints."""

import json
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
from darkroom.testing.serving import add_source, add_stack, publish_photo

State = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture(autouse=True)
def _client(monkeypatch: pytest.MonkeyPatch, client: httpx.Client) -> None:
    monkeypatch.setattr(Client, "__init__", lambda self, home: setattr(self, "http", client))


@pytest.fixture
def stacks(state: State) -> dict[str, str]:
    """A burst of three and a raw file with its picture: ids of the photos by name, and of the stacks by kind."""
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures")
        photos = {
            name: publish_photo(connection, name, source_id=source, taken_local=taken)
            for name, taken in (
                ("0.jpg", "2024-05-20T12:00:00"),
                ("1.jpg", "2024-05-20T12:00:01.5"),
                ("2.jpg", "2024-05-20T12:00:02"),
                ("IMG_7.JPG", None),
                ("IMG_7.CR2", None),
            )
        }
        everyone = list(photos.values())
        made = {
            "burst": add_stack(connection, everyone[:3]),
            "raw_jpeg": add_stack(connection, everyone[3:], "raw_jpeg"),
        }
    return {name: str(one) for name, one in (photos | made).items()}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["stacks", *arguments])


def test_the_json_is_the_apis_own_page(stacks: dict[str, str], client: httpx.Client) -> None:
    found = json.loads(run("list", "--json").stdout)
    assert found == client.get("/v1/stacks").json()
    assert [one["id"] for one in found["items"]] == [stacks["burst"], stacks["raw_jpeg"]]
    first = json.loads(run("list", "--limit", "1", "--json").stdout)
    second = json.loads(run("list", "--limit", "1", "--cursor", first["next_cursor"], "--json").stdout)
    assert first["items"] + second["items"] == found["items"]


def test_a_stack_is_shown_with_its_photos_in_order(stacks: dict[str, str]) -> None:
    told = run("list").stdout.splitlines()
    assert told == [
        f"{stacks['burst']}  burst, 3 photos",
        f"  {stacks['0.jpg']}  2024-05-20 12:00:00  0.jpg",
        f"  {stacks['1.jpg']}  2024-05-20 12:00:01  1.jpg",
        f"  {stacks['2.jpg']}  2024-05-20 12:00:02  2.jpg",
        f"{stacks['raw_jpeg']}  raw_jpeg, 2 photos",
        f"  {stacks['IMG_7.JPG']}  undated              IMG_7.JPG",
        f"  {stacks['IMG_7.CR2']}  undated              IMG_7.CR2",
    ]
    assert run("list", "--kind", "raw_jpeg").stdout.splitlines() == told[4:]
    assert run("list", "--limit", "1").stdout.splitlines()[-1].startswith("More with --cursor ")


def test_without_stacks_it_says_so(state: State) -> None:
    assert run("list").stdout.startswith("No stacks. They are looked for soon after")
    assert run("list", "--kind", "near").exit_code == 2
