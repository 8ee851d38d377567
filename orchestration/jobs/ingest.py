"""The line: one batch from files to published photos, in one process; parallelism is inside the steps."""

import dagster as dg

from assets.partitions import BATCHES
from quality.agreement import AGREEMENT

INGEST = dg.define_asset_job(
    "ingest_batch",
    # Whether index and serving agree is a question about whole libraries, which upkeep asks.
    selection=dg.AssetSelection.groups("intake", "models", "operations", "serving")
    - dg.AssetSelection.checks(AGREEMENT),
    partitions_def=BATCHES,
    executor_def=dg.in_process_executor,
    description="Takes in, reads, checks, indexes and publishes one batch.",
)
