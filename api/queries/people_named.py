"""People as searches use them: what they are called, and which photos show whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Connection, Row, Uuid, any_, literal, select

from darkroom.security.callers import Caller
from darkroom.stores.state import schema

people, faces, photos = schema.people, schema.faces, schema.photos


def shown(caller: Caller, connection: Connection, among: Collection[UUID] | None = None) -> dict[UUID, str]:
    """Names of everyone in the caller's libraries, or `among` these, who has one and is not hidden.

    They are few, and compared by the rules of `darkroom.domain.words`, which SQL could only say slowly.
    """
    statement = select(people.c.person_id, people.c.name).where(
        people.c.library_id.in_(caller.libraries), people.c.name.is_not(None), people.c.hidden.is_(False)
    )
    if among is not None:
        statement = statement.where(people.c.person_id.in_(among))
    return dict(connection.execute(statement).tuples().all())


def named(caller: Caller, connection: Connection, person_id: UUID) -> Row[str | None] | None:
    """Row `name` of the person, hidden or not; `None` when the caller's libraries have nobody with this id."""
    statement = select(people.c.name).where(people.c.library_id.in_(caller.libraries), people.c.person_id == person_id)
    return connection.execute(statement).one_or_none()


def shows(caller: Caller, person_ids: Collection[UUID]) -> ColumnElement[bool]:
    """Photos that show one of these people."""
    shown = select(faces.c.photo_id).where(
        faces.c.person_id == any_(literal(list(person_ids), ARRAY(Uuid))), faces.c.library_id.in_(caller.libraries)
    )
    return photos.c.photo_id.in_(shown)


def people_in(
    caller: Caller, connection: Connection, photo_ids: Sequence[UUID], person_ids: Collection[UUID]
) -> dict[UUID, set[UUID]]:
    """Which of these people each of the photos shows; photos that show none are left out."""
    statement = select(faces.c.photo_id, faces.c.person_id).where(
        faces.c.photo_id == any_(literal(list(photo_ids), ARRAY(Uuid))),
        faces.c.person_id == any_(literal(list(person_ids), ARRAY(Uuid))),
        faces.c.library_id.in_(caller.libraries),
    )
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for photo_id, person_id in connection.execute(statement).tuples():
        found[photo_id].add(person_id)
    return dict(found)
