"""Requests and batches become runs, and what became of the runs goes back into state.

Level-triggered: every tick compares state with Dagster's runs, so an event that was missed while something was down
is caught by the next one. A row stays as it is until a run has taken it up: a crash in between loses nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

import dagster as dg

from assets.partitions import BATCHES
from darkroom.domain.states import BATCH_UNFINISHED
from darkroom.services.platform import Platform
from darkroom.stores.state import batches, requests
from darkroom.stores.state.batches import Batch
from darkroom.stores.state.requests import Request
from orchestration import tags
from orchestration.jobs.cancel import cancel_import
from orchestration.jobs.ingest import INGEST
from orchestration.jobs.plan import plan_import

MAX_ATTEMPTS = 5
"""Runs of one batch or plan that may fail or die (killed, out of memory) before it is given up."""

PAUSES = (0.0, 10.0, 30.0, 90.0)
"""Seconds between the end of a batch's run and its next one: what it died of may take a while to pass."""

PAUSE_OF_CANCEL = 300.0
"""Seconds after a run that did not end a cancelled import, before the next one tries; batches go on meanwhile."""

INTERACTIVE_FILES = 32
"""A batch of up to this many files takes the interactive slot: somebody is probably waiting."""

SLOTS = (tags.INTERACTIVE, tags.BULK)
"""Slots of batches. In each as many wait or run as may run in all; the others wait in state, in order of priority."""


@dg.sensor(
    jobs=[plan_import, INGEST, cancel_import], minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING
)
def requests_sensor(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    """Starts planners and batches, restarts what died, cancels what was asked to stop."""
    with platform.state.begin() as connection:
        planning = requests.in_state(connection, "new", "planning")
        waiting = batches.in_state(connection, *BATCH_UNFINISHED)
        cancelling = requests.in_state(connection, "cancelling")
    runs = [_plan_run(request) for request in planning if _settle_plan(context.instance, platform, request)]
    under_way = context.instance.get_runs(dg.RunsFilter(job_name=INGEST.name, statuses=tags.UNFINISHED))
    starting: list[Batch] = []
    if removing := [request for request in cancelling if _due(context.instance, request)]:
        # No other batch starts: what is abandoned is removed while nothing else may be using it.
        stopped = [request for request in removing if not _stop(context.instance, request)]
        runs += [] if under_way else [_cancel_run(request) for request in stopped]
    else:
        busy = {run.tags.get(tags.BATCH) for run in under_way}
        room = Counter(dict.fromkeys(SLOTS, platform.settings.dagster.batches_at_once))
        room.subtract(run.tags.get(tags.SLOT, tags.BULK) for run in under_way)
        stopping = {request.id for request in cancelling}
        for batch in waiting:
            if str(batch.id) in busy or batch.request_id in stopping or room[_slot(batch)] < 1:
                continue
            if _settle_batch(context.instance, platform, batch):
                starting.append(batch)
                room[_slot(batch)] -= 1
    runs += [_batch_run(batch) for batch in starting]
    keys = [str(batch.id) for batch in starting]
    return dg.SensorResult(
        run_requests=runs, dynamic_partitions_requests=[BATCHES.build_add_request(keys)] if keys else []
    )


def _plan_run(request: Request) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{request.id}:plan:{request.attempt}",
        job_name=plan_import.name,
        run_config={"ops": {"list_and_freeze": {"config": {"request_id": str(request.id)}}}},
        tags=_tags(request.priority, tags.PLANNING, {tags.REQUEST: request.id, tags.ATTEMPT: request.attempt}),
    )


def _slot(batch: Batch) -> str:
    return tags.INTERACTIVE if batch.files <= INTERACTIVE_FILES and batch.kind == "import" else tags.BULK


def _batch_run(batch: Batch) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{batch.request_id}:{batch.id}:{batch.attempt}",
        job_name=INGEST.name,
        partition_key=str(batch.id),
        tags=_tags(
            batch.priority,
            _slot(batch),
            {tags.BATCH: batch.id, tags.ATTEMPT: batch.attempt, tags.REQUEST: batch.request_id},
        ),
    )


def _cancel_run(request: Request) -> dg.RunRequest:
    return dg.RunRequest(
        job_name=cancel_import.name,
        run_config={"ops": {"remove_abandoned": {"config": {"request_id": str(request.id)}}}},
        tags=_tags(request.priority, tags.REMOVAL, {tags.REQUEST: request.id}),
    )


def _tags(priority: int, slot: str, named: Mapping[str, object]) -> dict[str, str]:
    given = {name: str(value) for name, value in named.items() if value is not None}
    return {tags.PRIORITY: str(priority), tags.SLOT: slot, **given}


def _settle_plan(instance: dg.DagsterInstance, platform: Platform, request: Request) -> bool:
    """Whether the request needs a run now; one whose planner died is put back in line, or given up."""
    mine = {tags.REQUEST: str(request.id), tags.ATTEMPT: str(request.attempt)}
    runs = instance.get_runs(dg.RunsFilter(tags=mine, job_name=plan_import.name))
    if not runs:
        return True
    if all(run.is_finished for run in runs):
        with platform.state.begin() as connection:
            if request.attempt >= MAX_ATTEMPTS:
                requests.fail(connection, request.id, "listing the source failed again and again; see the run's log")
            else:
                requests.plan_again(connection, request.id)
    return False


def _settle_batch(instance: dg.DagsterInstance, platform: Platform, batch: Batch) -> bool:
    """Whether the batch needs a run now; one whose run ended unpublished is tried again, or failed with the reason."""
    mine = dg.RunsFilter(tags={tags.BATCH: str(batch.id), tags.ATTEMPT: str(batch.attempt)}, job_name=INGEST.name)
    last = next(iter(instance.get_run_records(mine, limit=1)), None)
    if last is None:
        return True
    if not last.dagster_run.is_finished:
        return False
    run_id = last.dagster_run.run_id
    reason = _failed_checks(instance, run_id)
    given_up = batch.attempt >= MAX_ATTEMPTS
    if not (reason or given_up) and time.time() < (last.end_time or 0.0) + PAUSES[batch.attempt - 1]:
        return False
    with platform.state.begin() as connection:
        if reason or given_up:
            error = reason or f"its run failed {batch.attempt} times, at last {_fault(instance, run_id)}"
            batches.end(connection, batch.id, "failed", error=error)
            requests.settle(connection)
        else:
            batches.try_again(connection, batch.id)
    return False


def _due(instance: dg.DagsterInstance, request: Request) -> bool:
    """Whether what a cancelled request left is to be removed, or being removed: not just after that has failed."""
    tried = dg.RunsFilter(tags={tags.REQUEST: str(request.id)}, job_name=cancel_import.name)
    last = next(iter(instance.get_run_records(tried, limit=1)), None)
    if last is None or not last.dagster_run.is_finished:
        return True
    return time.time() > (last.end_time or 0.0) + PAUSE_OF_CANCEL


def _stop(instance: dg.DagsterInstance, request: Request) -> list[dg.DagsterRun]:
    """Has the runs of a cancelled request end; returns those that have not, or that are removing what it left."""
    unfinished = instance.get_runs(dg.RunsFilter(tags={tags.REQUEST: str(request.id)}, statuses=tags.UNFINISHED))
    for run in unfinished:
        if run.job_name != cancel_import.name and run.status is not dg.DagsterRunStatus.CANCELING:
            instance.run_coordinator.cancel_run(run.run_id)
    return list(unfinished)


def _failed_checks(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Why a run's gates stopped it, or `None` when no gate did."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    events = [record.event_log_entry.dagster_event for record in records]
    broken = [
        event.asset_check_evaluation_data
        for event in events
        if event is not None
        and not event.asset_check_evaluation_data.passed
        and event.asset_check_evaluation_data.blocking
    ]
    if not broken:
        return None
    return "; ".join(
        f"gate of {one.asset_key.to_user_string()} failed: {one.description or one.check_name}" for one in broken
    )


def _fault(instance: dg.DagsterInstance, run_id: str) -> str:
    """What ended a run, in a phrase: the fault of its first failed step, or that its process died."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is not None and (error := event.step_failure_data.error) is not None:
            said = (error.cause or error).message.strip().partition("\n")[0]
            kind, colon, what = said.partition(": ")
            return f"in {event.step_key}: {kind.rpartition('.')[2]}{colon}{what} (run {run_id})"
    return f"because its process died (run {run_id})"
