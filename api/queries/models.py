"""How far the outputs of models have come, version by version."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from darkroom.security.callers import Caller
from darkroom.stores.state import schema


def progress(caller: Caller, connection: Connection, outputs: Collection[str]) -> dict[tuple[str, str, str], int]:
    """Photos of the caller's libraries by output, version and state."""
    c = schema.photo_outputs.c
    statement = (
        select(c.output, c.version, c.state, func.count())
        .where(c.library_id.in_(caller.libraries), c.output.in_(outputs), c.version.is_not(None))
        .group_by(c.output, c.version, c.state)
    )
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(statement)}
