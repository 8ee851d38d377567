"""Whether the state database is there and has the shape this code needs."""

from __future__ import annotations

from sqlalchemy import Connection

from darkroom.security.callers import Caller
from darkroom.stores.state.migrate import current_revision


def revision(caller: Caller | None, connection: Connection) -> str | None:
    """The revision of the state database; it is no secret and needs no caller."""
    return current_revision(connection)
