"""What serving says about searches: which candidates the caller may see, what is not indexed, what results share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Uuid,
    all_,
    and_,
    any_,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
)

from api.queries.filters import accepted
from api.queries.people_named import shows
from darkroom.domain.filters import Filter
from darkroom.domain.outputs import INDEX_OUTPUT, VECTOR_OUTPUTS
from darkroom.security.callers import Caller
from darkroom.stores.state import schema

photos, outputs, current = schema.photos, schema.published_outputs, schema.outputs
faces, people, libraries = schema.faces, schema.people, schema.libraries

MOST_VALUES = 100
"""Cameras and people a facet lists."""


def restricted(caller: Caller, filter: Filter | None, person_id: UUID | None, epoch: int) -> ColumnElement[bool]:
    """Photos that were first published by `epoch`, are the caller's, fulfil the filter, and show the person."""
    first = func.coalesce(photos.c.first_epoch, photos.c.epoch)
    shown = [shows(caller, [person_id])] if person_id else []
    return and_(first <= epoch, accepted(caller, filter), *shown)


def among(caller: Caller, photo_ids: Collection[UUID]) -> ColumnElement[bool]:
    """These photos, where they are the caller's."""
    return and_(photos.c.photo_id == any_(literal(list(photo_ids), ARRAY(Uuid))), accepted(caller, None))


def visible(
    caller: Caller, connection: Connection, photo_ids: Sequence[UUID], restriction: ColumnElement[bool]
) -> set[UUID]:
    """Those of the photos that meet the restriction."""
    statement = select(photos.c.photo_id).where(among(caller, photo_ids), restriction)
    return set(connection.execute(statement).scalars())


def matching(caller: Caller, connection: Connection, restriction: ColumnElement[bool], limit: int) -> Sequence[UUID]:
    """At most `limit` of the photos that meet the restriction, in no order."""
    statement = select(photos.c.photo_id).where(accepted(caller, None), restriction).limit(limit)
    return connection.execute(statement).scalars().all()


def showing(
    caller: Caller,
    connection: Connection,
    person_ids: Collection[UUID],
    restriction: ColumnElement[bool],
    limit: int,
) -> list[UUID]:
    """At most `limit` photos that show one of these people and meet the restriction, newest first."""
    newest = (photos.c.taken_local.desc().nulls_last(), photos.c.photo_id)
    statement = select(photos.c.photo_id).where(shows(caller, person_ids), restriction).order_by(*newest).limit(limit)
    return list(connection.execute(statement).scalars())


def missing(caller: Caller, connection: Connection) -> dict[str, int]:
    """How many published photos of the caller's libraries lack what searches need and should have, by output.

    Of vectors those of another version than the one that counts lack, too: no search compares them. What a library has
    switched off, its photos should not have.
    """
    counts = and_(current.c.library_id == outputs.c.library_id, current.c.output == outputs.c.output)
    earlier = and_(
        outputs.c.output.in_(VECTOR_OUTPUTS), outputs.c.state == "done", outputs.c.version != current.c.version
    )
    needed = outputs.c.output.in_((INDEX_OUTPUT, *VECTOR_OUTPUTS))
    wanted = outputs.c.output != all_(libraries.c.outputs_off)
    statement = (
        select(outputs.c.output, func.count())
        .outerjoin(current, counts)
        .join(libraries, libraries.c.id == outputs.c.library_id)
        .where(outputs.c.library_id.in_(caller.libraries), needed, wanted)
        .where(or_(outputs.c.state.in_(("failed", "missing")), earlier))
        .group_by(outputs.c.output)
    )
    return dict(connection.execute(statement).tuples().all())


def counted(caller: Caller, connection: Connection, condition: ColumnElement[bool]) -> int:
    """How many photos meet the condition."""
    return connection.execute(
        select(func.count()).select_from(photos).where(accepted(caller, None), condition)
    ).scalar_one()


def years(caller: Caller, connection: Connection, condition: ColumnElement[bool]) -> Sequence[Row[int, int]]:
    """Years of capture with their photos that meet the condition, newest first."""
    year = cast(extract("year", photos.c.taken_local), Integer).label("value")
    statement = select(year, func.count().label("photos")).where(
        accepted(caller, None), condition, photos.c.taken_local.is_not(None)
    )
    return connection.execute(statement.group_by(year).order_by(year.desc())).all()


def cameras(caller: Caller, connection: Connection, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Camera models with their photos that meet the condition, most photos first."""
    model, number = photos.c.camera_model.label("value"), func.count().label("photos")
    statement = (
        select(model, number)
        .where(accepted(caller, None), condition, photos.c.camera_model.is_not(None))
        .group_by(model)
    )
    return connection.execute(statement.order_by(number.desc(), model).limit(MOST_VALUES)).all()


def persons(caller: Caller, connection: Connection, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Named people, not hidden, with the photos that show them and meet the condition, most photos first."""
    number = func.count(faces.c.photo_id.distinct()).label("photos")
    statement = (
        select(people.c.person_id.label("id"), people.c.name, number)
        .join(faces, faces.c.person_id == people.c.person_id)
        .join(photos, photos.c.photo_id == faces.c.photo_id)
        .where(condition, people.c.library_id.in_(caller.libraries), people.c.name.is_not(None))
        .where(people.c.hidden.is_(False))
        .group_by(people.c.person_id, people.c.name)
        .order_by(number.desc(), people.c.name, people.c.person_id)
    )
    return connection.execute(statement.limit(MOST_VALUES)).all()
