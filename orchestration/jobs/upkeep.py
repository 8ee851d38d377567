"""Upkeep and integrity: what keeps the stores small, and what proves that originals are still what they were."""

from datetime import UTC, datetime

import dagster as dg

from assets.partitions import BATCHES
from darkroom.services import integrity, reconciling, upkeep
from darkroom.services.platform import Platform
from orchestration import tags
from quality.agreement import evaluated

_BACKGROUND = {tags.SLOT: tags.BACKGROUND}


@dg.op(pool="lake")
def tidy_stores(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    """Flushes, merges and expires in the lake; compacts the index; removes what dead writers left."""
    context.log.info(f"upkeep: {upkeep.tidy(platform)}")


@dg.op
def retire_batches(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    """Removes the partition keys of batches that ended long ago; what they published stays."""
    gone = upkeep.retired_batches(platform.state, context.instance.get_dynamic_partitions(BATCHES.name or ""))
    for key in gone:
        context.instance.delete_dynamic_partition(BATCHES.name or "", key)
    context.log.info(f"retired {len(gone)} partition keys")


@dg.op
def reconcile_index(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    """Compares index and serving, counts and digests; removes what nobody knows, has what differs indexed anew.

    The outcome is an evaluation of the index's check: a difference is a warning there, and fails nothing here.
    """
    reconciled = reconciling.reconcile(platform)
    for found in reconciled:
        differ = f"{found.anew} photos to be indexed anew, {found.removed} entries removed"
        told = "agree" if found.agreed else f"differ: {differ}"
        context.log.info(f"library {found.library_id}: index and serving {told}; {found.serving} and {found.index}")
    context.log_event(evaluated(reconciled))  # type: ignore[arg-type]  # it takes evaluations of checks, too


@dg.op
def verify_originals(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    """Reads today's share of the originals and compares digests; a difference fails the run and names the objects."""
    share = datetime.now(UTC).toordinal() % integrity.SHARES
    report = integrity.verify_share(platform, share)
    context.log.info(f"verified {report.checked} originals")
    if report.broken:
        raise dg.Failure(
            f"{len(report.broken)} originals are damaged: {', '.join(report.broken[:20])}", allow_retries=False
        )


@dg.job(
    executor_def=dg.in_process_executor,
    tags=_BACKGROUND,
    description="Keeps lake, index, objects and partitions tidy, and index and serving agreed.",
)
def upkeep_job() -> None:
    """Upkeep of every store."""
    tidy_stores()
    reconcile_index()
    retire_batches()


@dg.job(
    executor_def=dg.in_process_executor,
    tags=_BACKGROUND,
    description="Verifies a share of the originals, all within a month.",
)
def integrity_job() -> None:
    """Checks originals against their digests."""
    verify_originals()


upkeep_schedule = dg.ScheduleDefinition(
    job=upkeep_job, cron_schedule="17 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
integrity_schedule = dg.ScheduleDefinition(
    job=integrity_job, cron_schedule="41 3 * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
