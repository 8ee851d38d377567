"""Photos over HTTP: the timeline and its pages, one photo, the export."""

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import Connection, delete, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import keys, schema
from darkroom.testing.serving import add_library, add_source, publish_photo

State = Callable[[], AbstractContextManager[Connection]]
NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001 - wall time


def walk(client: httpx.Client, **parameters: object) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        asked = {**parameters, **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/photos", params=asked).raise_for_status().json()
        found += [photo["id"] for photo in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_the_timeline_is_newest_first_with_undated_photos_last(client: httpx.Client, state: State) -> None:
    with state() as connection:
        old = publish_photo(connection, "old", taken_local=NOON - timedelta(days=1))
        undated = publish_photo(connection, "undated")
        new = publish_photo(connection, "new", taken_local=NOON)
    assert walk(client) == [str(new), str(old), str(undated)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_of_any_size_show_every_photo_once_in_order(client: httpx.Client, state: State, limit: int) -> None:
    with state() as connection:
        for number in range(6):
            publish_photo(connection, f"burst {number}", taken_local=NOON)
            publish_photo(connection, f"dated {number}", taken_local=NOON + timedelta(microseconds=number))
            publish_photo(connection, f"undated {number}")
    everything = client.get("/v1/photos").json()["items"]
    order = [(p["taken_at"] is None, p["taken_at"] and p["taken_at"]["local"], p["id"]) for p in everything]
    assert len(order) == 18
    dated = [one for one in order if not one[0]]
    assert dated == sorted(dated, key=lambda one: (one[1], [-ord(c) for c in one[2]]), reverse=True)
    assert walk(client, limit=limit) == [photo["id"] for photo in everything]


def test_pages_of_several_libraries_are_merged_along_one_timeline(
    client_of: Callable[[str], httpx.Client], make_key: Callable[..., str], state: State
) -> None:
    with state() as connection:
        user = keys.add_user(connection, "owns two")
        libraries = [add_library(connection, user, name) for name in ("a", "b")]
        expected = []
        for number in range(10):
            expected.append(
                str(
                    publish_photo(
                        connection,
                        f"{number}",
                        library_id=libraries[number % 2],
                        taken_local=NOON - timedelta(hours=number) if number < 8 else None,
                    )
                )
            )
    mine = client_of(make_key("photos:read", user_id=user))
    found = walk(mine, limit=3)
    assert found[:8] == expected[:8]
    assert sorted(found[8:]) == sorted(expected[8:])


def test_a_photo_published_meanwhile_makes_no_page_skip_or_repeat(client: httpx.Client, state: State) -> None:
    with state() as connection:
        before = [
            str(publish_photo(connection, f"p{number}", taken_local=NOON - timedelta(hours=number)))
            for number in range(6)
        ]
    first = client.get("/v1/photos", params={"limit": 3}).json()
    with state() as connection:
        publish_photo(connection, "newer", taken_local=NOON + timedelta(days=1))
        publish_photo(connection, "older", taken_local=NOON - timedelta(days=1))
    second = client.get("/v1/photos", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [p["id"] for p in first["items"] + second["items"]] == before


def test_a_cursor_that_was_altered_is_refused(client: httpx.Client, state: State) -> None:
    with state() as connection:
        for number in range(3):
            publish_photo(connection, f"p{number}")
    cursor = client.get("/v1/photos", params={"limit": 1}).json()["next_cursor"]
    said, _, signature = cursor.rpartition(".")
    flipped = f"{said}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    for altered in (flipped, cursor[1:], "x", "", "é", cursor + ".x"):
        answer = client.get("/v1/photos", params={"cursor": altered})
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/invalid-cursor"


def test_a_cursor_fits_only_the_list_and_the_libraries_it_came_from(
    client: httpx.Client, client_of: Callable[[str], httpx.Client], make_key: Callable[..., str], state: State
) -> None:
    with state() as connection:
        for number in range(3):
            publish_photo(connection, f"p{number}", rating=5)
        stranger = keys.add_user(connection, "stranger")
        add_library(connection, stranger)
    cursor = client.get("/v1/photos", params={"limit": 1}).json()["next_cursor"]
    other_filter = client.get("/v1/photos", params={"cursor": cursor, "filter": "rating >= 4"})
    assert other_filter.json()["type"] == "/problems/invalid-cursor"
    theirs = client_of(make_key("photos:read", user_id=stranger)).get("/v1/photos", params={"cursor": cursor})
    assert theirs.json()["type"] == "/problems/invalid-cursor"


def test_a_cursor_outlives_a_restart(client: httpx.Client, state: State, parts: object) -> None:
    from api.dependencies import Parts

    with state() as connection:
        for number in range(3):
            publish_photo(connection, f"p{number}")
    cursor = client.get("/v1/photos", params={"limit": 1}).json()["next_cursor"]
    restarted = Parts(parts.settings)  # type: ignore[attr-defined]
    assert restarted.cursors.open(cursor, "photos", "", DEFAULT_LIBRARY) is not None


def test_a_filter_narrows_the_list_and_its_pages(client: httpx.Client, state: State) -> None:
    with state() as connection:
        for number in range(6):
            publish_photo(connection, f"p{number}", rating=number, taken_local=NOON + timedelta(hours=number))
    ratings = [p["rating"] for p in client.get("/v1/photos", params={"filter": "rating >= 3"}).json()["items"]]
    assert ratings == [5, 4, 3]
    assert len(walk(client, filter="rating >= 3", limit=2)) == 3


@pytest.mark.parametrize("text", ["rating >=", "nonsense = 3", "rating >= many", "(rating = 3"])
def test_a_filter_that_cannot_be_understood_says_where(client: httpx.Client, state: State, text: str) -> None:
    answer = client.get("/v1/photos", params={"filter": text})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-filter"
    assert answer.json()["errors"][0]["parameter"] == "filter"
    assert "character" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many"])
def test_a_limit_outside_of_its_bounds_is_a_problem_that_names_it(client: httpx.Client, limit: str) -> None:
    answer = client.get("/v1/photos", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "limit"


def test_a_photo_has_everything_that_was_published(client: httpx.Client, state: State) -> None:
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/pictures")
        photo = publish_photo(
            connection,
            "2024/market.jpg",
            source_id=source,
            outputs={"metadata": "done", "texts": "off"},
            taken_local=NOON,
            taken_offset_minutes=-210,
            taken_utc=NOON.replace(tzinfo=UTC) + timedelta(minutes=210),
            taken_source="DateTimeOriginal",
            latitude=0.0,
            longitude=11.5,
            camera_make="FUJIFILM",
            exposure={"iso": 200, "f_number": 2.8},
            keywords=["market"],
            thumbnail_sha256="ab" * 32,
        )
    found = client.get(f"/v1/photos/{photo}").raise_for_status().json()
    assert found["id"] == str(photo)
    assert found["taken_at"] == {
        "local": "2024-05-01T12:00:00",
        "offset": "-03:30",
        "utc": "2024-05-01T15:30:00Z",
        "source": "DateTimeOriginal",
    }
    assert found["location"] == {"latitude": 0.0, "longitude": 11.5, "altitude_m": None}
    assert found["camera"]["make"] == "FUJIFILM"
    assert found["exposure"]["iso"] == 200
    assert [file["path"] for file in found["files"]] == ["2024/market.jpg"]
    assert {name: output["state"] for name, output in found["outputs"].items()} == {"metadata": "done", "texts": "off"}
    assert found["renditions"] == {
        "thumbnail": f"/v1/photos/{photo}/renditions/thumbnail?v={'ab' * 8}",
        "display": None,
    }


def test_an_unknown_photo_is_not_found(client: httpx.Client, state: State) -> None:
    answer = client.get(f"/v1/photos/{uuid.uuid4()}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"


def test_a_photo_the_client_has_already_is_not_sent_again(client: httpx.Client, state: State) -> None:
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/pictures")
        photo = publish_photo(connection, "one.jpg", source_id=source)
    first = client.get(f"/v1/photos/{photo}")
    again = client.get(f"/v1/photos/{photo}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for change in (
        update(schema.photos).where(schema.photos.c.photo_id == photo).values(title="Market"),
        delete(schema.photo_files).where(schema.photo_files.c.photo_id == photo),
    ):
        with state() as connection:
            connection.execute(change)
        changed = client.get(f"/v1/photos/{photo}", headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200
        first = changed


def test_an_export_is_every_photo_and_a_trailer(client: httpx.Client, state: State) -> None:
    with state() as connection:
        expected = [
            str(publish_photo(connection, f"p{n}", taken_local=NOON - timedelta(minutes=n))) for n in range(1203)
        ]
    answer = client.get("/v1/photos/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    *photos, end = [json.loads(line) for line in answer.text.splitlines()]
    assert [photo["id"] for photo in photos] == expected
    assert end["end"]["photos"] == 1203
    assert end["end"]["complete"] is True
    assert end["end"]["epoch"] > 0


def test_an_export_honours_its_filter_and_an_empty_one_has_only_its_trailer(client: httpx.Client, state: State) -> None:
    with state() as connection:
        publish_photo(connection, "a", rating=5)
        publish_photo(connection, "b", rating=1)
    lines = client.get("/v1/photos/export", params={"filter": "rating = 5"}).text.splitlines()
    assert len(lines) == 2
    lines = client.get("/v1/photos/export", params={"filter": "rating = 3"}).text.splitlines()
    assert [json.loads(line)["end"]["photos"] for line in lines] == [0]
    assert client.get("/v1/photos/export", params={"filter": "rating ="}).status_code == 400


def test_an_export_that_breaks_in_the_middle_says_that_it_is_not_complete(
    client: httpx.Client, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    from api.queries import photos as queries

    with state() as connection:
        publish_photo(connection, "a")
    whole = queries.every

    def broken(*arguments: object) -> object:
        yield from whole(*arguments)  # type: ignore[arg-type]
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(queries, "every", broken)
    *photos, end = [json.loads(line) for line in client.get("/v1/photos/export").text.splitlines()]
    assert len(photos) == 1
    assert end["end"]["complete"] is False


def test_exports_give_their_places_back(client: httpx.Client, state: State) -> None:
    with state() as connection:
        publish_photo(connection, "a")
    for _ in range(6):
        assert client.get("/v1/photos/export").status_code == 200
        assert client.get("/v1/photos/export", params={"filter": "nonsense"}).status_code == 400
