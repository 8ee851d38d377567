"""Duplicates and stacks in state: what people decided, what they are found from, and what is shown of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update

from darkroom.domain.duplicate_decisions import Fact, Kind, Verdict
from darkroom.stores.state import schema

groups, members = schema.duplicate_groups, schema.duplicate_members
stacks, stacked = schema.stacks, schema.stack_members


def facts(connection: Connection, library_id: UUID, after: int = 0, until: int | None = None) -> list[Fact]:
    """What was decided in a library after the fact with one id, up to the one with another, in order."""
    table = schema.duplicate_facts
    statement = select(table).where(table.c.library_id == library_id, table.c.id > after).order_by(table.c.id)
    if until is not None:
        statement = statement.where(table.c.id <= until)
    return [
        Fact(
            Kind(row.kind),
            Verdict(row.verdict),
            tuple(map(str, row.photo_ids)),
            str(row.keeper_id) if row.keeper_id else None,
        )
        for row in connection.execute(statement)
    ]


def newest_fact(connection: Connection, library_id: UUID) -> int:
    """Id of the newest decision in a library; 0 before the first."""
    table = schema.duplicate_facts
    newest = select(func.coalesce(func.max(table.c.id), 0)).where(table.c.library_id == library_id)
    return connection.execute(newest).scalar_one()


def record(connection: Connection, library_id: UUID, fact: Fact, decided_by: UUID) -> None:
    """Appends a decision."""
    values = {
        "library_id": library_id,
        "kind": fact.kind,
        "verdict": fact.verdict,
        "photo_ids": list(map(UUID, fact.photo_ids)),
        "keeper_id": UUID(fact.keeper_id) if fact.keeper_id else None,
        "decided_by": decided_by,
    }
    connection.execute(insert(schema.duplicate_facts).values(**values))


def apply(connection: Connection, epoch: int, library_id: UUID, fact: Fact) -> None:
    """Shows a decision on the groups it is about: those that hold what it keeps, or two of what it names.

    A group whose decision is withdrawn proposes its first photo again.
    """
    named = set(map(UUID, fact.photo_ids))
    touched = select(members.c.group_id).where(members.c.photo_id.in_(named))
    statement = (
        select(members.c.group_id, members.c.photo_id, members.c.size_bytes)
        .join(groups, groups.c.group_id == members.c.group_id)
        .where(groups.c.library_id == library_id, groups.c.kind == fact.kind, groups.c.group_id.in_(touched))
        .order_by(members.c.group_id, members.c.position)
    )
    sizes: dict[UUID, dict[UUID, int]] = {}
    for row in connection.execute(statement):
        sizes.setdefault(row.group_id, {})[row.photo_id] = row.size_bytes
    for group_id, held in sizes.items():
        about = len(named & held.keys()) > 1 or fact.kind is Kind.BYTES
        if UUID(fact.keeper_id) in held if fact.keeper_id else about:
            values = {"epoch": epoch, **_shown_of(fact, held)}
            connection.execute(update(groups).where(groups.c.group_id == group_id).values(**values))


def _shown_of(fact: Fact, held: Mapping[UUID, int]) -> dict[str, Any]:
    """What a group shows of a decision about it; `held` are the sizes of its photos, the best first."""
    if fact.verdict is Verdict.DISMISSED:
        return {"decision": Verdict.DISMISSED}
    keeper = UUID(fact.keeper_id) if fact.keeper_id else next(iter(held))
    complete = fact.verdict is Verdict.KEPT and held.keys() <= set(map(UUID, fact.photo_ids))
    wasted = {} if fact.kind is Kind.BYTES else {"wasted_bytes": sum(held.values()) - held[keeper]}
    return {"decision": Verdict.KEPT if complete else None, "keeper_id": keeper, **wasted}


def photos(connection: Connection, library_id: UUID) -> list[dict[str, Any]]:
    """What is published of a library's photos, as far as it helps to compare them."""
    table = schema.photos
    names = ("photo_id", "sha256", "media_type", "width", "height", "orientation")
    described = ("taken_local", "taken_source", "camera_make", "camera_model")
    columns = [table.c[name] for name in (*names, *described)]
    return [row._asdict() for row in connection.execute(select(*columns).where(table.c.library_id == library_id))]


def unchanged(connection: Connection, library_id: UUID, epoch: int) -> set[UUID]:
    """Photos of a library that are published as they were at an epoch."""
    table = schema.photos
    same = (table.c.library_id == library_id, table.c.epoch <= epoch)
    return set(connection.execute(select(table.c.photo_id).where(*same)).scalars())


def files(connection: Connection, library_id: UUID) -> list[dict[str, Any]]:
    """The published files of a library's photos. What two sources hold, one of them inside the other, is one file."""
    table, sources = schema.photo_files, schema.sources
    columns = [table.c[name] for name in ("photo_id", "source_id", "path", "sha256", "size_bytes")]
    place = func.rtrim(sources.c.path, "/") + "/" + table.c.path
    statement = (
        select(*columns)
        .distinct(place)
        .join(sources, sources.c.id == table.c.source_id)
        .where(table.c.library_id == library_id)
        .order_by(place, sources.c.created_at, sources.c.id)
    )
    return [row._asdict() for row in connection.execute(statement)]


def computed(connection: Connection, library_id: UUID, output: str) -> list[tuple[str, str, int]]:
    """Photo, version and attempt of an output wherever it is published."""
    table = schema.published_outputs
    statement = select(table.c.photo_id, table.c.version, table.c.attempt).where(
        table.c.library_id == library_id, table.c.output == output, table.c.state == "done"
    )
    return [(str(row.photo_id), row.version, row.attempt) for row in connection.execute(statement)]


def texts(connection: Connection, library_id: UUID, photo_ids: Collection[str]) -> dict[str, str]:
    """The published text of these photos, where there is one."""
    table = schema.photos
    statement = select(table.c.photo_id, table.c.text).where(
        table.c.library_id == library_id, table.c.photo_id.in_(map(UUID, photo_ids)), table.c.text.is_not(None)
    )
    return {str(row.photo_id): row.text for row in connection.execute(statement)}


def replace(
    connection: Connection,
    library_id: UUID,
    *,
    groups_of: Sequence[Mapping[str, Any]],
    members_of: Sequence[Mapping[str, Any]],
    stacks_of: Sequence[Mapping[str, Any]],
    stacked_of: Sequence[Mapping[str, Any]],
) -> list[UUID]:
    """Makes these the duplicates and stacks of a library; returns the photos that are grouped otherwise than before."""
    before = _shown(connection, library_id)
    connection.execute(delete(groups).where(groups.c.library_id == library_id))
    connection.execute(delete(stacks).where(stacks.c.library_id == library_id))
    for table, rows in ((groups, groups_of), (members, members_of), (stacks, stacks_of), (stacked, stacked_of)):
        if rows:
            connection.execute(insert(table), list(rows))
    return sorted({photo for photo, *_ in before ^ _shown(connection, library_id)})


def _shown(connection: Connection, library_id: UUID) -> set[tuple[Any, ...]]:
    """Who is grouped how: photo, group or stack, and the group's keeper or the place in the stack."""
    grouped = (
        select(members.c.photo_id, groups.c.group_id, groups.c.keeper_id)
        .join(groups, groups.c.group_id == members.c.group_id)
        .where(groups.c.library_id == library_id)
    )
    piled = select(stacked.c.photo_id, stacked.c.stack_id, stacked.c.position).where(stacked.c.library_id == library_id)
    return {tuple(row) for statement in (grouped, piled) for row in connection.execute(statement)}
