"""Copies of a batch's own record, of its failures and of what models did over it, for analysts."""

from collections.abc import Iterator
from uuid import UUID

import dagster as dg

from assets.partitions import BATCHES
from assets.specs import table_spec
from darkroom.services.platform import Platform
from darkroom.services.records import copy_batch

TABLES = ("batches", "failures", "model_runs")
LAST = ("originals", "texts", "faces", "embeddings_visual", "embeddings_document")
"""What a batch computes is computed, or has failed, when these are there."""


@dg.multi_asset(
    name="records",
    specs=[table_spec(name, group="operations", deps=list(LAST)) for name in TABLES],
    partitions_def=BATCHES,
    pool="lake",
)
def records(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.MaterializeResult[None]]:
    """Copies what state knows about the batch so far."""
    counts = copy_batch(platform, UUID(context.partition_key))
    for name in TABLES:
        yield dg.MaterializeResult(asset_key=name, metadata={"dagster/partition_row_count": counts[name]})
