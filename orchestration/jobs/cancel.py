"""Cancelling: what a cancelled import left is removed, once none of its runs does anything any more."""

from uuid import UUID

import dagster as dg

from darkroom.services.abandoning import abandon
from darkroom.services.platform import Platform


class CancelConfig(dg.Config):
    """Which request was cancelled."""

    request_id: str


@dg.op
def remove_abandoned(context: dg.OpExecutionContext, config: CancelConfig, platform: dg.ResourceParam[Platform]) -> int:
    """Removes what the request's batches made of photos that were never published, and ends the request."""
    photos = abandon(platform, UUID(config.request_id))
    context.log.info(f"removed what was made of {photos} photos that were not published")
    return photos


@dg.job(
    executor_def=dg.in_process_executor, description="Removes what a cancelled import made, but what it has published."
)
def cancel_import() -> None:
    """Ends one cancelled import."""
    remove_abandoned()
