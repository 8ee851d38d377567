"""People: the faces that are published and whose they are, and the facts of what was decided about them.

The owner of the tables and the API's role both use it, each seeing what it may. Belongs here: statements. Does not
belong here: rules (`darkroom.domain.people`, `darkroom.services.curating`), pages for clients (`api.queries.people`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Connection,
    Row,
    Uuid,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from darkroom.domain.curation import Fact, FactKind, Place
from darkroom.stores.state import schema

REGROUPING = ("confirmed", "rejected", "merged")
facts, faces, people = schema.person_facts, schema.faces, schema.people


def newest_fact(connection: Connection, library_id: UUID, kinds: Sequence[str] = tuple(FactKind)) -> int:
    """Number of the newest fact of these kinds (0: none)."""
    statement = select(func.max(facts.c.id)).where(facts.c.library_id == library_id, facts.c.kind.in_(kinds))
    return connection.execute(statement).scalar() or 0


def newest_regrouping(connection: Connection, library_id: UUID) -> int:
    """Number of the newest fact after which faces may belong elsewhere than the current generation says (0: none).

    Naming and hiding move no face, unless that generation was being made meanwhile and gave away what the person had.
    """
    shown = schema.generations
    missed = (
        select(func.max(facts.c.id))
        .join(shown, (shown.c.library_id == facts.c.library_id) & (facts.c.id > shown.c.fact))
        .where(shown.c.library_id == library_id, shown.c.kind == "people", shown.c.state == "current")
        .where(facts.c.photo_id.is_not(None), facts.c.decided_at < shown.c.flipped_at)
    )
    return max(newest_fact(connection, library_id, REGROUPING), connection.execute(missed).scalar() or 0)


def facts_of(connection: Connection, library_id: UUID, upto: int | None = None, after: int = 0) -> list[Fact]:
    """Facts of a library, oldest first: those `after` one, `upto` the last one wanted."""
    statement = select(facts).where(facts.c.library_id == library_id, facts.c.id > after).order_by(facts.c.id)
    if upto is not None:
        statement = statement.where(facts.c.id <= upto)
    return [_fact(row) for row in connection.execute(statement)]


def facts_after(connection: Connection, number: int) -> Sequence[Row[Any]]:
    """Rows of later facts, of every library, in order.

    Whoever took an earlier number and has not committed yet is waited for, so that no fact is ever passed over.
    """
    connection.execute(text("LOCK TABLE control.person_facts IN SHARE MODE"))
    return connection.execute(select(facts).where(facts.c.id > number).order_by(facts.c.id)).all()


def record_facts(connection: Connection, library_id: UUID, user_id: UUID, told: Iterable[Fact]) -> None:
    """Appends facts in the order given."""
    rows = [
        {
            "library_id": library_id,
            "kind": str(fact.kind),
            "person_id": fact.person_id,
            "into_person_id": fact.into_person_id,
            "name": fact.name,
            "photo_id": fact.place.photo_id if fact.place else None,
            **dict(zip("xywh", fact.place.box if fact.place else (None,) * 4, strict=True)),
            "decided_by": user_id,
        }
        for fact in told
    ]
    if rows:
        connection.execute(insert(facts), rows)


def anchored(connection: Connection, library_id: UUID, person_id: UUID) -> int:
    """How many facts say that a face is or was the person's."""
    mine = (facts.c.library_id == library_id, facts.c.person_id == person_id)
    told = (facts.c.photo_id.is_not(None), facts.c.kind != FactKind.REJECTED)
    return connection.execute(select(func.count()).where(*mine, *told)).scalar_one()


def published_faces(connection: Connection, library_id: UUID) -> Sequence[Row[Any]]:
    """Every published face of a library, by id."""
    return connection.execute(select(faces).where(faces.c.library_id == library_id).order_by(faces.c.face_id)).all()


def person(connection: Connection, library_ids: Collection[UUID], person_id: UUID) -> Row[Any] | None:
    """A person of one of these libraries."""
    statement = select(people).where(people.c.person_id == person_id, people.c.library_id.in_(library_ids))
    return connection.execute(statement).one_or_none()


def namesakes(connection: Connection, library_id: UUID, name: str, but: UUID) -> list[Row[Any]]:
    """Others of a library whose names are equal but for upper and lower case."""
    same = func.lower(people.c.name) == func.lower(name)
    mine = (people.c.library_id == library_id, people.c.person_id != but)
    return list(connection.execute(select(people).where(*mine, same).order_by(people.c.person_id)))


def faces_of(connection: Connection, person_ids: Collection[UUID], limit: int | None = None) -> Sequence[Row[Any]]:
    """Faces of these people, the largest first."""
    statement = select(faces).where(faces.c.person_id.in_(person_ids)).order_by(*_best()).limit(limit)
    return connection.execute(statement).all()


def faces_with(connection: Connection, library_id: UUID, face_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Faces of a library with these ids, by id."""
    statement = select(faces).where(faces.c.library_id == library_id, faces.c.face_id.in_(face_ids))
    return connection.execute(statement.order_by(faces.c.face_id)).all()


def assign(connection: Connection, epoch: int, library_id: UUID, whose: Mapping[UUID, UUID | None]) -> list[UUID]:
    """Says whose faces are; those that nobody publishes any more are passed over. Returns photos that changed."""
    given = (
        func.unnest(cast(list(whose), ARRAY(Uuid)), cast(list(whose.values()), ARRAY(Uuid)))
        .table_valued(column("face_id", Uuid), column("person_id", Uuid))
        .render_derived(name="given")
    )
    statement = (
        update(faces)
        .where(
            faces.c.face_id == given.c.face_id,
            faces.c.library_id == library_id,
            faces.c.person_id.is_distinct_from(given.c.person_id),
        )
        .values(person_id=given.c.person_id, epoch=epoch)
        .returning(faces.c.photo_id)
    )
    return sorted(set(connection.execute(statement).scalars()))


def describe(
    connection: Connection, epoch: int, library_id: UUID, names: Mapping[UUID, str | None], hidden: Collection[UUID]
) -> None:
    """Gives people these names, and hides those of them that are hidden; who is not there yet has no face."""
    rows = [
        {
            "person_id": person_id,
            "library_id": library_id,
            "name": name,
            "hidden": person_id in hidden,
            "faces": 0,
            "photos": 0,
            "epoch": epoch,
        }
        for person_id, name in names.items()
    ]
    if not rows:
        return
    statement = upsert(people).values(rows)
    new = statement.excluded
    differs = people.c.name.is_distinct_from(new.name) | (people.c.hidden != new.hidden)
    values = {"name": new.name, "hidden": new.hidden, "epoch": new.epoch}
    connection.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values, where=differs))


def remove(connection: Connection, person_ids: Collection[UUID]) -> None:
    """Ends people, whatever their names."""
    connection.execute(delete(people).where(people.c.person_id.in_(person_ids)))


def recount(connection: Connection, epoch: int, library_id: UUID, person_ids: Collection[UUID] | None = None) -> None:
    """Brings counts and covers of people (all, or these) up to date; who has neither face nor name ends.

    A cover stays as long as it is the person's face.
    """
    wanted = [faces.c.library_id == library_id, faces.c.person_id.is_not(None)]
    mine = [people.c.library_id == library_id]
    if person_ids is not None:
        wanted.append(faces.c.person_id.in_(person_ids))
        mine.append(people.c.person_id.in_(person_ids))
    covers = faces.c.face_id.is_not_distinct_from(people.c.cover_face_id)
    counted = (
        select(
            faces.c.person_id,
            faces.c.library_id,
            func.array_agg(aggregate_order_by(faces.c.face_id, covers.desc(), *_best()))[1],
            func.count(),
            func.count(faces.c.photo_id.distinct()),
            literal(epoch),
        )
        .join(people, people.c.person_id == faces.c.person_id, isouter=True)
        .where(*wanted)
        .group_by(faces.c.person_id, faces.c.library_id)
    )
    counts = ["cover_face_id", "faces", "photos"]
    statement = upsert(people).from_select(["person_id", "library_id", *counts, "epoch"], counted)
    new = statement.excluded
    differs = or_(*(people.c[name].is_distinct_from(new[name]) for name in counts))
    values = {name: new[name] for name in (*counts, "epoch")}
    connection.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values, where=differs))
    alone = ~exists().where(faces.c.person_id == people.c.person_id)
    connection.execute(delete(people).where(*mine, alone, people.c.name.is_(None)))
    left = {"faces": 0, "photos": 0, "cover_face_id": None, "epoch": epoch}
    connection.execute(update(people).where(*mine, alone, people.c.faces > 0).values(left))


def _best() -> tuple[Any, ...]:
    return faces.c.size_px.desc(), faces.c.score.desc(), faces.c.face_id


def _fact(row: Row[Any]) -> Fact:
    place = Place(row.photo_id, (row.x, row.y, row.w, row.h)) if row.photo_id else None
    return Fact(FactKind(row.kind), row.person_id, row.into_person_id, row.name, place)
