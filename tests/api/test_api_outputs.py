"""How complete the libraries are."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
from sqlalchemy import Connection, select, update

from api.queries.outputs import OUTDATED
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.outputs import OUTPUTS
from darkroom.stores.state import keys, schema
from darkroom.stores.state.outputs import OutputVersion, set_versions
from darkroom.testing.serving import add_library, publish_photo

State = Callable[[], AbstractContextManager[Connection]]


def outputs(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {one["output"]: one for one in client.get("/v1/outputs").raise_for_status().json()["items"]}


def fail(connection: Connection, photo: object, output: str, state: str, reason: str) -> None:
    table = schema.published_outputs
    mine = (table.c.photo_id == photo, table.c.output == output)
    connection.execute(update(table).where(*mine).values(state=state, reason=reason))


def test_every_output_is_listed_in_the_order_they_are_made(client: httpx.Client, state: State) -> None:
    found = outputs(client)
    assert list(found) == list(OUTPUTS)
    assert all(one["photos"] == {"done": 0, "failed": 0, "missing": 0, "off": 0} for one in found.values())


def test_photos_are_counted_by_state_and_one_nothing_is_said_about_is_missing(
    client: httpx.Client, state: State
) -> None:
    with state() as connection:
        publish_photo(connection, "a", outputs={"texts": "done"})
        publish_photo(connection, "b", outputs={"texts": "failed"})
        publish_photo(connection, "c", outputs={"texts": "off"})
        publish_photo(connection, "d")
        stranger = add_library(connection, keys.add_user(connection, "stranger of outputs"))
        publish_photo(connection, "theirs", library_id=stranger, outputs={"texts": "done"})
    found = outputs(client)
    assert found["texts"]["photos"] == {"done": 1, "failed": 1, "missing": 1, "off": 1}
    assert found["metadata"]["photos"]["missing"] == 4
    listed = client.get("/v1/photos", params={"filter": "outputs.texts = missing"}).json()["items"]
    assert len(listed) == 1


def test_the_commonest_reasons_come_first_and_not_all_of_them(client: httpx.Client, state: State) -> None:
    with state() as connection:
        for number in range(12):
            photo = publish_photo(connection, f"{number}", outputs={"texts": "done", "metadata": "done"})
            fail(connection, photo, "texts", "failed", "the reader died" if number < 4 else f"odd {number}")
            if number < 2:
                fail(connection, photo, "metadata", "missing", "not made yet")
    found = outputs(client)
    assert found["texts"]["photos"]["failed"] == 12
    assert found["texts"]["reasons"][0] == {"state": "failed", "reason": "the reader died", "photos": 4}
    assert len(found["texts"]["reasons"]) == 5
    assert found["metadata"]["reasons"] == [{"state": "missing", "reason": "not made yet", "photos": 2}]


def test_an_output_of_a_plugin_is_listed_too(client: httpx.Client, state: State) -> None:
    with state() as connection:
        publish_photo(connection, "a", outputs={"captions": "done", "photos": "done"})
    found = outputs(client)
    assert found["captions"]["photos"]["done"] == 1
    assert "photos" not in found


def test_what_was_made_at_an_earlier_version_is_missing_and_what_is_off_stays_off(
    client: httpx.Client, state: State
) -> None:
    with state() as connection:
        for name, stands in {"new": "done", "old": "done", "older": "failed", "off": "off"}.items():
            publish_photo(connection, name, outputs={"texts": stands})
        table = schema.published_outputs
        connection.execute(update(table).values(version="1"))
        newest = select(schema.photos.c.photo_id).order_by(schema.photos.c.epoch).limit(1).scalar_subquery()
        connection.execute(update(table).where(table.c.photo_id == newest).values(version="2"))
        set_versions(connection, DEFAULT_LIBRARY, [OutputVersion("texts", "2", "reader")])
    texts = outputs(client)["texts"]
    assert texts["photos"] == {"done": 1, "failed": 0, "missing": 2, "off": 1}
    assert texts["reasons"] == [{"state": "missing", "reason": OUTDATED, "photos": 2}]
    for stands, photos in texts["photos"].items():
        found = client.get("/v1/photos", params={"filter": f"outputs.texts = {stands}"}).raise_for_status()
        assert len(found.json()["items"]) == photos
    missing = client.get("/v1/photos", params={"filter": "outputs.texts = missing"}).json()["items"]
    verdicts = {client.get("/v1/why", params={"subject": one["id"]}).json()["verdict"] for one in missing}
    assert verdicts <= {
        "It is published; of an earlier version, and made anew: texts.",
        "It is published; texts could not be made or are not made yet.",
    }
    assert len(verdicts) == 2
