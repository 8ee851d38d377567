"""Libraries: the tenants, and which outputs each has switched off."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select, update

from darkroom.stores.state import schema


def library_ids(connection: Connection) -> list[UUID]:
    """Every library, in id order."""
    return list(connection.execute(select(schema.libraries.c.id).order_by(schema.libraries.c.id)).scalars())


def names(connection: Connection) -> dict[UUID, str]:
    """What every library is called, in id order."""
    table = schema.libraries
    return dict(connection.execute(select(table.c.id, table.c.name).order_by(table.c.id)).tuples().all())


def switch_outputs(connection: Connection, library_id: UUID, off: Sequence[str]) -> None:
    """Sets which outputs the library does not want."""
    table = schema.libraries
    connection.execute(update(table).where(table.c.id == library_id).values(outputs_off=sorted(set(off))))
