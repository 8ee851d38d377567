"""What intake makes of a batch: originals, facts, metadata, renditions and fingerprints, each file opened once."""

from collections.abc import Iterator
from uuid import UUID

import dagster as dg

from assets.partitions import BATCHES
from assets.specs import table_spec
from darkroom.services.intake import take_in
from darkroom.services.platform import Platform

TABLES = ("photos", "photo_contents", "photo_files", "metadata", "renditions", "fingerprints")


@dg.multi_asset(
    name="intake",
    specs=[
        dg.AssetSpec(
            "originals",
            group_name="intake",
            description="Original bytes, content-addressed and checksummed; sources read by reference keep theirs.",
            owners=["team:platform"],
            kinds={"objects"},
        ),
        *(table_spec(name, group="intake") for name in TABLES),
    ],
    partitions_def=BATCHES,
    pool="intake",
)
def intake(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.MaterializeResult[None]]:
    """Takes in the files of a batch that are still waiting."""
    counts = take_in(platform, UUID(context.partition_key))
    outcomes = {name: counts[name] for name in ("taken", "failed", "unsupported", "bytes_read")}
    yield dg.MaterializeResult(asset_key="originals", metadata=outcomes)
    for name in TABLES:
        yield dg.MaterializeResult(asset_key=name, metadata={"dagster/partition_row_count": counts[name]})
