"""Gate results: which rows of a batch were checked, at which snapshot, and whether they passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from darkroom.stores.state import schema


@dataclass(frozen=True)
class GateResult:
    """A gate's verdict over exactly the rows whose content has this digest."""

    table_name: str
    lake_snapshot: int
    rows: int
    digest: str
    passed: bool
    report: dict[str, Any]


def record(connection: Connection, library_id: UUID, batch_id: UUID, result: GateResult) -> None:
    """Appends a verdict; the newest per table counts."""
    connection.execute(insert(schema.gate_results).values(library_id=library_id, batch_id=batch_id, **vars(result)))


def newest(connection: Connection, batch_id: UUID) -> dict[str, GateResult]:
    """The newest verdict of every table of a batch."""
    table = schema.gate_results
    columns = [table.c[name] for name in GateResult.__dataclass_fields__]
    statement = (
        select(*columns)
        .where(table.c.batch_id == batch_id)
        .distinct(table.c.table_name)
        .order_by(table.c.table_name, table.c.checked_at.desc())
    )
    return {row.table_name: GateResult(**row._mapping) for row in connection.execute(statement)}
