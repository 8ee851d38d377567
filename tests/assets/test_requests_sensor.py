"""What became of runs goes back into state, with reasons people can act on."""

import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import dagster as dg
import pytest
from sqlalchemy import select, update

from assets.partitions import BATCHES
from darkroom.sdk.stores import StoreFull
from darkroom.services.gates import Gatekeeper
from darkroom.services.imports import plan
from darkroom.services.platform import Platform
from darkroom.settings import BatchSettings
from darkroom.stores.state import batches, requests, schema
from darkroom.testing.sources import ask, register
from orchestration import tags
from orchestration.definitions import build_definitions
from orchestration.sensors.requests import MAX_ATTEMPTS, PAUSES, requests_sensor

Sense = Callable[[], dg.SensorResult]


@pytest.fixture
def sense(platform: Platform, instance: dg.DagsterInstance) -> Sense:
    """One tick of the sensor."""

    def tick() -> dg.SensorResult:
        context = dg.build_sensor_context(
            instance=instance, resources={"platform": platform}, definitions=build_definitions(platform=platform)
        )
        result = requests_sensor(context)
        assert isinstance(result, dg.SensorResult)
        return result

    return tick


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file that begins like a photo."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "photo.gif").write_bytes(b"GIF89a" + bytes(100))
    return tmp_path / "photos"


def run(platform: Platform, instance: dg.DagsterInstance, batch: UUID, attempt: int) -> str:
    """Runs a batch as the sensor would have it run; returns the run's id."""
    definitions = build_definitions(platform=platform, gatekeeper=Gatekeeper(platform))
    instance.add_dynamic_partitions(BATCHES.name or "", [str(batch)])
    return (
        definitions.resolve_job_def("ingest_batch")
        .execute_in_process(
            instance=instance,
            partition_key=str(batch),
            raise_on_error=False,
            tags={tags.BATCH: str(batch), tags.ATTEMPT: str(attempt)},
        )
        .run_id
    )


def test_a_batch_that_fails_again_and_again_is_given_up_with_the_reason(
    platform: Platform, instance: dg.DagsterInstance, sense: Sense, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    request = ask(platform.state, register(platform.state, folder, mode="copy"))
    [batch] = plan(platform.state, platform.settings.batch, request)
    with platform.state.begin() as connection:
        connection.execute(update(schema.batches).values(attempt=MAX_ATTEMPTS))

    def refuse(key: str, *_: object) -> bool:
        raise StoreFull(28, f"no room for {key}")

    monkeypatch.setattr(platform.objects, "put", refuse)
    run_id = run(platform, instance, batch, MAX_ATTEMPTS)
    sense()
    with platform.state.begin() as connection:
        ended = connection.execute(select(schema.requests.c.state, schema.requests.c.error)).one()
    assert ended.state == "failed"
    assert f"failed {MAX_ATTEMPTS} times, at last in intake: StoreFull: [Errno 28] no room for" in ended.error
    assert run_id in ended.error


def test_a_batch_whose_run_failed_is_tried_again_as_another_run(
    platform: Platform, instance: dg.DagsterInstance, sense: Sense, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    [batch] = plan(platform.state, platform.settings.batch, ask(platform.state, register(platform.state, folder)))
    first = sense().run_requests or []
    monkeypatch.setattr(platform.lake, "insert", None)
    run(platform, instance, batch, 1)
    assert not sense().run_requests, "this tick settles, the next one starts"
    second = sense().run_requests or []
    assert [one.partition_key for one in (*first, *second)] == [str(batch)] * 2
    assert first[0].run_key != second[0].run_key


def test_further_tries_of_a_batch_wait_a_while(
    platform: Platform, instance: dg.DagsterInstance, sense: Sense, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    [batch] = plan(platform.state, platform.settings.batch, ask(platform.state, register(platform.state, folder)))
    monkeypatch.setattr(platform.lake, "insert", None)
    run(platform, instance, batch, 1)
    sense()
    assert attempt_of(platform, batch) == 2, "the second try starts at once"
    run(platform, instance, batch, 2)
    sense()
    assert attempt_of(platform, batch) == 2
    monkeypatch.setattr("orchestration.sensors.requests.PAUSES", (0.0,) * len(PAUSES))
    sense()
    assert attempt_of(platform, batch) == 3


def attempt_of(platform: Platform, batch: UUID) -> int:
    with platform.state.connect() as connection:
        return batches.batch(connection, batch).attempt


def test_every_run_of_a_cancelled_import_is_cancelled_before_its_batches_end(
    platform: Platform, instance: dg.DagsterInstance, sense: Sense, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    request = ask(platform.state, register(platform.state, folder))
    [batch] = plan(platform.state, platform.settings.batch, request)
    mine = {tags.REQUEST: str(request), tags.BATCH: str(batch)}
    runs = {str(uuid4()) for _ in range(30)}
    for run_id in runs:
        instance.add_run(dg.DagsterRun("ingest_batch", run_id, status=dg.DagsterRunStatus.STARTED, tags=mine))
    asked: set[str] = set()
    monkeypatch.setattr(type(instance.run_coordinator), "cancel_run", lambda self, run_id: asked.add(run_id) or True)
    with platform.state.begin() as connection:
        connection.execute(update(schema.requests).values(state="cancelling"))
    sense()
    assert asked == runs
    with platform.state.connect() as connection:
        assert batches.batch(connection, batch).state == "frozen"


@pytest.fixture
def cancelled(platform: Platform, folder: Path) -> UUID:
    """An import with one batch, which somebody has cancelled."""
    request = ask(platform.state, register(platform.state, folder))
    plan(platform.state, platform.settings.batch, request)
    with platform.state.begin() as connection:
        connection.execute(update(schema.requests).values(state="cancelling"))
    return request


@pytest.fixture
def waiting(platform: Platform, cancelled: UUID, folder: Path, tmp_path: Path) -> UUID:
    """A batch of another import."""
    shutil.copytree(folder, tmp_path / "other")
    [batch] = plan(
        platform.state, platform.settings.batch, ask(platform.state, register(platform.state, tmp_path / "other"))
    )
    return batch


def started(result: dg.SensorResult) -> list[str | None]:
    return [one.job_name for one in result.run_requests or []]


def test_what_a_cancelled_import_left_is_removed_while_no_batch_is_under_way_or_starts(
    platform: Platform, instance: dg.DagsterInstance, sense: Sense, cancelled: UUID, waiting: UUID
):
    other = dg.DagsterRun("ingest_batch", str(uuid4()), status=dg.DagsterRunStatus.STARTED)
    instance.add_run(other)
    assert started(sense()) == []
    instance.report_run_canceled(other)
    [removal] = sense().run_requests or []
    job = build_definitions(platform=platform).resolve_job_def(removal.job_name or "")
    assert job.execute_in_process(instance=instance, run_config=removal.run_config, tags=removal.tags).success
    with platform.state.connect() as connection:
        assert requests.request(connection, cancelled).state == "cancelled"
        assert [one.id for one in batches.in_state(connection, "frozen")] == [waiting]
    assert started(sense()) == ["ingest_batch"]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_one_run_at_a_time_removes_what_a_cancelled_import_left(
    instance: dg.DagsterInstance, sense: Sense, cancelled: UUID, waiting: UUID, status: dg.DagsterRunStatus
):
    tagged = {tags.REQUEST: str(cancelled)}
    instance.add_run(dg.DagsterRun("cancel_import", str(uuid4()), status=status, tags=tagged))
    assert started(sense()) == []


def test_batches_go_on_when_what_a_cancelled_import_left_could_not_be_removed(
    platform: Platform,
    instance: dg.DagsterInstance,
    sense: Sense,
    cancelled: UUID,
    waiting: UUID,
    monkeypatch: pytest.MonkeyPatch,
):
    [removal] = sense().run_requests or []
    job = build_definitions(platform=platform).resolve_job_def(removal.job_name or "")
    with monkeypatch.context() as patched:
        patched.setattr("orchestration.jobs.cancel.abandon", None)
        failed = job.execute_in_process(
            instance=instance, run_config=removal.run_config, tags=removal.tags, raise_on_error=False
        )
    assert not failed.success
    assert [one.partition_key for one in sense().run_requests or []] == [str(waiting)]
    monkeypatch.setattr("orchestration.sensors.requests.PAUSE_OF_CANCEL", 0.0)
    assert started(sense()) == ["cancel_import"], "it is tried again"


def test_as_many_batches_wait_for_a_slot_as_may_run_and_urgent_ones_come_first(
    platform: Platform, instance: dg.DagsterInstance, sense: Sense, folder: Path
):
    for number in range(9):
        (folder / f"another {number}.gif").write_bytes(b"GIF89a" + bytes(100 + number))
    plan(platform.state, BatchSettings(files=1), ask(platform.state, register(platform.state, folder)))
    with platform.state.begin() as connection:
        frozen = batches.in_state(connection, "frozen")
        urgent = frozen[7].id
        connection.execute(update(schema.batches).where(schema.batches.c.id == urgent).values(priority=5))
    room = platform.settings.dagster.batches_at_once
    first = sense().run_requests or []
    assert [one.partition_key for one in first] == [str(urgent), *(str(one.id) for one in frozen[: room - 1])]
    for one in first:
        tagged = one.tags
        instance.add_run(dg.DagsterRun("ingest_batch", str(uuid4()), status=dg.DagsterRunStatus.STARTED, tags=tagged))
    assert not sense().run_requests
    [ended, *_] = instance.get_runs(dg.RunsFilter(tags={tags.BATCH: str(urgent)}))
    instance.report_run_canceled(ended)
    with platform.state.begin() as connection:
        batches.end(connection, urgent, "published")
    assert [one.partition_key for one in sense().run_requests or []] == [str(frozen[room - 1].id)]
