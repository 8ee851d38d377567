"""Publishing, and every new day, becomes a build of the marts: debounced, one at a time, tried again after a failure.

Searches publish nothing: where nothing else does, they are shown, and forgotten in state, by the day's build. Where
nothing was ever published, there is nothing to build.
"""

import time
from datetime import UTC, datetime

import dagster as dg

from darkroom.services.platform import Platform
from darkroom.stores.state import requests
from darkroom.stores.state.publishing import current_epoch
from orchestration import tags
from orchestration.debounce import Watch, decide
from orchestration.marts_state import read_built

JOB = "build_marts"


@dg.sensor(job_name=JOB, minimum_interval_seconds=10, default_status=dg.DefaultSensorStatus.RUNNING)
def marts_sensor(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Asks for a build when the publish epoch has changed and been quiet, or has been changing for long, and daily."""
    if context.instance.get_runs_count(dg.RunsFilter(job_name=JOB, statuses=tags.UNFINISHED)):
        return dg.SkipReason("a build is under way")
    with platform.state.connect() as connection:
        epoch = current_epoch(connection)
        under_way = requests.under_way(connection)
    now = time.time()
    built = read_built(platform.home)
    quiet = platform.settings.batch.settle_seconds
    watch = Watch.load(context.cursor)
    today = datetime.fromtimestamp(now, UTC).date()
    built_on = datetime.fromisoformat(built.built_at).date() if built.built_at else today
    shown, mark = f"epoch {built.epoch} on {built_on}", f"epoch {epoch} on {today}"
    due, watch = decide(watch, shown, mark, now, quiet, under_way=under_way)
    runs = [dg.RunRequest(run_key=f"{epoch}:{now:.0f}", tags={tags.SLOT: tags.BACKGROUND})] if due else []
    skipped = None if due else f"the marts show {shown}, it is {mark}"
    return dg.SensorResult(run_requests=runs, cursor=watch.dump(), skip_reason=skipped)
