"""Registering folders over HTTP: which are accepted, and what is kept of them."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.home import Home

State = Callable[[], AbstractContextManager[Connection]]


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/invalid-request"
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "#/path"
    return str(error["detail"])


def test_a_folder_is_registered_once(client: httpx.Client, state: State, tmp_path: Path) -> None:
    first = client.post("/v1/sources", json={"path": str(tmp_path), "name": " Holidays ", "watched": True})
    assert first.status_code == 201
    source = first.json()
    assert (source["path"], source["name"], source["mode"]) == (str(tmp_path), "Holidays", "reference")
    assert source["watched"] is True
    assert source["library_id"] == str(DEFAULT_LIBRARY)
    again = client.post("/v1/sources", json={"path": str(tmp_path) + "/", "mode": "copy"})
    assert again.status_code == 200
    assert again.json() == source


def test_one_folder_has_one_source_whatever_links_lead_to_it(
    client: httpx.Client, state: State, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    first = client.post("/v1/sources", json={"path": str(tmp_path / "link")}).json()
    second = client.post("/v1/sources", json={"path": str(tmp_path / "real" / ".." / "real")}).json()
    assert first == second
    assert first["path"] == str(tmp_path / "real")


def test_a_name_that_is_no_text_is_kept_escaped(client: httpx.Client, state: State, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/100%"
    Path(os.fsdecode(folder)).mkdir()
    source = client.post("/v1/sources", json={"path": os.fsdecode(folder)}).json()
    assert source["path"].endswith("/100%25")
    assert source["name"] == "100%25"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("pictures", "not absolute"), ("./x", "not absolute"), ("/does/not/exist", "nothing"), ("/\0", "not absolute")],
)
def test_a_path_that_leads_nowhere_is_refused(client: httpx.Client, path: str, reason: str) -> None:
    assert reason in refused(client.post("/v1/sources", json={"path": path}))


def test_a_file_is_no_source(client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"x")
    assert "no folder" in refused(client.post("/v1/sources", json={"path": str(tmp_path / "one.jpg")}))


def test_a_circle_of_links_is_refused(client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "cannot be followed" in refused(client.post("/v1/sources", json={"path": str(tmp_path / "a")}))


def test_the_home_what_is_in_it_and_what_is_around_it_are_refused(client: httpx.Client, home: Home) -> None:
    for folder in (home.root, home.run, home.root.parent, Path("/")):
        assert "home" in refused(client.post("/v1/sources", json={"path": str(folder)}))


def test_a_link_into_the_home_is_refused(client: httpx.Client, home: Home, tmp_path: Path) -> None:
    (tmp_path / "innocent").symlink_to(home.run)
    assert "home" in refused(client.post("/v1/sources", json={"path": str(tmp_path / "innocent")}))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/path"),
        ({"path": "/tmp", "mode": "move"}, "#/mode"),
        ({"path": "/tmp", "library_id": str(DEFAULT_LIBRARY)}, "#/library_id"),
        ({"path": 3}, "#/path"),
        ({"path": "/tmp", "name": "  "}, "#/name"),
    ],
)
def test_a_body_that_does_not_fit_is_a_problem_that_points_at_it(
    client: httpx.Client, body: dict[str, object], pointer: str
) -> None:
    answer = client.post("/v1/sources", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_sources_are_listed_in_pages(client: httpx.Client, state: State, tmp_path: Path) -> None:
    made = []
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        made.append(client.post("/v1/sources", json={"path": str(tmp_path / str(number))}).json())
    found, cursor = [], None
    while True:
        page = client.get("/v1/sources", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == made


def test_a_folder_is_watched_and_no_longer(
    client: httpx.Client,
    client_of: Callable[[str], httpx.Client],
    make_key: Callable[..., str],
    state: State,
    tmp_path: Path,
) -> None:
    source = client.post("/v1/sources", json={"path": str(tmp_path)}).json()
    for watched in (True, False, False):
        answer = client.patch(f"/v1/sources/{source['id']}", json={"watched": watched})
        assert answer.status_code == 200
        assert answer.json() == {**source, "watched": watched}
        assert client.get("/v1/sources").json()["items"] == [answer.json()]
    assert client.patch(f"/v1/sources/{source['id']}", json={"mode": "copy"}).status_code == 422
    assert client.patch(f"/v1/sources/{DEFAULT_LIBRARY}", json={"watched": True}).status_code == 404
    reader = client_of(make_key("imports:read"))
    assert reader.patch(f"/v1/sources/{source['id']}", json={"watched": True}).status_code == 403
