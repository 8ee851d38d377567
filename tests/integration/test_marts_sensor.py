"""The sensor of the marts over the real state database: what it asks for, and what keeps it from asking."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine, insert

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services.platform import Platform
from darkroom.settings import Settings
from darkroom.stores.state import requests, schema
from darkroom.stores.state.publishing import next_epoch
from orchestration import tags
from orchestration.marts_state import record_built
from orchestration.sensors import marts
from orchestration.sensors.marts import JOB, marts_sensor


@pytest.fixture
def platform(state: Engine, tmp_path: Path) -> Platform:
    platform = Platform(Settings(home=tmp_path))
    vars(platform).update(state=state)
    return platform


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _tick(
    platform: Platform, instance: dg.DagsterInstance, cursor: str | None = None, *, seconds_later: float = 0.0
) -> dg.SensorResult | dg.SkipReason:
    """One evaluation, as if `seconds_later` had passed since the cursor was written."""
    if cursor is not None:
        watch = json.loads(cursor)
        times = {
            name: watch[name] - seconds_later for name in ("changed_at", "waiting_since", "requested_at") if watch[name]
        }
        cursor = json.dumps({**watch, **times})
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"platform": platform})
    result = marts_sensor(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _publish(state: Engine) -> None:
    with state.begin() as connection:
        next_epoch(connection)


def test_a_published_epoch_becomes_one_background_run_once_it_is_quiet(
    platform: Platform, state: Engine, instance: dg.DagsterInstance
) -> None:
    assert not _tick(platform, instance).run_requests
    _publish(state)
    seen = _tick(platform, instance)
    assert not seen.run_requests
    due = _tick(platform, instance, seen.cursor, seconds_later=30)
    (request,) = due.run_requests or []
    assert request.tags[tags.SLOT] == tags.BACKGROUND
    assert not _tick(platform, instance, due.cursor, seconds_later=5).run_requests
    record_built(platform.home, 1, "p")
    assert not _tick(platform, instance, due.cursor, seconds_later=500).run_requests


def test_a_library_at_rest_is_built_once_a_day_for_its_searches(
    platform: Platform, state: Engine, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settled(cursor: str | None = None) -> dg.SensorResult:
        return _tick(platform, instance, _tick(platform, instance, cursor).cursor, seconds_later=500)

    _publish(state)
    record_built(platform.home, 1, "p")
    rested = settled()
    assert not rested.run_requests
    tomorrow = time.time() + 86_400
    monkeypatch.setattr(marts.time, "time", lambda: tomorrow)
    due = settled(rested.cursor)
    assert due.run_requests
    file = platform.home.run / "marts.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "built_at": _text(tomorrow)}))
    rested = settled(due.cursor)
    assert not rested.run_requests
    monkeypatch.setattr(marts.time, "time", lambda: tomorrow + 86_400)
    assert settled(rested.cursor).run_requests


def test_a_library_without_photos_is_never_built(
    platform: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = _tick(platform, instance).cursor
    tomorrow = time.time() + 86_400
    monkeypatch.setattr(marts.time, "time", lambda: tomorrow)
    assert not _tick(platform, instance, cursor, seconds_later=500).run_requests


def test_a_build_waits_for_the_end_of_an_import(
    platform: Platform, state: Engine, instance: dg.DagsterInstance
) -> None:
    _publish(state)
    with state.begin() as connection:
        source = insert(schema.sources).values(library_id=DEFAULT_LIBRARY, name="a", path="/a", mode="reference")
        source_id = connection.execute(source.returning(schema.sources.c.id)).scalar_one()
        request = requests.ask_import(connection, DEFAULT_LIBRARY, source_id)
    seen = _tick(platform, instance)
    waiting = _tick(platform, instance, seen.cursor, seconds_later=60)
    assert not waiting.run_requests
    with state.begin() as connection:
        requests.fail(connection, request, "it is not there")
    assert _tick(platform, instance, waiting.cursor, seconds_later=30).run_requests


def test_nothing_is_asked_for_while_a_build_is_under_way(
    platform: Platform, state: Engine, instance: dg.DagsterInstance
) -> None:
    _publish(state)
    cursor = _tick(platform, instance).cursor

    @dg.job(name=JOB)
    def under_way() -> None:
        pass

    run = instance.create_run_for_job(under_way, status=dg.DagsterRunStatus.STARTED)
    assert isinstance(_tick(platform, instance, cursor, seconds_later=60), dg.SkipReason)
    instance.report_run_failed(run)
    assert _tick(platform, instance, cursor, seconds_later=60).run_requests
