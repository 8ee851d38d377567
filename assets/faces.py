"""Who can be seen in the photos of a batch."""

from uuid import UUID

import dagster as dg

from assets.partitions import BATCHES
from assets.specs import table_spec
from darkroom.services import faces as services
from darkroom.services.platform import Platform


@dg.multi_asset(
    name="find_faces",
    specs=[table_spec("faces", group="models", deps=["renditions"])],
    partitions_def=BATCHES,
)
def faces(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
    """Searches the display renditions that were not searched at the current version."""
    counts = services.find_faces(platform, UUID(context.partition_key))
    return dg.MaterializeResult(asset_key="faces", metadata=dict(counts))
