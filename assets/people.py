"""Whose the faces of a library are, across all its batches."""

import dagster as dg

from assets.libraries import GENERATIONS, library_of
from assets.specs import table_spec
from darkroom.services import people as services
from darkroom.services.platform import Platform


@dg.multi_asset(
    name="group_faces", specs=[table_spec("person_faces", group=GENERATIONS, deps=["published"])], pool="people"
)
def person_faces(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
    """Writes a new generation of a library's people, unless what is shown would come out again."""
    made = services.make(platform, library_of(context.run))
    if made is None:
        return dg.MaterializeResult(asset_key="person_faces", metadata={"nothing new": True})
    change = made.change
    return dg.MaterializeResult(
        asset_key="person_faces",
        metadata={
            "dagster/row_count": made.faces,
            "generation": made.generation,
            "people": made.people,
            "faces of nobody": made.nobody,
            "agreement with the generation before": change.agreement,
            "people merged": change.merged,
            "people split": change.split,
            "faces moved": change.moved,
        },
    )


@dg.asset(
    deps=["person_faces"],
    group_name=GENERATIONS,
    owners=["team:platform"],
    kinds={"postgres"},
    pool="people",
)
def people_shown(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
    """The person of every published face, in one transaction, of exactly the generation that passed its gate."""
    return dg.MaterializeResult(metadata={"epoch": services.show(platform, library_of(context.run))})
