"""What is made across batches is made again when a library has changed: debounced, one run per library at a time.

Belongs here: the sensor that every kind of generation gets. Does not belong here: any kind's job (`jobs`), or when a
change is old enough (`debounce`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from uuid import UUID

import dagster as dg
from sqlalchemy import Connection

from darkroom.services.platform import Platform
from darkroom.stores.state import generations, libraries, requests
from orchestration import tags
from orchestration.debounce import Watch, decide

NewestFact = Callable[[Connection, UUID], int]
"""Id of the newest decision in a library after which things may belong elsewhere; 0 before the first."""


def generation_sensor(kind: str, job: str, newest_fact: NewestFact) -> dg.SensorDefinition:
    """The sensor that has `job` make a generation of `kind` of every library whose photos or decisions changed."""

    @dg.sensor(
        name=f"{kind}_sensor",
        job_name=job,
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Asks for new {kind} of a library once its changes have been quiet, or have gone on for long.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
    ) -> dg.SensorResult | dg.SkipReason:
        if context.instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=tags.UNFINISHED)):
            return dg.SkipReason("a run is under way")
        with platform.state.begin() as connection:
            known = libraries.library_ids(connection)
        watches = json.loads(context.cursor or "{}")
        now = time.time()
        runs = []
        for library_id in known:
            due, watch = _due(platform, library_id, kind, newest_fact, Watch.load(watches.get(str(library_id))), now)
            watches[str(library_id)] = watch.dump()
            if due:
                runs.append(
                    dg.RunRequest(
                        run_key=f"{library_id}:{watch.requested_mark}:{now:.0f}",
                        tags={tags.SLOT: tags.BACKGROUND, tags.LIBRARY: str(library_id)},
                    )
                )
        skipped = None if runs else f"{kind} of every library are up to date, or their changes are fresh"
        return dg.SensorResult(run_requests=runs, cursor=json.dumps(watches), skip_reason=skipped)

    return sensor


def _due(
    platform: Platform, library_id: UUID, kind: str, newest_fact: NewestFact, watch: Watch, now: float
) -> tuple[bool, Watch]:
    with platform.state.begin() as connection:
        epoch = generations.content_epoch(connection, library_id)
        fact = newest_fact(connection, library_id)
        current = generations.newest(connection, library_id, kind, "current")
        under_way = requests.under_way(connection, library_id)
    # Who has decided something waits for its consequences: for an import they would wait too long.
    under_way = under_way and not (current and fact > current.fact)
    shown = f"{current.epoch}.{min(current.fact, fact)}" if current else "0.0"
    quiet = platform.settings.batch.settle_seconds
    return decide(watch, shown, f"{epoch}.{fact}", now, quiet, under_way=under_way)
