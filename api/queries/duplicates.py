"""Duplicates and stacks: lists, one group, its photos, and deciding about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, tuple_

from api.queries import photos
from api.queries.photos import PhotoRecord
from darkroom.domain.duplicate_decisions import Fact, Kind, Verdict
from darkroom.security.callers import Caller
from darkroom.stores.state import duplicates as store
from darkroom.stores.state import schema
from darkroom.stores.state.publishing import next_epoch

groups, members = schema.duplicate_groups, schema.duplicate_members
stacks, stacked, generations = schema.stacks, schema.stack_members, schema.generations

SHOWN = 100
"""Photos of a group that come with it; the others are asked for by themselves."""


@dataclass(frozen=True)
class GroupRecord:
    """A group's serving row and its first photos, the kept one before all."""

    row: dict[str, Any]
    photos: list[PhotoRecord]


def generation(caller: Caller, connection: Connection) -> str:
    """What the lists show: it changes when duplicates are found anew among other photos."""
    mine = (generations.c.library_id.in_(caller.libraries), generations.c.kind == "duplicates")
    statement = select(generations.c.library_id, generations.c.epoch).where(*mine, generations.c.state == "current")
    return " ".join(sorted(f"{row.library_id}:{row.epoch}" for row in connection.execute(statement)))


def page(
    caller: Caller,
    connection: Connection,
    kind: str | None,
    decided: bool | None,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[GroupRecord]:
    """At most `limit` groups that were not dismissed, those that wasted most when they were found first."""
    statement = select(groups).where(groups.c.library_id.in_(caller.libraries))
    if decided is None:
        statement = statement.where(groups.c.decision.is_distinct_from(Verdict.DISMISSED))
    else:
        statement = statement.where(groups.c.decision == Verdict.KEPT if decided else groups.c.decision.is_(None))
    if kind is not None:
        statement = statement.where(groups.c.kind == kind)
    if after is not None:
        statement = statement.where(tuple_(groups.c.found_bytes, groups.c.group_id) < after)
    order = (groups.c.found_bytes.desc(), groups.c.group_id.desc())
    return _completed(caller, connection, connection.execute(statement.order_by(*order).limit(limit)).all())


def by_id(caller: Caller, connection: Connection, group_id: UUID) -> GroupRecord | None:
    """The group with this id, if the caller may see it; one that was dismissed until duplicates are found anew."""
    statement = select(groups).where(groups.c.group_id == group_id, groups.c.library_id.in_(caller.libraries))
    found = _completed(caller, connection, connection.execute(statement).all())
    return found[0] if found else None


def photos_of(
    caller: Caller, connection: Connection, group_id: UUID, after: int | None, limit: int
) -> list[tuple[int, PhotoRecord]]:
    """At most `limit` photos of a group with their places in it, best first."""
    statement = select(members.c.position, members.c.photo_id).where(
        members.c.group_id == group_id, members.c.library_id.in_(caller.libraries)
    )
    if after is not None:
        statement = statement.where(members.c.position > after)
    rows = connection.execute(statement.order_by(members.c.position).limit(limit)).all()
    known = _photos(caller, connection, [row.photo_id for row in rows])
    return [(row.position, known[row.photo_id]) for row in rows if row.photo_id in known]


def take_turn(caller: Caller, connection: Connection) -> int:
    """Takes the next publish epoch: waits for whoever else decides or publishes, and nobody does until this ends."""
    epoch, _ = next_epoch(connection)
    return epoch


def decide(
    caller: Caller,
    connection: Connection,
    epoch: int,
    group: GroupRecord,
    verdict: Verdict,
    keeper_id: UUID | None = None,
) -> None:
    """Records what was decided about the group, of `KEPT` with the photo to keep, and shows it."""
    row = group.row
    held = select(members.c.photo_id).where(
        members.c.group_id == row["group_id"], members.c.library_id.in_(caller.libraries)
    )
    ids: Sequence[UUID] = connection.execute(held.order_by(members.c.photo_id)).scalars().all()
    fact = Fact(Kind(row["kind"]), verdict, tuple(map(str, ids)), str(keeper_id) if keeper_id else None)
    store.record(connection, row["library_id"], fact, caller.user_id)
    store.apply(connection, epoch, row["library_id"], fact)


def merge(caller: Caller, connection: Connection, keeper_id: UUID, copies: Sequence[UUID]) -> list[UUID]:
    """Records that photos are copies of one, for the next search to group them.

    Returns those that are not published in the kept photo's library, or the kept one; then nothing is recorded.
    """
    table, ids = schema.photos, list(dict.fromkeys([keeper_id, *copies]))
    mine = (table.c.photo_id.in_(ids), table.c.library_id.in_(caller.libraries))
    statement = select(table.c.photo_id, table.c.library_id).where(*mine)
    there = {row.photo_id: row.library_id for row in connection.execute(statement)}
    library_id = there.get(keeper_id)
    if library_id is None:
        return [keeper_id]
    if strangers := [photo for photo in ids if there.get(photo) != library_id]:
        return strangers
    fact = Fact(Kind.NEAR, Verdict.KEPT, tuple(map(str, sorted(ids))), str(keeper_id))
    take_turn(caller, connection)
    store.record(connection, library_id, fact, caller.user_id)
    return []


def holds(caller: Caller, connection: Connection, group_id: UUID, photo_id: UUID) -> bool:
    """Whether the photo is in the group."""
    mine = (members.c.group_id == group_id, members.c.library_id.in_(caller.libraries))
    statement = select(func.count()).where(*mine, members.c.photo_id == photo_id)
    return connection.execute(statement).scalar_one() > 0


def stack_page(
    caller: Caller,
    connection: Connection,
    kind: str | None,
    photo_id: UUID | None,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[tuple[dict[str, Any], list[PhotoRecord]]]:
    """At most `limit` stacks (with `photo_id`, its own) with all their photos in order, those of most photos first."""
    statement = select(stacks).where(stacks.c.library_id.in_(caller.libraries))
    if kind is not None:
        statement = statement.where(stacks.c.kind == kind)
    if photo_id is not None:
        held_by = (stacked.c.photo_id == photo_id, stacked.c.library_id.in_(caller.libraries))
        statement = statement.where(stacks.c.stack_id.in_(select(stacked.c.stack_id).where(*held_by)))
    if after is not None:
        statement = statement.where(tuple_(stacks.c.photos, stacks.c.stack_id) < after)
    order = (stacks.c.photos.desc(), stacks.c.stack_id.desc())
    rows = connection.execute(statement.order_by(*order).limit(limit)).all()
    held: dict[UUID, list[UUID]] = defaultdict(list)
    mine = (stacked.c.stack_id.in_([row.stack_id for row in rows]), stacked.c.library_id.in_(caller.libraries))
    for row in connection.execute(select(stacked).where(*mine).order_by(stacked.c.position)):
        held[row.stack_id].append(row.photo_id)
    known = _photos(caller, connection, [photo for photos_ in held.values() for photo in photos_])
    return [(row._asdict(), [known[photo] for photo in held[row.stack_id] if photo in known]) for row in rows]


def _completed(caller: Caller, connection: Connection, rows: Sequence[Row[Any]]) -> list[GroupRecord]:
    held: dict[UUID, list[UUID]] = defaultdict(list)
    keepers = {row.group_id: row.keeper_id for row in rows}
    first: ColumnElement[bool] = or_(members.c.position < SHOWN, members.c.photo_id.in_(keepers.values()))
    mine = (members.c.group_id.in_(keepers), members.c.library_id.in_(caller.libraries))
    for row in connection.execute(select(members).where(*mine, first).order_by(members.c.position)):
        held[row.group_id].append(row.photo_id)
    known = _photos(caller, connection, [photo for found in held.values() for photo in found])
    made = []
    for row in rows:
        others = [photo for photo in held[row.group_id] if photo != row.keeper_id]
        made.append(GroupRecord(row._asdict(), [known[photo] for photo in (row.keeper_id, *others) if photo in known]))
    return made


def _photos(caller: Caller, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, PhotoRecord]:
    return {record.row["photo_id"]: record for record in photos.by_ids(caller, connection, list(dict.fromkeys(ids)))}
