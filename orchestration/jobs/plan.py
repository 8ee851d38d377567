"""Planning: lists what a request names and freezes what is new into batches, which start while listing goes on."""

from uuid import UUID

import dagster as dg

from darkroom.services import imports
from darkroom.services.platform import Platform
from darkroom.stores.state import requests


class PlanConfig(dg.Config):
    """Which request to plan."""

    request_id: str


@dg.op(pool="planning")
def list_and_freeze(context: dg.OpExecutionContext, config: PlanConfig, platform: dg.ResourceParam[Platform]) -> int:
    """Lists a source and freezes batches; a source that cannot be believed fails the request, not the run."""
    request_id = UUID(config.request_id)
    try:
        frozen = imports.plan(platform.state, platform.settings.batch, request_id)
    except imports.Cancelled as stopped:
        context.log.info(str(stopped))
        return 0
    except imports.SourceFault as fault:
        with platform.state.begin() as connection:
            requests.fail(connection, request_id, str(fault))
        raise dg.Failure(str(fault), allow_retries=False) from fault
    context.log.info(f"froze {len(frozen)} batches")
    return len(frozen)


@dg.job(
    executor_def=dg.in_process_executor, description="Lists a request's source and freezes its new files into batches."
)
def plan_import() -> None:
    """Plans one import."""
    list_and_freeze()
