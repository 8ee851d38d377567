"""A cancelled import leaves nothing of photos that were never published, and takes nothing from those that were."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select, update

from darkroom.contracts.faces import FACES
from darkroom.contracts.texts import TEXTS
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services import imports
from darkroom.services.abandoning import abandon
from darkroom.services.gates import GATED, RECORDS
from darkroom.services.imports import plan
from darkroom.services.intake import take_in
from darkroom.services.platform import Platform
from darkroom.settings import BatchSettings
from darkroom.stores.state import batches, contents, outputs, requests, schema
from darkroom.testing.sources import ask, register

SAMPLES = ("photos/portrait-astronaut.jpg", "papers/boarding-pass.jpg")
COMPUTED = [table.name for table in GATED if table.name not in RECORDS]
OF_BATCHES = {"batch_id", "attempt", "recorded_at", "computed_at", "since"}


@pytest.fixture
def source(platform: Platform, samples: Path, tmp_path: Path) -> UUID:
    """A folder of two samples, whose originals are kept."""
    (tmp_path / "photos").mkdir()
    for name in SAMPLES:
        shutil.copy(samples / name, tmp_path / "photos")
    return register(platform.state, tmp_path / "photos", mode="copy")


def begun(platform: Platform, source: UUID) -> UUID:
    """An import of a source that is cancelled when its files are taken in; returns the request."""
    request = ask(platform.state, source)
    for batch in plan(platform.state, platform.settings.batch, request):
        take_in(platform, batch)
    cancel(platform, request)
    return request


def cancel(platform: Platform, request: UUID) -> None:
    with platform.state.begin() as connection:
        table = schema.requests
        connection.execute(update(table).where(table.c.id == request).values(state="cancelling"))


def objects(platform: Platform, kind: str) -> list[str]:
    return [one.key for one in platform.objects.list(f"{DEFAULT_LIBRARY}/{kind}/")]


def held(platform: Platform) -> dict[str, int]:
    """How much every store holds of photos, beside originals."""
    rows = {name: platform.lake.query(f"SELECT photo_id FROM core.{name}").num_rows for name in COMPUTED}
    with platform.state.connect() as connection:
        known = len(connection.execute(select(schema.photo_outputs)).all())
    made = objects(platform, "renditions") + objects(platform, "faces")
    entries = list(platform.vectors.photo_ids([str(DEFAULT_LIBRARY)]))
    return rows | {"outputs": known, "objects": len(made), "entries": len(entries)}


def content(platform: Platform) -> dict[str, set[str]]:
    """What the lake says of photos, whenever and by whichever batch it was written."""
    return {
        name: {
            str({column: value for column, value in row.items() if column not in OF_BATCHES})
            for row in platform.lake.query(f"FROM core.{name}").to_pylist()
        }
        for name in COMPUTED
    }


def test_nothing_is_left_of_a_cancelled_import_and_the_next_one_makes_the_same_rows(
    platform: Platform, source: UUID, run_batch, import_source, monkeypatch: pytest.MonkeyPatch
):
    request = ask(platform.state, source)
    [batch] = plan(platform.state, platform.settings.batch, request)
    with monkeypatch.context() as patched:
        patched.setattr("assets.published.publish", None)
        assert not run_batch(batch).success
    cancel(platform, request)
    before, made = content(platform), held(platform)
    assert made["objects"] >= 2 * 2 + 1, "four renditions, and a face at least"
    assert min(made[name] for name in ("entries", "outputs", TEXTS.name, FACES.name)) > 0
    assert abandon(platform, request) == 2
    assert set(held(platform).values()) == {0}
    assert len(objects(platform, "originals")) == 2, "whoever empties the folder now loses nothing"
    with platform.state.connect() as connection:
        assert len(contents.kept_originals(connection)) == 2, "and they go on being verified"
        assert requests.request(connection, request).state == "cancelled"
    [result] = import_source(source)
    assert result.success
    assert content(platform) == before
    assert held(platform) == made


def test_a_photo_keeps_what_it_shares_with_one_that_is_abandoned(
    platform: Platform, samples: Path, tmp_path: Path, import_samples
):
    [kept] = import_samples("photos/coins.png")
    before, rows = held(platform), content(platform)
    (tmp_path / "other").mkdir()
    with Image.open(samples / "photos/coins.png") as picture:
        picture.save(tmp_path / "other" / "same pixels.png", compress_level=1)
    request = begun(platform, register(platform.state, tmp_path / "other"))
    made = held(platform)
    assert made["renditions"] == 2 * before["renditions"]
    assert made["objects"] == before["objects"], "the same pixels look the same"
    assert abandon(platform, request) == 1
    assert (held(platform), content(platform)) == (before, rows)
    with platform.state.connect() as connection:
        assert outputs.of_photos(connection, [kept])[kept]


def test_a_photo_that_another_import_has_taken_in_meanwhile_stays(
    platform: Platform, tmp_path: Path, source: UUID, run_batch
):
    request = begun(platform, source)
    shutil.copytree(tmp_path / "photos", tmp_path / "twins")
    [other] = plan(
        platform.state, platform.settings.batch, ask(platform.state, register(platform.state, tmp_path / "twins"))
    )
    take_in(platform, other)
    made = held(platform)
    assert abandon(platform, request) == 0
    assert held(platform) == made
    assert run_batch(other).success


def test_what_a_cancelled_import_has_published_stays(platform: Platform, tmp_path: Path, source: UUID, run_batch):
    request = ask(platform.state, source)
    first, second = plan(platform.state, BatchSettings(files=1), request)
    assert run_batch(first).success
    before = held(platform)
    take_in(platform, second)
    cancel(platform, request)
    assert abandon(platform, request) == 1
    assert held(platform) == before
    with platform.state.connect() as connection:
        assert len(connection.execute(select(schema.photos)).all()) == 1


def state_of(platform: Platform, request: UUID) -> str:
    with platform.state.connect() as connection:
        return requests.request(connection, request).state


def test_an_import_that_is_asked_for_while_another_is_being_cancelled_takes_all_of_its_files_in(
    platform: Platform, source: UUID, run_batch
):
    first = begun(platform, source)
    second = ask(platform.state, source)
    [batch] = plan(platform.state, platform.settings.batch, second)
    abandon(platform, first)
    assert (state_of(platform, first), state_of(platform, second)) == ("cancelled", "new")
    assert plan(platform.state, platform.settings.batch, second) == [], "its batch holds them"
    assert run_batch(batch).success
    assert state_of(platform, second) == "succeeded"
    with platform.state.connect() as connection:
        assert len(connection.execute(select(schema.photos)).all()) == 2


def test_an_import_that_left_files_to_one_that_is_cancelled_looks_for_them_again(platform: Platform, source: UUID):
    first = ask(platform.state, source)
    [abandoned] = plan(platform.state, platform.settings.batch, first)
    second = ask(platform.state, source)
    assert plan(platform.state, platform.settings.batch, second) == []
    take_in(platform, abandoned)
    cancel(platform, first)
    abandon(platform, first)
    assert state_of(platform, second) == "new"
    [batch] = plan(platform.state, platform.settings.batch, second)
    with platform.state.connect() as connection:
        assert len(batches.items(connection, batch)) == 2


def test_a_planner_that_outlived_its_cancelled_import_freezes_nothing(
    platform: Platform, source: UUID, monkeypatch: pytest.MonkeyPatch
):
    request = ask(platform.state, source)
    listed = imports.list_files

    def list_late(*given: object) -> Iterator[object]:
        yield from listed(*given)
        cancel(platform, request)

    monkeypatch.setattr(imports, "list_files", list_late)
    with pytest.raises(imports.Cancelled):
        plan(platform.state, platform.settings.batch, request)
    assert abandon(platform, request) == 0
    assert state_of(platform, request) == "cancelled"


@pytest.mark.parametrize("store", ["vectors.delete", "objects.delete", "lake.forget_photos"])
def test_removing_that_was_killed_is_finished_by_the_next_try(
    platform: Platform, source: UUID, monkeypatch: pytest.MonkeyPatch, store: str
):
    request = begun(platform, source)
    with monkeypatch.context() as patched:
        name, method = store.split(".")
        patched.setattr(getattr(platform, name), method, None)
        with pytest.raises(TypeError):
            abandon(platform, request)
    assert state_of(platform, request) == "cancelling"
    assert held(platform)["photos"] == 2
    assert abandon(platform, request) == 2
    assert set(held(platform).values()) == {0}


def test_a_step_that_outlived_its_cancelled_batch_records_nothing(
    platform: Platform, source: UUID, monkeypatch: pytest.MonkeyPatch
):
    request = ask(platform.state, source)
    [batch] = plan(platform.state, platform.settings.batch, request)
    insert = platform.lake.insert

    def insert_late(rows: dict[str, object], **named: str) -> int:
        """All is abandoned between the rows of a group and its state."""
        if "photos" in rows:
            cancel(platform, request)
            abandon(platform, request)
        return insert(rows, **named)

    monkeypatch.setattr(platform.lake, "insert", insert_late)
    with pytest.raises(RuntimeError, match="has ended"):
        take_in(platform, batch)
    with platform.state.connect() as connection:
        assert not connection.execute(select(schema.photo_outputs)).all()
        assert batches.batch(connection, batch).state == "cancelled"
