"""Models over HTTP: what is installed, what is chosen and absent, and whose photos are counted."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import EntryPoint

import httpx
import pytest
from sqlalchemy import Connection, delete, insert

from api.dependencies import Parts
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.inference import registry
from darkroom.services.versions import versions_of
from darkroom.settings import InferenceSettings
from darkroom.stores.state import keys, outputs, schema
from darkroom.stores.state.outputs import PhotoOutput

State = Callable[[], AbstractContextManager[Connection]]


def listed(client: httpx.Client) -> dict[tuple[str, str], dict]:
    page = client.get("/v1/models").raise_for_status().json()
    assert page["next_cursor"] is None
    return {(one["task"], one["name"]): one for one in page["items"]}


def test_every_task_has_its_bundled_provider_in_use_at_the_version_that_is_computed(client: httpx.Client) -> None:
    found = listed(client)
    assert {key: one["configured"] for key, one in found.items()} == {
        ("text_reader", "rapidocr"): True,
        ("face_finder", "dlib"): True,
        ("image_embedder", "look"): True,
        ("text_embedder", "minilm"): True,
    }
    versions = versions_of(InferenceSettings())
    for one in found.values():
        assert one["output_version"] == versions[one["output"]].version
        assert one["fault"] is None
        assert len(one["weights_digest"]) == 64
    assert {one["dimensions"] for one in found.values()} == {None, 128, 480, 384}
    assert found["text_reader", "rapidocr"]["parameters"]["side_max"] == 960
    assert client.get("/v1/models/text_reader/rapidocr").json() == found["text_reader", "rapidocr"]


@pytest.fixture
def theirs(state: State) -> Iterator[uuid.UUID]:
    """A library of somebody else."""
    library = uuid.uuid4()
    with state() as connection:
        owner = keys.add_user(connection, "neighbour")
        connection.execute(insert(schema.libraries).values(id=library, owner_id=owner, name="theirs"))
    yield library
    with state() as connection:
        for column, value in (
            (schema.photo_outputs.c.library_id, library),
            (schema.libraries.c.id, library),
            (schema.users.c.id, owner),
        ):
            connection.execute(delete(column.table).where(column == value))


def test_photos_are_counted_at_the_version_and_in_the_callers_libraries(
    client: httpx.Client, state: State, theirs: uuid.UUID
) -> None:
    version = versions_of(InferenceSettings())["texts"].version
    with state() as connection:

        def have(library: uuid.UUID, made: str, how: str, count: int) -> None:
            photos = [PhotoOutput(uuid.uuid4(), "texts", how, made, "rapidocr", 1) for _ in range(count)]
            outputs.record(connection, library, photos)

        have(DEFAULT_LIBRARY, version, "done", 5)
        have(DEFAULT_LIBRARY, version, "failed", 2)
        have(DEFAULT_LIBRARY, "0123456789ab", "done", 4)
        have(theirs, version, "done", 3)
    reader = client.get("/v1/models/text_reader/rapidocr").json()
    assert (reader["photos_done"], reader["photos_failed"]) == (5, 2)


def test_what_is_not_there_is_not_found(client: httpx.Client) -> None:
    for path in ("text_reader/minilm", "nothing/rapidocr", "text_reader/%00"):
        assert client.get(f"/v1/models/{path}").status_code == 404


def test_a_key_for_something_else_may_not_look(
    client_of: Callable[[str], httpx.Client], make_key: Callable[..., str]
) -> None:
    assert client_of(make_key("marts:read")).get("/v1/models").status_code == 403


def test_a_model_that_is_chosen_and_absent_says_what_to_do_and_hides_no_other(
    client: httpx.Client, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = InferenceSettings(text_reader="surya")
    monkeypatch.setattr(parts, "settings", parts.settings.model_copy(update={"inference": chosen}))
    found = listed(client)
    absent = found["text_reader", "surya"]
    assert (absent["configured"], absent["output_version"], absent["package"]) == (True, None, None)
    assert "installed: rapidocr" in absent["fault"] and "inference.text_reader" in absent["fault"]
    assert not found["text_reader", "rapidocr"]["configured"]
    assert found["text_reader", "rapidocr"]["output_version"]
    document = found["text_embedder", "minilm"]
    assert (document["fault"], document["output_version"]) == (None, None), "its version depends on the reader's"


def test_a_broken_plugin_is_listed_with_its_fault(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = registry.entry_points
    broken = EntryPoint("odd", "darkroom.testing.readers:FakeTextPool", registry.TEXT_READERS)
    monkeypatch.setattr(
        registry,
        "entry_points",
        lambda group: [*whole(group=group), *([broken] if group == registry.TEXT_READERS else [])],
    )
    found = listed(client)
    assert found["text_reader", "odd"]["fault"]
    assert found["text_reader", "rapidocr"]["fault"] is None
