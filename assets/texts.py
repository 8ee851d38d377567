"""What can be read in the photos of a batch."""

from uuid import UUID

import dagster as dg

from assets.partitions import BATCHES
from assets.specs import table_spec
from darkroom.services.platform import Platform
from darkroom.services.texts import read_batch


@dg.multi_asset(
    name="read_texts",
    specs=[table_spec("texts", group="models", deps=["renditions"])],
    partitions_def=BATCHES,
)
def texts(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
    """Reads the display renditions that lack a text at the current version."""
    counts = read_batch(platform, UUID(context.partition_key))
    rows = counts["done"] + counts["kept"]
    return dg.MaterializeResult(asset_key="texts", metadata={"dagster/partition_row_count": rows, **counts})
