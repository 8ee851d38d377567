"""What serving says about search candidates: which of them the caller may see, and how many the index lacks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Uuid, any_, func, literal, select

from api.queries.filters import accepted
from darkroom.domain.filters import Filter
from darkroom.domain.outputs import INDEX_OUTPUT
from darkroom.security.callers import Caller
from darkroom.stores.state import schema

photos, outputs = schema.photos, schema.published_outputs


def visible(
    caller: Caller, connection: Connection, photo_ids: Sequence[UUID], filter: Filter | None, epoch: int
) -> set[UUID]:
    """Those of the photos that were published by `epoch`, are in the caller's libraries and fulfil the filter."""
    among = photos.c.photo_id == any_(literal(list(photo_ids), ARRAY(Uuid)))
    statement = select(photos.c.photo_id).where(among, photos.c.epoch <= epoch, accepted(caller, filter))
    return set(connection.execute(statement).scalars())


def not_indexed(caller: Caller, connection: Connection) -> int:
    """How many published photos of the caller's libraries have no entry in the index although they should."""
    lacking = (outputs.c.output == INDEX_OUTPUT, outputs.c.state.in_(("failed", "missing")))
    statement = select(func.count()).where(outputs.c.library_id.in_(caller.libraries), *lacking)
    return connection.execute(statement).scalar_one()
