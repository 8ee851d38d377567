"""Publishing becomes a build of the marts: debounced, one at a time, tried again after a failure."""

import time

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from darkroom.services.platform import Platform
from darkroom.stores.state.publishing import current_epoch
from orchestration import tags
from orchestration.marts_state import Watch, decide, read_built

JOB = "build_marts"

UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.MANAGED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@dg.sensor(job_name=JOB, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
def marts_sensor(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Asks for a build when the publish epoch has changed and been quiet, or has been changing for long."""
    if context.instance.get_runs_count(RunsFilter(job_name=JOB, statuses=UNFINISHED)):
        return dg.SkipReason("a build is under way")
    with platform.state.connect() as connection:
        epoch = current_epoch(connection)
    now = time.time()
    built = read_built(platform.home)
    due, watch = decide(Watch.load(context.cursor), built, epoch, now)
    requests = [dg.RunRequest(run_key=f"{epoch}:{now:.0f}", tags={tags.SLOT: tags.BACKGROUND})] if due else []
    skipped = None if due else f"the marts show epoch {built.epoch}, published is {epoch}"
    return dg.SensorResult(run_requests=requests, cursor=watch.dump(), skip_reason=skipped)
