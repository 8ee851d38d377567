"""People and their faces, as pages and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, func, or_, select

from darkroom.security.callers import Caller
from darkroom.stores.state import schema

people, faces, photos = schema.people, schema.faces, schema.photos

UNDATED = datetime(1, 1, 1)  # noqa: DTZ001 - wall times have no zone
"""Where photos without a date stand: after all others, the newest being first."""


@dataclass(frozen=True)
class FacePosition:
    """Place of a face in a person's list: newest photo first, then by id."""

    taken_local: datetime
    face_id: UUID


def page(
    caller: Caller,
    connection: Connection,
    *,
    named: bool | None,
    hidden: bool,
    after: tuple[int, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """At most `limit` people, who are on most photos first; with the thumbnail of their cover."""
    statement = _people(caller).where(people.c.hidden == hidden)
    if named is not None:
        statement = statement.where(people.c.name.is_not(None) if named else people.c.name.is_(None))
    if after is not None:
        count, person_id = after
        later = and_(people.c.photos == count, people.c.person_id > person_id)
        statement = statement.where(or_(people.c.photos < count, later))
    return connection.execute(statement.order_by(people.c.photos.desc(), people.c.person_id).limit(limit)).all()


def by_id(caller: Caller, connection: Connection, person_id: UUID) -> Row[Any] | None:
    """The person with this id, if the caller may see them."""
    return connection.execute(_people(caller).where(people.c.person_id == person_id)).one_or_none()


def faces_of(
    caller: Caller, connection: Connection, person_id: UUID, after: FacePosition | None, limit: int
) -> Sequence[Row[Any]]:
    """At most `limit` faces of a person."""
    taken = func.coalesce(photos.c.taken_local, UNDATED).label("taken")
    statement = (
        select(faces, taken)
        .join(photos, photos.c.photo_id == faces.c.photo_id)
        .where(faces.c.person_id == person_id, faces.c.library_id.in_(caller.libraries))
    )
    if after is not None:
        later = and_(taken == after.taken_local, faces.c.face_id > after.face_id)
        statement = statement.where(or_(taken < after.taken_local, later))
    return connection.execute(statement.order_by(taken.desc(), faces.c.face_id).limit(limit)).all()


def face(caller: Caller, connection: Connection, face_id: UUID) -> Row[Any] | None:
    """The face with this id, if the caller may see it."""
    statement = select(faces).where(faces.c.face_id == face_id, faces.c.library_id.in_(caller.libraries))
    return connection.execute(statement).one_or_none()


def _people(caller: Caller) -> Any:
    cover = and_(faces.c.face_id == people.c.cover_face_id, faces.c.person_id == people.c.person_id)
    return (
        select(people, faces.c.face_id.label("cover"), faces.c.thumbnail_sha256)
        .join(faces, cover, isouter=True)
        .where(people.c.library_id.in_(caller.libraries))
    )
