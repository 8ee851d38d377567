"""The timeline as a whole: its months add up, and each of its pages can be asked for alone."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import keys
from darkroom.testing.serving import add_library, publish_photo
from tests.api.test_api_photos import walk

State = Callable[[], AbstractContextManager[Connection]]
NOON = datetime(2024, 5, 31, 12)  # noqa: DTZ001 - wall time
MANY = text("""
    INSERT INTO serving.photos
        (photo_id, library_id, epoch, sha256, media_type, size_bytes, orientation, taken_local, rating)
    SELECT gen_random_uuid(), :library, 1, md5(n::text), 'image/jpeg', 1, 1,
           CASE WHEN n % 100 > 0 THEN timestamp '2004-01-01' + n * interval '107 minutes' END, n % 6
    FROM generate_series(1, :photos) AS n
""")


def timeline(client: httpx.Client, filter: str | None = None) -> list[dict[str, Any]]:
    asked = {"filter": filter} if filter else {}
    return client.get("/v1/photos/timeline", params=asked).raise_for_status().json()["months"]  # type: ignore[no-any-return]


def ids_of(client: httpx.Client, month: dict[str, Any], filter: str | None = None) -> list[str]:
    """The month's photos, its last page asked for first."""
    found: list[str] = []
    for page in reversed(month["pages"]):
        asked = {"limit": page["photos"], "cursor": page["cursor"], "filter": filter}
        answer = client.get("/v1/photos", params={name: one for name, one in asked.items() if one is not None})
        items = answer.raise_for_status().json()["items"]
        assert {(one["taken_at"] or {"local": ""})["local"][:7] or None for one in items} == {month["month"]}
        found = [one["id"] for one in items] + found
    return found


def test_an_empty_library_has_no_months(client: httpx.Client, state: State) -> None:
    assert timeline(client) == []


def test_months_are_newest_first_with_undated_photos_last(client: httpx.Client, state: State) -> None:
    with state() as connection:
        for number, taken in enumerate((NOON, NOON, NOON + timedelta(days=1), NOON - timedelta(days=400), None)):
            publish_photo(connection, f"{number}", taken_local=taken)
    assert [(month["month"], month["photos"]) for month in timeline(client)] == [
        ("2024-06", 1),
        ("2024-05", 2),
        ("2023-04", 1),
        (None, 1),
    ]


@pytest.mark.parametrize("filter", [None, "rating >= 3", "NOT taken_at:*", "rating = 9"])
def test_the_pages_of_all_months_are_the_list_of_photos(
    client: httpx.Client, state: State, monkeypatch: pytest.MonkeyPatch, filter: str | None
) -> None:
    monkeypatch.setattr("api.resources.photos.TIMELINE_PAGE", 3)
    with state() as connection:
        for number in range(25):
            taken = NOON + timedelta(days=number // 5, hours=number % 2) if number % 4 else None
            publish_photo(connection, f"{number}", taken_local=taken, rating=number % 6)
    months = timeline(client, filter)
    wanted = walk(client, limit=200, **({"filter": filter} if filter else {}))
    assert [photo for month in months for photo in ids_of(client, month, filter)] == wanted
    assert all(page["photos"] <= 3 for month in months for page in month["pages"])
    assert all(month["photos"] == sum(page["photos"] for page in month["pages"]) for month in months)


def test_thousands_at_one_moment_have_pages_too(client: httpx.Client, state: State) -> None:
    with state() as connection:
        connection.execute(MANY, {"library": DEFAULT_LIBRARY, "photos": 1050})
        connection.execute(text("UPDATE serving.photos SET taken_local = '2024-05-31 12:00'"))
    (month,) = timeline(client)
    assert [page["photos"] for page in month["pages"]] == [100] * 10 + [50]
    assert len(set(ids_of(client, month))) == 1050


def test_several_libraries_are_one_timeline_and_strangers_are_in_none(
    client_of: Callable[[str], httpx.Client], make_key: Callable[..., str], state: State
) -> None:
    with state() as connection:
        user = keys.add_user(connection, "has two timelines")
        for number, name in enumerate(("a", "b")):
            library = add_library(connection, user, name)
            publish_photo(connection, name, library_id=library, taken_local=NOON + timedelta(hours=number))
        publish_photo(connection, "theirs", taken_local=NOON)
    mine = client_of(make_key("photos:read", user_id=user))
    (month,) = timeline(mine)
    assert month["photos"] == 2
    assert ids_of(mine, month) == walk(mine)


def test_an_unchanged_timeline_is_not_sent_again(client: httpx.Client, state: State) -> None:
    with state() as connection:
        publish_photo(connection, "a", taken_local=NOON)
    first = client.get("/v1/photos/timeline")
    sent = {"If-None-Match": first.headers["etag"]}
    assert client.get("/v1/photos/timeline", headers=sent).status_code == 304
    assert client.get("/v1/photos/timeline", params={"filter": "rating = 1"}, headers=sent).status_code == 200
    with state() as connection:
        publish_photo(connection, "b", taken_local=NOON)
    assert client.get("/v1/photos/timeline", headers=sent).json()["months"][0]["photos"] == 2


def test_a_filter_that_cannot_be_understood_is_a_problem(client: httpx.Client) -> None:
    answer = client.get("/v1/photos/timeline", params={"filter": "rating >"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-filter"


def test_a_hundred_thousand_photos_are_laid_out_in_a_second(client: httpx.Client, state: State) -> None:
    """Generous, since others use the machine; alone it takes a fifth of that."""
    with state() as connection:
        connection.execute(MANY, {"library": DEFAULT_LIBRARY, "photos": 100_000})
        connection.execute(text("ANALYZE serving.photos"))
    began = time.perf_counter()
    months = timeline(client)
    took = time.perf_counter() - began
    assert sum(month["photos"] for month in months) == 100_000
    assert months[-1]["photos"] == 1000
    assert took < 5, took
    middle = months[len(months) // 2]
    assert len(set(ids_of(client, middle))) == middle["photos"]
