"""Who waits and who does not: slots and priorities of runs; and how long keys of ended batches are kept."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import dagster as dg
import pytest
from sqlalchemy import func, update

from assets.partitions import BATCHES
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services.platform import Platform
from darkroom.services.refill import PRIORITY
from darkroom.services.upkeep import RETIRE_AFTER_DAYS, retired_batches
from darkroom.stores.state import batches, schema
from darkroom.testing.sources import ask, register
from orchestration import tags
from orchestration.definitions import build_definitions
from orchestration.jobs.upkeep import retire_batches
from orchestration.sensors.requests import INTERACTIVE_FILES, requests_sensor


@pytest.fixture
def started(platform: Platform, instance: dg.DagsterInstance) -> Callable[[], list[dg.RunRequest]]:
    """One tick of the sensor; returns the runs it asks for."""
    definitions = build_definitions(platform=platform)

    def tick() -> list[dg.RunRequest]:
        resources = {"platform": platform}
        context = dg.build_sensor_context(instance=instance, resources=resources, definitions=definitions)
        result = requests_sensor(context)
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or [])

    return tick


def frozen(platform: Platform, files: int, kind: str = "import", priority: int = 0) -> UUID:
    """A batch of so many files that nobody looks at."""
    with platform.state.begin() as connection:
        return batches.freeze(
            connection,
            library_id=DEFAULT_LIBRARY,
            request_id=None,
            kind=kind,
            priority=priority,
            items=[(None, uuid4()) for _ in range(files)],
        )


@pytest.mark.parametrize(
    ("files", "kind", "slot"),
    [
        (1, "import", tags.INTERACTIVE),
        (32, "import", tags.INTERACTIVE),
        (33, "import", tags.BULK),
        (1, "refill", tags.BULK),
        (32, "refill", tags.BULK),
    ],
)
def test_a_small_import_takes_the_slot_that_bulk_work_never_takes(
    platform: Platform, started: Callable[[], list[dg.RunRequest]], files: int, kind: str, slot: str
):
    assert INTERACTIVE_FILES == 32
    batch = frozen(platform, files, kind)
    [run] = started()
    assert (run.partition_key, run.tags[tags.SLOT]) == (str(batch), slot)


def test_runs_have_the_priority_of_what_asked_for_them_and_the_most_urgent_come_first(
    platform: Platform, started: Callable[[], list[dg.RunRequest]]
):
    hole = frozen(platform, 1, "refill", PRIORITY)
    usual = frozen(platform, 1)
    urgent = frozen(platform, 1, priority=7)
    runs = started()
    assert [(run.partition_key, run.tags["dagster/priority"]) for run in runs] == [
        (str(urgent), "7"),
        (str(usual), "0"),
        (str(hole), "-10"),
    ]


def test_planning_takes_a_slot_of_its_own_with_the_priority_of_its_request(
    platform: Platform, started: Callable[[], list[dg.RunRequest]], tmp_path: Path
):
    request = ask(platform.state, register(platform.state, tmp_path))
    with platform.state.begin() as connection:
        connection.execute(update(schema.requests).values(priority=3))
    [run] = started()
    assert run.job_name == "plan_import"
    assert (run.tags[tags.SLOT], run.tags[tags.PRIORITY], run.tags[tags.REQUEST]) == (tags.PLANNING, "3", str(request))


def ended(platform: Platform, days: float | None) -> str:
    """A batch that ended so many days ago, or has not; returns its key."""
    table = schema.batches
    batch = frozen(platform, 1)
    if days is not None:
        with platform.state.begin() as connection:
            batches.end(connection, batch, "published")
            then = func.now() - timedelta(days=days)
            connection.execute(update(table).where(table.c.id == batch).values(finished_at=then))
    return str(batch)


def test_batches_that_ended_longer_ago_than_a_week_are_retired_and_no_others(platform: Platform):
    assert RETIRE_AFTER_DAYS == 7
    keys = [ended(platform, days) for days in (7.1, 6.9, 0, None)]
    ended(platform, 100)
    assert retired_batches(platform.state, keys) == keys[:1], "of these keys alone"
    with platform.state.connect() as connection:
        assert len(batches.ended_before(connection, 6)) == 3


def test_keys_of_batches_that_ended_long_ago_go_and_others_stay(platform: Platform, instance: dg.DagsterInstance):
    old, recent, running = (ended(platform, days) for days in (8, 1, None))
    instance.add_dynamic_partitions(BATCHES.name or "", [old, recent, running])
    with dg.build_op_context(instance=instance, resources={"platform": platform}) as context:
        retire_batches(context)
    assert set(instance.get_dynamic_partitions(BATCHES.name or "")) == {recent, running}
    with platform.state.connect() as connection:
        assert str(batches.batch(connection, UUID(old)).id) == old, "only its key goes"
