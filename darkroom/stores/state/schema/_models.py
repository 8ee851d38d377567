"""Models: what their runs came to."""

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, Table, Text, Uuid

from darkroom.stores.state.schema._base import library, metadata, now

model_runs = Table(
    "model_runs",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    library(),
    Column("batch_id", Uuid, ForeignKey("control.batches.id"), nullable=False),
    Column("output", Text, nullable=False),
    Column("output_version", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("photos_done", Integer, nullable=False),
    Column("photos_failed", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    now("recorded_at"),
    Index(None, "batch_id"),
    schema="control",
)
