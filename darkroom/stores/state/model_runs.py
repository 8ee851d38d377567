"""Runs of models over batches: what each has come to so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from darkroom.stores.state import schema


@dataclass(frozen=True, kw_only=True)
class NewModelRun:
    """What a run has come to: photos and wall time since it began."""

    run_id: UUID
    output: str
    output_version: str
    provider: str
    photos_done: int
    photos_failed: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ModelRun(NewModelRun):
    """A recorded run."""

    recorded_at: datetime


def record(connection: Connection, library_id: UUID, batch_id: UUID, run: NewModelRun) -> None:
    """Records a run, replacing what it had come to before."""
    table = schema.model_runs
    came_to = {name: getattr(run, name) for name in ("photos_done", "photos_failed", "seconds")}
    connection.execute(
        insert(table)
        .values(library_id=library_id, batch_id=batch_id, **vars(run))
        .on_conflict_do_update(index_elements=["run_id"], set_={**came_to, "recorded_at": func.now()})
    )


def of_batch(connection: Connection, batch_id: UUID) -> list[ModelRun]:
    """Runs over a batch, oldest first."""
    table = schema.model_runs
    columns = [table.c[name] for name in ModelRun.__dataclass_fields__]
    statement = select(*columns).where(table.c.batch_id == batch_id).order_by(table.c.recorded_at, table.c.run_id)
    return [ModelRun(**row._mapping) for row in connection.execute(statement)]
