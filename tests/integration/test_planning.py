"""Planning freezes what is new into batches, once, and believes a source only so far."""

import os
import shutil
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from darkroom.services.imports import Cancelled, SourceFault, plan
from darkroom.settings import BatchSettings
from darkroom.stores.state import batches, requests, schema, sources
from darkroom.testing.sources import ask, register

SETTINGS = BatchSettings(files=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(b"x" * (number + 1))
    return tmp_path


def take_all(engine: Engine, batch_ids: list[UUID]) -> None:
    """Pretends the batches were taken in and found to be no photos."""
    with engine.begin() as connection:
        for batch_id in batch_ids:
            for item in batches.items(connection, batch_id):
                assert item.source_file_id is not None
                sources.settle_file(connection, item.source_file_id, "unsupported")
                batches.settle_item(connection, batch_id, item.position, "unsupported")
            batches.end(connection, batch_id, "published", epoch=1)


def sizes(engine: Engine, batch_ids: list[UUID]) -> list[int]:
    with engine.begin() as connection:
        return [batches.batch(connection, batch_id).files for batch_id in batch_ids]


def test_new_files_are_frozen_into_full_batches_and_a_rest(state: Engine, folder: Path):
    request = ask(state, register(state, folder))
    assert sizes(state, plan(state, SETTINGS, request)) == [4, 4, 2]
    with state.begin() as connection:
        assert requests.request(connection, request).state == "running"


def test_a_second_import_of_an_unchanged_folder_freezes_nothing_and_succeeds(state: Engine, folder: Path):
    source = register(state, folder)
    take_all(state, plan(state, SETTINGS, ask(state, source)))
    again = ask(state, source)
    assert plan(state, SETTINGS, again) == []
    with state.begin() as connection:
        assert requests.request(connection, again).state == "succeeded"


def test_only_changed_and_new_files_are_frozen_again(state: Engine, folder: Path):
    source = register(state, folder)
    take_all(state, plan(state, SETTINGS, ask(state, source)))
    (folder / "3.jpg").write_bytes(b"longer than it was before")
    (folder / "new.jpg").write_bytes(b"y")
    [batch] = plan(state, SETTINGS, ask(state, source))
    with state.begin() as connection:
        assert [item.file.path for item in batches.items(connection, batch) if item.file] == ["3.jpg", "new.jpg"]


def test_files_held_by_an_unfinished_batch_are_not_frozen_twice(state: Engine, folder: Path):
    source = register(state, folder)
    first = ask(state, source)
    plan(state, SETTINGS, first)
    assert plan(state, SETTINGS, first) == [], "a planner that died and runs again"
    second = ask(state, source)
    assert plan(state, SETTINGS, second) == [], "another import of the same folder"
    with state.begin() as connection:
        assert requests.request(connection, second).state == "running", "it waits for the files it shares"


def test_files_of_a_failed_batch_are_frozen_again(state: Engine, folder: Path):
    source = register(state, folder)
    for batch in plan(state, SETTINGS, ask(state, source)):
        with state.begin() as connection:
            batches.end(connection, batch, "failed", error="a gate")
    assert sizes(state, plan(state, SETTINGS, ask(state, source))) == [4, 4, 2]


def test_an_empty_folder_succeeds_with_nothing(state: Engine, tmp_path: Path):
    request = ask(state, register(state, tmp_path))
    assert plan(state, SETTINGS, request) == []
    with state.begin() as connection:
        assert requests.request(connection, request).state == "succeeded"


def test_a_source_that_is_gone_is_a_fault_and_nothing_is_marked_missing(state: Engine, folder: Path):
    source = register(state, folder)
    take_all(state, plan(state, SETTINGS, ask(state, source)))
    shutil.rmtree(folder)
    with pytest.raises(SourceFault, match="cannot be read"):
        plan(state, SETTINGS, ask(state, source))
    folder.mkdir()
    with pytest.raises(SourceFault, match=r"is .* mounted"):
        plan(state, SETTINGS, ask(state, source))
    with state.begin() as connection:
        assert sources.count_files(connection, source) == 10


def test_what_is_new_in_a_source_that_is_almost_empty_is_taken_in_all_the_same(state: Engine, folder: Path):
    source = register(state, folder)
    take_all(state, plan(state, SETTINGS, ask(state, source)))
    for number in range(8):
        (folder / f"{number}.jpg").unlink()
    (folder / "new.jpg").write_bytes(b"new")
    request = ask(state, source)
    assert sizes(state, plan(state, SETTINGS, request)) == [1]
    with state.begin() as connection:
        told = connection.execute(select(schema.requests).where(schema.requests.c.id == request)).one()
        assert (told.state, "mounted" in told.error) == ("running", True)
        assert sources.count_files(connection, source) == 11


def test_files_that_were_removed_on_purpose_are_missing_be_it_all_of_them(state: Engine, folder: Path):
    source = register(state, folder)
    take_all(state, plan(state, SETTINGS, ask(state, source)))
    for file in folder.iterdir():
        file.unlink()
    assert plan(state, SETTINGS, ask(state, source, removed_on_purpose=True)) == []
    with state.begin() as connection:
        assert sources.count_files(connection, source) == 0


def test_an_inbox_whose_originals_are_copied_may_be_emptied(state: Engine, folder: Path):
    source = register(state, folder, mode="copy", watched=True)
    settings = BatchSettings(files=20, quiet_seconds=0)
    take_all(state, plan(state, settings, ask(state, source)))
    for file in folder.iterdir():
        file.unlink()
    assert plan(state, settings, ask(state, source)) == []


def test_a_few_deleted_files_are_marked_missing(state: Engine, folder: Path):
    source = register(state, folder)
    take_all(state, plan(state, SETTINGS, ask(state, source)))
    (folder / "0.jpg").unlink()
    plan(state, SETTINGS, ask(state, source))
    with state.begin() as connection:
        assert sources.count_files(connection, source) == 9


def test_a_file_still_being_written_in_a_watched_source_is_left_for_the_next_look(state: Engine, folder: Path):
    os.utime(folder / "1.jpg", (1, 1))
    source = register(state, folder, watched=True)
    settings = BatchSettings(files=20, quiet_seconds=3600)
    assert plan(state, settings, ask(state, source)) == []
    assert sizes(state, plan(state, BatchSettings(files=20, quiet_seconds=0), ask(state, source))) == [10]


def test_a_cancelled_import_stops_listing(state: Engine, folder: Path):
    request = ask(state, register(state, folder))
    with state.begin() as connection:
        connection.exec_driver_sql("UPDATE control.requests SET state = 'cancelling'")
    with pytest.raises(Cancelled):
        plan(state, SETTINGS, request)


def test_a_batch_is_frozen_when_it_has_waited_long_enough(state: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("darkroom.services.imports.LOOK_AHEAD", 3)
    ticks = iter(range(0, 10_000, 40))
    frozen = plan(state, BatchSettings(files=100), ask(state, register(state, folder)), clock=lambda: next(ticks))
    assert len(frozen) > 1
    assert sum(sizes(state, frozen)) == 10


def test_what_is_in_a_folder_nobody_may_enter_is_not_missing_and_the_import_says_so(
    state: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    (folder / "in%side").mkdir()
    for number in range(30):
        (folder / "in%side" / f"{number}.jpg").write_bytes(b"z" * (number + 1))
    (folder / "in%sidecar.jpg").write_bytes(b"beside it, not in it")
    source = register(state, folder)
    take_all(state, plan(state, BatchSettings(files=100), ask(state, source)))
    scan = os.scandir

    def refuse(place: Path):
        """Rights do not bind root, who may run this test."""
        if place.name == "in%side":
            raise PermissionError(13, "Permission denied")
        return scan(place)

    monkeypatch.setattr(os, "scandir", refuse)
    (folder / "0.jpg").unlink()
    (folder / "in%sidecar.jpg").unlink()
    request = ask(state, source)
    plan(state, SETTINGS, request)
    with state.begin() as connection:
        assert sources.count_files(connection, source) == 39
        told = connection.exec_driver_sql("SELECT state, error FROM control.requests ORDER BY created_at DESC LIMIT 1")
        [(ended, error)] = told.all()
    assert ended == "succeeded" and "in%25side (permission denied)" in error
