"""Index and serving are compared as a whole and brought to agree again, whatever parted them."""

import uuid

import dagster as dg
import pytest
from sqlalchemy import select, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.outputs import INDEX_OUTPUT, VISUAL_OUTPUT
from darkroom.sdk.stores import Entry
from darkroom.services.platform import Platform
from darkroom.services.reconciling import ENTRIES, Reconciled, reconcile
from darkroom.services.refill import refill
from darkroom.stores.state import batches, libraries, schema
from darkroom.testing.vectors import MemoryVectors
from orchestration.definitions import build_definitions
from quality.agreement import AGREEMENT, agreement, build_agreement_check

LIBRARY = str(DEFAULT_LIBRARY)


@pytest.fixture
def photos(import_samples) -> set[str]:
    return set(map(str, import_samples("papers/boarding-pass.jpg", "photos/coffee.jpg", "photos/coins.png")))


def found(platform: Platform) -> Reconciled:
    [one] = reconcile(platform)
    return one


def test_what_was_just_published_agrees(platform: Platform, photos: set[str]):
    told = found(platform)
    assert told.agreed and (told.anew, told.removed) == (0, 0)
    assert len(told.index.photos) == 3, "entries and two spaces"
    assert set(told.index.photos.values()) == {3}
    assert refill(platform, 100) == []


def test_entries_that_nobody_knows_are_removed_and_nothing_else(platform: Platform, photos: set[str]):
    stray = str(uuid.uuid4())
    platform.vectors.upsert([Entry(stray, LIBRARY)])
    told = found(platform)
    assert not told.agreed and (told.anew, told.removed) == (0, 1)
    assert told.index.photos[ENTRIES] == 4
    assert set(platform.vectors.photo_ids([LIBRARY])) == photos
    assert found(platform).agreed


def test_entries_of_a_batch_under_way_are_left_alone(platform: Platform, photos: set[str]):
    early = uuid.uuid4()
    platform.vectors.upsert([Entry(str(early), LIBRARY)])
    with platform.state.begin() as connection:
        file = connection.execute(select(schema.source_files.c.id).limit(1)).scalar_one()
        batches.freeze(
            connection,
            library_id=DEFAULT_LIBRARY,
            request_id=None,
            kind="refill",
            priority=0,
            items=[(file, early)],
        )
    assert found(platform).removed == 0
    assert str(early) in set(platform.vectors.photo_ids([LIBRARY]))


@pytest.mark.parametrize("too_much", [True, False])
def test_vectors_of_a_batch_under_way_are_neither_too_many_nor_too_few(
    platform: Platform, photos: set[str], too_much: bool
):
    """A batch that makes vectors anew has written its entries and not published them yet."""
    early, table = uuid.UUID(min(photos)), schema.published_outputs
    with platform.state.begin() as connection:
        file = connection.execute(select(schema.source_files.c.id).limit(1)).scalar_one()
        about = {"library_id": DEFAULT_LIBRARY, "request_id": None, "kind": "refill", "priority": 0}
        batches.freeze(connection, items=[(file, early)], **about)
        if too_much:
            mine = (table.c.output == VISUAL_OUTPUT) & (table.c.photo_id == early)
            connection.execute(update(table).where(mine).values(state="missing"))
        else:
            platform.vectors.upsert([Entry(str(early), LIBRARY)])
    told = found(platform)
    assert not told.agreed and (told.anew, told.removed) == (0, 0)


def test_a_space_nobody_counts_any_more_is_emptied(platform: Platform, photos: set[str], run_batch):
    with platform.state.begin() as connection:
        for table in (schema.published_outputs, schema.photo_outputs):
            connection.execute(update(table).where(table.c.output == VISUAL_OUTPUT).values(state="off"))
        libraries.switch_outputs(connection, DEFAULT_LIBRARY, [VISUAL_OUTPUT])
    told = found(platform)
    assert not told.agreed and (told.anew, told.surplus) == (3, 3)
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    assert found(platform).agreed


def test_a_lost_index_of_a_library_that_wants_none_stays_lost(platform: Platform, photos: set[str]):
    with platform.state.begin() as connection:
        libraries.switch_outputs(connection, DEFAULT_LIBRARY, [INDEX_OUTPUT])
    platform.vectors = MemoryVectors()
    assert found(platform).anew == 0


def test_a_lost_index_is_filled_again(platform: Platform, photos: set[str], run_batch):
    platform.vectors = MemoryVectors()
    told = found(platform)
    assert (told.anew, told.index.photos[ENTRIES]) == (3, 0)
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    assert found(platform).agreed


def test_an_entry_without_its_vector_is_made_anew(platform: Platform, photos: set[str], run_batch):
    bare = min(photos)
    platform.vectors.upsert([Entry(bare, LIBRARY, words={"text": "left"})])
    told = found(platform)
    assert (told.anew, told.removed) == (1, 0)
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    assert found(platform).agreed


def test_a_vector_of_an_output_that_was_switched_off_is_taken_out_of_the_index(
    platform: Platform, photos: set[str], run_batch
):
    with platform.state.begin() as connection:
        for table in (schema.published_outputs, schema.photo_outputs):
            off = (table.c.output == VISUAL_OUTPUT) & (table.c.photo_id == uuid.UUID(min(photos)))
            connection.execute(update(table).where(off).values(state="off"))
        libraries.switch_outputs(connection, DEFAULT_LIBRARY, [VISUAL_OUTPUT])
    told = found(platform)
    assert not told.agreed and (told.anew, told.removed, told.surplus) == (1, 0, 1)
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    mended = found(platform)
    assert mended.agreed and mended.index.photos[ENTRIES] == 3
    assert sorted(mended.index.photos.values()) == [2, 3, 3]


def test_upkeep_reconciles_and_says_in_dagster_what_it_found(platform: Platform, photos: set[str]):
    platform.vectors.upsert([Entry(str(uuid.uuid4()), LIBRARY)])
    platform.vectors.delete([min(photos)])
    job = build_definitions(platform=platform).resolve_job_def("upkeep_job")
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).success, "a difference fails nothing"
        told = evaluations(instance)[0]
        assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert not told.blocking
        assert {name: value.value for name, value in told.metadata.items() if name != "counts by library"} == {
            "photos in serving": 3,
            "photos in the index": 3,
            "photos to be indexed anew": 1,
            "entries removed": 1,
            "of them with a vector that serving does not count": 0,
        }
        counts = told.metadata["counts by library"].value[LIBRARY]
        assert (counts["serving"][ENTRIES], counts["index"][ENTRIES]) == (3, 3)
        platform.vectors.upsert([Entry(min(photos), LIBRARY)])
        assert job.execute_in_process(instance=instance).success
        assert not evaluations(instance)[0].passed, "its vectors are still lacking"
    assert found(platform).removed == 0


def test_agreement_is_said_too_and_by_the_check_itself(platform: Platform, photos: set[str]):
    told = agreement(reconcile(platform))
    assert (told.passed, told.severity) == (True, dg.AssetCheckSeverity.WARN)
    assert told.description == "1 of 1 libraries agree"
    platform.vectors.delete(list(photos))
    asked = build_agreement_check()(platform=platform)
    assert (asked.passed, asked.metadata["photos to be indexed anew"].value) == (False, 3)


def evaluations(instance: dg.DagsterInstance) -> list[dg.AssetCheckEvaluation]:
    """What the check of the index has said, the last first."""
    records = instance.event_log_storage.get_asset_check_execution_history(AGREEMENT, limit=10)
    return [record.event.dagster_event.asset_check_evaluation_data for record in records]
