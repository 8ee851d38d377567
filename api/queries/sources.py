"""Registered folders: adding one, watching it, looking them up, listing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from darkroom.security.callers import Caller
from darkroom.stores.state import schema

sources = schema.sources


def register(caller: Caller, connection: Connection, values: dict[str, Any]) -> tuple[Row[Any], bool]:
    """The source at `values["path"]` in the caller's first library, and whether this call registered it."""
    library = caller.libraries[0]
    statement = insert(sources).values(library_id=library, **values).on_conflict_do_nothing()
    row = connection.execute(statement.returning(sources)).one_or_none()
    if row is not None:
        return row, True
    known = select(sources).where(sources.c.library_id == library, sources.c.path == values["path"])
    return connection.execute(known).one(), False


def watch(caller: Caller, connection: Connection, source_id: UUID, watched: bool) -> Row[Any] | None:
    """Begins or stops watching a source; returns it, if the caller may see it."""
    mine = sources.c.id == source_id, sources.c.library_id.in_(caller.libraries)
    statement = update(sources).where(*mine).values(watched=watched).returning(sources)
    return connection.execute(statement).one_or_none()


def page(caller: Caller, connection: Connection, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row[Any]]:
    """At most `limit` sources in the order they were registered."""
    statement = select(sources).where(sources.c.library_id.in_(caller.libraries))
    if after is not None:
        statement = statement.where(tuple_(sources.c.created_at, sources.c.id) > after)
    return connection.execute(statement.order_by(sources.c.created_at, sources.c.id).limit(limit)).all()


def by_id(caller: Caller, connection: Connection, source_id: UUID) -> Row[Any] | None:
    """The source with this id, if the caller may see it."""
    statement = select(sources).where(sources.c.id == source_id, sources.c.library_id.in_(caller.libraries))
    return connection.execute(statement).one_or_none()
