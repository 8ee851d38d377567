"""The photos of a batch as vectors: how they look, and what is known of them in words."""

from uuid import UUID

import dagster as dg

from assets.partitions import BATCHES
from assets.specs import table_spec
from darkroom.domain.outputs import DOCUMENT_INPUTS
from darkroom.services.embeddings import embed_documents, embed_pictures
from darkroom.services.platform import Platform


@dg.multi_asset(
    name="embed_pictures",
    specs=[table_spec("embeddings_visual", group="models", deps=["renditions"])],
    partitions_def=BATCHES,
)
def embeddings_visual(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.MaterializeResult[None]:
    """Embeds the display renditions that lack a vector at the current version."""
    counts = embed_pictures(platform, UUID(context.partition_key))
    rows = counts["done"] + counts["kept"]
    return dg.MaterializeResult(asset_key="embeddings_visual", metadata={"dagster/partition_row_count": rows, **counts})


@dg.multi_asset(
    name="embed_documents",
    specs=[table_spec("embeddings_document", group="models", deps=["photos", "photo_files", *DOCUMENT_INPUTS])],
    partitions_def=BATCHES,
)
def embeddings_document(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.MaterializeResult[None]:
    """Embeds the documents that are new or have changed."""
    counts = embed_documents(platform, UUID(context.partition_key))
    rows = counts["done"] + counts["kept"]
    return dg.MaterializeResult(
        asset_key="embeddings_document", metadata={"dagster/partition_row_count": rows, **counts}
    )
