"""Search over HTTP when a part is missing: what still answers, and what is told."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, update

from api.dependencies import Parts
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import schema
from darkroom.stores.state.libraries import switch_outputs
from darkroom.stores.state.outputs import OutputVersion, set_versions
from darkroom.testing.searching import FakeMeanings
from darkroom.testing.serving import add_person
from darkroom.testing.vectors import MemoryVectors
from tests.api.conftest import Publish

State = Callable[[], AbstractContextManager[Connection]]


def search(client: httpx.Client, **asked: object) -> dict[str, Any]:
    return client.post("/v1/search", json=asked).raise_for_status().json()


def ids(page: dict[str, Any]) -> list[str]:
    return [item["photo"]["id"] for item in page["items"]]


@pytest.fixture
def meanings(parts: Parts) -> Iterator[FakeMeanings]:
    assert isinstance(parts.meanings, FakeMeanings)
    yield parts.meanings
    parts.meanings.fault = None


def test_meaning_that_is_missing_is_told_and_words_still_find(
    client: httpx.Client, publish: Publish, meanings: FakeMeanings
) -> None:
    wanted = publish("a.jpg", title="sunset", meant="sunset")
    meanings.fault = "the model of meanings cannot be loaded"
    page = search(client, text="sunset evening")
    assert ids(page) == [wanted]
    assert page["degraded"] == [{"leg": "meaning", "reason": "the model of meanings cannot be loaded"}]


def test_photos_without_vectors_are_told_where_it_matters(client: httpx.Client, publish: Publish) -> None:
    publish("a.jpg", title="sunset", outputs={"embeddings.document": "failed", "embeddings.visual": "missing"})
    mine = publish("b.jpg", look=1)
    (told,) = search(client, text="sunset")["degraded"]
    assert told == {"leg": "meaning", "reason": "meaning of texts not known: 1 photo"}
    (told,) = search(client, photo_id=mine)["degraded"]
    assert told["leg"] == "look"
    assert search(client)["degraded"] == []


def test_vectors_of_an_earlier_version_are_told_to_be_lacking(
    client: httpx.Client, publish: Publish, state: State
) -> None:
    publish("a.jpg", title="sunset", outputs={"embeddings.document": "done"})
    done = {"embeddings.visual": "done", "embeddings.document": "done"}
    mine = publish("b.jpg", title="sunset", look=1, outputs=done)
    table = schema.published_outputs
    with state() as connection:
        connection.execute(update(table).values(version="1"))
        newer = [OutputVersion("embeddings.document", "2", "fake"), OutputVersion("embeddings.visual", "1", "fake")]
        set_versions(connection, DEFAULT_LIBRARY, newer)
    (told,) = search(client, text="sunset")["degraded"]
    assert told == {"leg": "meaning", "reason": "meaning of texts not known: 2 photos"}
    assert search(client, photo_id=mine)["degraded"] == []


def test_vectors_a_library_does_not_want_are_not_lacking(client: httpx.Client, publish: Publish, state: State) -> None:
    publish("a.jpg", title="sunset", outputs={"embeddings.document": "failed", "index": "missing"})
    with state() as connection:
        switch_outputs(connection, DEFAULT_LIBRARY, ["embeddings.document"])
    assert [told["leg"] for told in search(client, text="sunset")["degraded"]] == ["words"]


def test_an_example_photo_that_was_not_looked_at_yet_is_told(client: httpx.Client, publish: Publish) -> None:
    photo = publish("a.jpg")
    publish("b.jpg", look=1)
    page = search(client, photo_id=photo)
    assert (page["items"], page["next_cursor"]) == ([], None)
    assert [told["leg"] for told in page["degraded"]] == ["look"]


def test_without_the_index_likeness_is_refused_and_people_are_listed(
    client: httpx.Client, publish: Publish, state: State, index: MemoryVectors
) -> None:
    photo = publish("a.jpg", look=1)
    with state() as connection:
        anna = add_person(connection, "Anna", [photo])
    index.available = False
    for asked in ({"photo_id": photo}, {"text": "anna"}):
        assert client.post("/v1/search", json=asked).status_code == 503
    assert ids(search(client, person_id=str(anna))) == [photo]
    counted = client.post("/v1/search/facets", json={"person_id": str(anna)}).raise_for_status().json()
    assert counted["photos"] == 1
