"""Failures: why a file was not taken in, or an output could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from darkroom.stores.state import schema


@dataclass(frozen=True, kw_only=True)
class NewFailure:
    """A failure about to be recorded. `output` is an output's name or `intake`; kinds are those of the contract."""

    output: str
    kind: str
    reason: str
    transient: bool = False
    photo_id: UUID | None = None
    source_id: UUID | None = None
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Failure(NewFailure):
    """A recorded failure."""

    id: UUID
    recorded_at: datetime


def record(connection: Connection, library_id: UUID, batch_id: UUID | None, found: Sequence[NewFailure]) -> None:
    """Appends failures, of a batch or (with none) of upkeep."""
    if found:
        rows = [{"library_id": library_id, "batch_id": batch_id, **vars(failure)} for failure in found]
        connection.execute(insert(schema.failures), rows)


def of_batch(connection: Connection, batch_id: UUID) -> list[Failure]:
    """Failures of a batch, oldest first."""
    table = schema.failures
    columns = [table.c[name] for name in Failure.__dataclass_fields__]
    statement = select(*columns).where(table.c.batch_id == batch_id).order_by(table.c.recorded_at, table.c.id)
    return [Failure(**row._mapping) for row in connection.execute(statement)]
