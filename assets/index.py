"""The photos of a batch as entries of the search index."""

from uuid import UUID

import dagster as dg

from assets.partitions import BATCHES
from darkroom.services.indexing import index_batch
from darkroom.services.platform import Platform


@dg.asset(
    deps=["photos", "photo_files", "metadata", "texts", "embeddings_visual", "embeddings_document"],
    group_name="serving",
    owners=["team:platform"],
    kinds={"lancedb"},
    partitions_def=BATCHES,
    pool="index",
)
def index(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
    """Search entries of a batch's photos: written whole, invisible until they are published."""
    return dg.MaterializeResult(metadata=dict(index_batch(platform, UUID(context.partition_key))))
