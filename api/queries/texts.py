"""Text that was read in photos, line by line."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from darkroom.security.callers import Caller
from darkroom.stores.state import schema

photos, texts = schema.photos, schema.texts


def lines_of(caller: Caller, connection: Connection, photo_id: UUID) -> list[dict[str, Any]] | None:
    """The lines read in a photo, in reading order; empty where none were. `None` when there is no such photo."""
    statement = (
        select(texts.c.lines)
        .select_from(photos.outerjoin(texts, texts.c.photo_id == photos.c.photo_id))
        .where(photos.c.photo_id == photo_id, photos.c.library_id.in_(caller.libraries))
    )
    found = connection.execute(statement).one_or_none()
    return None if found is None else list(found.lines or [])
