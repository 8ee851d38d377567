"""Search over HTTP under filters that only serving can answer: found beyond the deepest candidate, or told."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services import search as service
from darkroom.services.documents import entry
from darkroom.stores.state import keys
from darkroom.testing.serving import add_library, add_person
from darkroom.testing.vectors import MemoryVectors
from tests.api.conftest import Publish

State = Callable[[], AbstractContextManager[Connection]]

BAD = "sunset " + "word " * 30
"""A title that answers worse than those of all candidates that are not published."""


def search(client: httpx.Client, **asked: object) -> dict[str, Any]:
    return client.post("/v1/search", json=asked).raise_for_status().json()


def facets(client: httpx.Client, **asked: object) -> dict[str, Any]:
    return client.post("/v1/search/facets", json=asked).raise_for_status().json()


def ids(page: dict[str, Any]) -> set[str]:
    return {item["photo"]["id"] for item in page["items"]}


@pytest.fixture(autouse=True)
def crowd(index: MemoryVectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """More candidates of the word "sunset" than a search looks at, none of which is to be shown."""
    monkeypatch.setattr(service, "DEEPEST", 200)
    monkeypatch.setattr(service, "MOST_NAMED", 3)
    ghosts = [{"photo_id": str(uuid.uuid4()), "library_id": str(DEFAULT_LIBRARY)} for _ in range(300)]
    index.upsert([entry(ghost, [], {"title": "sunset"}, None, {}) for ghost in ghosts])


@pytest.mark.parametrize(
    "filter",
    [
        'path = "receipts/*"',
        "path:receipts AND width = 4000",
        "width = 4000 AND height > 2999 AND NOT path:other",
        "outputs.texts = failed",
        "outputs.texts = failed OR rating = 5",
        "NOT (outputs.texts = missing OR path:other)",
    ],
)
def test_photos_that_match_in_serving_are_found_beyond_the_deepest_candidate(
    client: httpx.Client, publish: Publish, filter: str
) -> None:
    wanted = {publish(f"receipts/{n}.jpg", title=BAD, outputs={"texts": "failed"}) for n in range(3)}
    for number in range(3):
        publish(f"other/{number}.jpg", title=BAD, width=10)
    page, counted = search(client, text="sunset", filter=filter), facets(client, text="sunset", filter=filter)
    assert ids(page) == wanted
    assert (page["next_cursor"], page["degraded"]) == (None, [])
    assert (counted["photos"], counted["complete"]) == (3, True)


def test_a_search_that_stops_before_its_end_says_so(client: httpx.Client, publish: Publish) -> None:
    for number in range(4):
        publish(f"receipts/{number}.jpg", title=BAD)
    filter = 'path = "receipts/*"'
    page, counted = search(client, text="sunset", filter=filter), facets(client, text="sunset", filter=filter)
    assert (page["items"], page["next_cursor"]) == ([], None)
    reason = "only the best 20,000 candidates by words were looked at"
    assert page["degraded"] == [{"leg": "words", "reason": reason}]
    assert (counted["photos"], counted["complete"]) == (0, False)


def test_a_persons_photos_are_found_beyond_the_deepest_candidate(
    client: httpx.Client, publish: Publish, state: State
) -> None:
    first, second = (publish(f"receipts/{number}.jpg", title=BAD) for number in range(2))
    other = publish("other/1.jpg", title=BAD)
    with state() as connection:
        anna = add_person(connection, "Anna", [first, other])
    assert ids(search(client, text="sunset", person_id=str(anna))) == {first, other}
    assert ids(search(client, text="sunset", person_id=str(anna), filter="path:receipts")) == {first}
    assert ids(search(client, text="sunset", filter="path:receipts")) == {first, second}


def test_nobody_finds_what_matches_in_anothers_library(
    client: httpx.Client,
    client_of: Callable[[str], httpx.Client],
    make_key: Callable[..., str],
    publish: Publish,
    state: State,
) -> None:
    mine = publish("mine.jpg", title=BAD)
    with state() as connection:
        user = keys.add_user(connection, f"stranger {uuid.uuid4()}")
        library = add_library(connection, user)
    theirs = publish("theirs.jpg", title=BAD, library_id=library)
    stranger = client_of(make_key("photos:search", user_id=user))
    for filter in ("width = 4000", f"width = 4000 OR library_id = {library}", "NOT width = 1"):
        assert ids(search(client, text="sunset", filter=filter)) == {mine}
        assert ids(search(stranger, text="sunset", filter=filter)) == {theirs}


def test_a_photo_that_matches_and_is_published_between_pages_moves_nothing(
    client: httpx.Client, publish: Publish
) -> None:
    made = {publish(f"{number}.jpg", title=BAD) for number in range(2)}
    first = search(client, text="sunset", filter="width = 4000", limit=1)
    publish("late.jpg", title="sunset")
    second = search(client, text="sunset", filter="width = 4000", limit=1, cursor=first["next_cursor"])
    assert ids(first) | ids(second) == made
    assert second["next_cursor"] is None
