"""Sessions of people in browsers: opening one with a code, looking at it, ending it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from darkroom.security.callers import Caller
from darkroom.stores.state import schema, sessions


def offer(
    caller: Caller, connection: Connection, digest: str, scopes: Collection[str], lifetime: timedelta
) -> datetime:
    """Keeps the digest of a one-time code for the caller's user; returns when it expires."""
    return sessions.offer(connection, caller.key_id, digest, scopes, lifetime)


def redeem(caller: Caller | None, connection: Connection, code: str, session: str, lifetime: timedelta) -> UUID | None:
    """Turns a code into a session, both told by their digests; whoever comes with a code is nobody yet."""
    return sessions.redeem(connection, code, session, lifetime)


def end(caller: Caller | None, connection: Connection, digest: str) -> bool:
    """Ends the session with this digest, which only its own browser can know; false when there was none to end."""
    return sessions.end(connection, digest)


def end_all(caller: Caller, connection: Connection) -> int:
    """Ends every session of the caller's user; returns how many."""
    return sessions.end_all(connection, caller.user_id)


def expiry(caller: Caller, connection: Connection, digest: str) -> datetime | None:
    """When the session with this digest ends by itself."""
    found = sessions.find(connection, digest)
    return found.expires_at if found else None


def libraries(caller: Caller, connection: Connection) -> list[Row[Any]]:
    """The caller's libraries with their names, the one new things go to first."""
    table = schema.libraries
    statement = select(table.c.id, table.c.name).where(table.c.id.in_(caller.libraries))
    return sorted(connection.execute(statement), key=lambda row: caller.libraries.index(row.id))
