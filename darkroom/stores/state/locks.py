"""Locks that processes hold on the state's server while they make what must be made once.

Belongs here: which there are, and taking them. Does not belong here: the lake's (`stores.lake.locks`), or rows.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection, text


class Once(IntEnum):
    """What only one process at a time does; the numbers are PostgreSQL's keys."""

    MIGRATING = 4_738_201_137_006_301
    PROVISIONING = 4_738_201_137_006_302
    FIRST_KEYS = 4_738_201_137_006_303


def take(connection: Connection, what: Once) -> None:
    """Waits for the lock; it is free again when the transaction has ended."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(what)})


def keep(connection: Connection, what: Once) -> None:
    """Waits for the lock; it is free again when the connection is closed."""
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": int(what)})
