"""What is made across batches, of one library at a time: made, checked and shown in one run."""

import dagster as dg

PEOPLE = dg.define_asset_job(
    "group_people",
    selection=dg.AssetSelection.assets("person_faces", "people_shown"),
    executor_def=dg.in_process_executor,
    description="Says whose every face of a library is: clusters, decisions replayed, checked, shown.",
)

DUPLICATES = dg.define_asset_job(
    "group_duplicates",
    selection=dg.AssetSelection.assets("duplicates", "stacks", "duplicates_shown"),
    executor_def=dg.in_process_executor,
    description="Finds, checks and shows the duplicates and stacks of one library.",
)
