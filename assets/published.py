"""The photos of a batch as everyone sees them."""

from uuid import UUID

import dagster as dg

from assets.partitions import BATCHES
from darkroom.services.gates import GATED
from darkroom.services.platform import Platform
from darkroom.services.publishing import publish


@dg.asset(
    deps=[*(contract.name for contract in GATED), "index"],
    group_name="serving",
    owners=["team:platform"],
    kinds={"postgres"},
    partitions_def=BATCHES,
    pool="publish",
)
def published(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
    """Serving rows, change rows and the next publish epoch, in one transaction, of exactly what the gates passed."""
    done = publish(platform, UUID(context.partition_key))
    return dg.MaterializeResult(metadata={"epoch": done.epoch, "photos": done.photos, "files": done.files})
