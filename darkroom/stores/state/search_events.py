"""Search events: appended by the API, read and forgotten by the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, text

from darkroom.stores.state import schema

table = schema.search_events


def append(connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
    """Appends events, by column."""
    connection.execute(insert(table), [dict(event) for event in events])


def after(connection: Connection, event_id: int, limit: int) -> Sequence[Row[Any]]:
    """At most `limit` events after this one, in order.

    Whoever took an earlier number and has not committed yet is waited for, so that no event is ever passed over.
    """
    connection.execute(text("LOCK TABLE control.search_events IN SHARE MODE"))
    return connection.execute(select(table).where(table.c.id > event_id).order_by(table.c.id).limit(limit)).all()


def forget(connection: Connection, up_to: int, days: int) -> int:
    """Deletes events up to this one that are older than `days`; returns how many there were."""
    old = table.c.at < func.now() - func.make_interval(0, 0, 0, days)
    return connection.execute(delete(table).where(table.c.id <= up_to, old)).rowcount
