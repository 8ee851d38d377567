"""How assets are cut: one dynamic partition per batch. Keys of long-published batches are retired."""

import dagster as dg

BATCHES = dg.DynamicPartitionsDefinition(name="batches")
