"""Duplicates and stacks of a library's published photos, found and shown."""

from collections.abc import Iterator

import dagster as dg

from assets.libraries import GENERATIONS, library_of
from assets.specs import table_spec
from darkroom.services import duplicates
from darkroom.services.platform import Platform

POOL = "duplicates"


@dg.multi_asset(
    name="find_duplicates",
    specs=[
        table_spec(name, group=GENERATIONS, deps=["fingerprints", "embeddings_visual", "texts", "published"])
        for name in duplicates.NAMES
    ],
    pool=POOL,
)
def found_duplicates(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.MaterializeResult[None]]:
    """Looks through the published photos of the run's library; writes a generation unless the shown one says so."""
    made = duplicates.make(platform, library_of(context.run))
    for name in duplicates.NAMES:
        yield dg.MaterializeResult(asset_key=name, metadata={"generation": made.number} if made else {})


@dg.asset(
    deps=list(duplicates.NAMES), group_name=GENERATIONS, owners=["team:platform"], kinds={"postgres"}, pool="publish"
)
def duplicates_shown(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.MaterializeResult[None]:
    """The duplicates and stacks everyone sees: of exactly the generation that its gate passed."""
    epoch = duplicates.show(platform, library_of(context.run))
    return dg.MaterializeResult(metadata={"epoch": epoch} if epoch else {})
