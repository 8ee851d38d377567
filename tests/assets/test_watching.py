"""Watched sources are imported again when their last look is old enough, and files still being written wait."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import func, select, update

from darkroom.services.imports import plan
from darkroom.services.platform import Platform
from darkroom.settings import BatchSettings
from darkroom.stores.state import batches, schema, sources
from darkroom.testing.sources import ask, register
from orchestration.sensors.inbox import inbox_sensor


@pytest.fixture
def watched(platform: Platform, tmp_path: Path) -> UUID:
    """A watched source over an empty folder."""
    (tmp_path / "inbox").mkdir()
    return register(platform.state, tmp_path / "inbox", watched=True)


@pytest.fixture
def look(platform: Platform) -> Callable[[], str]:
    """One tick of the sensor; returns what it says."""

    def tick() -> str:
        with dg.build_sensor_context(resources={"platform": platform}) as context:
            return inbox_sensor(context).skip_message or ""

    return tick


def asked(platform: Platform) -> list[UUID]:
    """Sources of which an import was asked for, the oldest first."""
    table = schema.requests
    with platform.state.connect() as connection:
        return list(connection.execute(select(table.c.source_id).order_by(table.c.created_at)).scalars())


def settle(platform: Platform, state: str, seconds_ago: float) -> None:
    """Has every request ended, so long after it was asked for."""
    table = schema.requests
    then = func.now() - timedelta(seconds=seconds_ago)
    with platform.state.begin() as connection:
        connection.execute(update(table).values(state=state, created_at=then))


def test_a_watched_source_nobody_has_looked_at_is_imported_and_one_nobody_watches_is_not(
    platform: Platform, watched: UUID, look: Callable[[], str], tmp_path: Path
):
    (tmp_path / "other").mkdir()
    register(platform.state, tmp_path / "other")
    assert look() == "asked for 1 imports"
    assert asked(platform) == [watched]


@pytest.mark.parametrize("state", ["new", "planning", "running", "cancelling"])
def test_a_source_whose_import_has_not_ended_is_not_due_however_old_that_is(
    platform: Platform, watched: UUID, look: Callable[[], str], state: str
):
    look()
    settle(platform, state, 10 * platform.settings.batch.watch_seconds)
    assert look() == "asked for 0 imports"


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_a_source_is_due_again_when_its_last_import_is_older_than_the_setting(
    platform: Platform, watched: UUID, look: Callable[[], str], state: str
):
    look()
    settle(platform, state, platform.settings.batch.watch_seconds - 5)
    assert look() == "asked for 0 imports"
    settle(platform, state, platform.settings.batch.watch_seconds + 5)
    assert look() == "asked for 1 imports"
    assert asked(platform) == [watched, watched]


def test_what_is_due_depends_on_each_sources_own_last_import(platform: Platform, watched: UUID, tmp_path: Path):
    (tmp_path / "second").mkdir()
    second = register(platform.state, tmp_path / "second", watched=True)
    ask(platform.state, watched)
    with platform.state.begin() as connection:
        assert sources.watched_sources_due(connection, 60) == [second]


def test_a_file_that_is_still_being_written_is_left_to_a_later_look(
    platform: Platform, watched: UUID, samples: Path, tmp_path: Path
):
    def planned(quiet: float, source: UUID = watched) -> list[str]:
        """Paths of the files that an import of the source freezes."""
        found = plan(platform.state, BatchSettings(quiet_seconds=quiet), ask(platform.state, source))
        with platform.state.begin() as connection:
            return [one.file.path for batch in found for one in batches.items(connection, batch) if one.file]

    (tmp_path / "other").mkdir()
    unwatched = register(platform.state, tmp_path / "other")
    for folder in ("inbox", "other"):
        shutil.copy(samples / "photos/coins.png", tmp_path / folder)
    assert planned(quiet=60) == [], "it has changed a moment ago"
    assert planned(quiet=60, source=unwatched) == ["coins.png"], "who asks for an import knows that it is whole"
    assert planned(quiet=0) == ["coins.png"]
