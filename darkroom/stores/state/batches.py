"""Batches and their items: the units of work, and how far each file has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from darkroom.domain.states import BATCH_UNFINISHED
from darkroom.stores.state import schema
from darkroom.stores.state.sources import SeenFile


@dataclass(frozen=True)
class Batch:
    """A batch as the pipeline sees it. `sequence` is the attempt number of the rows it writes."""

    id: UUID
    sequence: int
    library_id: UUID
    request_id: UUID | None
    kind: str
    priority: int
    state: str
    attempt: int
    files: int
    epoch: int | None
    frozen_at: datetime


@dataclass(frozen=True)
class Item:
    """One file or photo of a batch. `file` is null when only the photo is to be processed again."""

    position: int
    state: str
    photo_id: UUID | None
    source_file_id: int | None
    source_id: UUID | None
    file: SeenFile | None


def freeze(
    connection: Connection,
    *,
    library_id: UUID,
    request_id: UUID | None,
    kind: str,
    priority: int,
    items: Sequence[tuple[int | None, UUID | None]],
) -> UUID:
    """Fixes a batch of (source file id, photo id) items; nothing is added to it later. Returns its id."""
    statement = insert(schema.batches).values(
        library_id=library_id, request_id=request_id, kind=kind, priority=priority, files=len(items)
    )
    batch_id: UUID = connection.execute(statement.returning(schema.batches.c.id)).scalar_one()
    connection.execute(
        insert(schema.batch_items),
        [
            {
                "batch_id": batch_id,
                "position": position,
                "library_id": library_id,
                "source_file_id": file_id,
                "photo_id": photo_id,
            }
            for position, (file_id, photo_id) in enumerate(items)
        ],
    )
    return batch_id


def batch(connection: Connection, batch_id: UUID) -> Batch:
    """The batch with this id. Raises `LookupError`."""
    found = _select(connection, schema.batches.c.id == batch_id)
    if not found:
        raise LookupError(f"there is no batch {batch_id}")
    return found[0]


def in_state(connection: Connection, *states: str) -> list[Batch]:
    """Batches in these states, most urgent and oldest first."""
    return _select(connection, schema.batches.c.state.in_(states))


def begin(connection: Connection, batch_id: UUID) -> None:
    """Marks a batch as running. Raises `RuntimeError` when it has ended already, for instance by being cancelled.

    Called in every transaction that records work, too: a step that outlived its cancelled import records nothing.
    """
    table = schema.batches
    statement = (
        update(table)
        .where(table.c.id == batch_id, table.c.state.in_(BATCH_UNFINISHED))
        .values(state="running", started_at=func.coalesce(table.c.started_at, func.now()))
    )
    if connection.execute(statement).rowcount == 0:
        raise RuntimeError(f"batch {batch_id} has ended; import its files again to process them")


def end(
    connection: Connection, batch_id: UUID, state: str, *, error: str | None = None, epoch: int | None = None
) -> None:
    """Ends a batch as `published`, `failed` or `cancelled`."""
    table = schema.batches
    connection.execute(
        update(table)
        .where(table.c.id == batch_id, table.c.state.in_(BATCH_UNFINISHED))
        .values(state=state, error=error, epoch=epoch, finished_at=func.now())
    )


def try_again(connection: Connection, batch_id: UUID) -> None:
    """Puts a batch whose run died back in line; what it had committed is not done twice."""
    table = schema.batches
    connection.execute(
        update(table)
        .where(table.c.id == batch_id, table.c.state.in_(BATCH_UNFINISHED))
        .values(state="frozen", attempt=table.c.attempt + 1)
    )


def items(connection: Connection, batch_id: UUID) -> list[Item]:
    """The items of a batch in order."""
    table, files = schema.batch_items, schema.source_files
    statement = (
        select(table.c.position, table.c.state, table.c.photo_id.label("item_photo"), table.c.source_file_id, files)
        .outerjoin(files, files.c.id == table.c.source_file_id)
        .where(table.c.batch_id == batch_id)
        .order_by(table.c.position)
    )
    found = []
    for row in connection.execute(statement):
        file = None
        if row.source_file_id is not None:
            file = SeenFile(row.path, row.path_raw, row.device, row.inode, row.size_bytes, row.mtime_ns)
        found.append(Item(row.position, row[1], row.item_photo, row.source_file_id, row.source_id, file))
    return found


def files(connection: Connection, batch_id: UUID) -> set[tuple[str, str, str]]:
    """(source, path, digest) of the files of a batch, as they were last read."""
    table, held = schema.batch_items, schema.source_files
    statement = (
        select(held.c.source_id, held.c.path, held.c.sha256)
        .join(table, table.c.source_file_id == held.c.id)
        .where(table.c.batch_id == batch_id, held.c.sha256.is_not(None))
    )
    return {(str(row.source_id), row.path, row.sha256) for row in connection.execute(statement)}


def settle_item(
    connection: Connection, batch_id: UUID, position: int, state: str, photo_id: UUID | None = None
) -> None:
    """Records how an item ended: `taken`, `failed`, `unsupported` or `quarantined`."""
    table = schema.batch_items
    connection.execute(
        update(table)
        .where(table.c.batch_id == batch_id, table.c.position == position)
        .values(state=state, photo_id=photo_id)
    )


def photos_in_state(connection: Connection, batch_id: UUID, *states: str) -> list[UUID]:
    """Photos of the batch whose items are in these states, without repeats, in id order."""
    table = schema.batch_items
    statement = (
        select(table.c.photo_id)
        .where(table.c.batch_id == batch_id, table.c.state.in_(states), table.c.photo_id.is_not(None))
        .distinct()
        .order_by(table.c.photo_id)
    )
    return list(connection.execute(statement).scalars())


def photos_under_way(connection: Connection, library_id: UUID) -> set[UUID]:
    """Photos of a library's unfinished batches."""
    items, table = schema.batch_items, schema.batches
    statement = (
        select(items.c.photo_id)
        .join(table, table.c.id == items.c.batch_id)
        .where(table.c.library_id == library_id, table.c.state.in_(BATCH_UNFINISHED), items.c.photo_id.is_not(None))
    )
    return set(connection.execute(statement).scalars())


def quarantine(connection: Connection, batch_id: UUID, photo_ids: Sequence[UUID]) -> None:
    """Sets photos of the batch aside: they are not published."""
    table = schema.batch_items
    connection.execute(
        update(table).where(table.c.batch_id == batch_id, table.c.photo_id.in_(photo_ids)).values(state="quarantined")
    )


def cancel(connection: Connection, request_id: UUID) -> None:
    """Ends what is unfinished of a request's batches; files that nobody had opened are new to the next import."""
    table = schema.batches
    mine = select(table.c.id).where(table.c.request_id == request_id, table.c.state.in_(BATCH_UNFINISHED))
    unfinished: Sequence[UUID] = connection.execute(mine).scalars().all()
    for batch_id in unfinished:
        end(connection, batch_id, "cancelled")
        _release_files(connection, batch_id)


def abandoned_photos(connection: Connection, request_id: UUID) -> list[UUID]:
    """Photos of a request's cancelled and failed batches, never published and in no unfinished batch."""
    items, table, others = schema.batch_items, schema.batches, schema.batches.alias("others")
    theirs = schema.batch_items.alias("theirs")
    elsewhere = exists().where(
        theirs.c.photo_id == items.c.photo_id, others.c.id == theirs.c.batch_id, others.c.state.in_(BATCH_UNFINISHED)
    )
    served = exists().where(schema.photos.c.photo_id == items.c.photo_id)
    statement = (
        select(items.c.photo_id)
        .join(table, table.c.id == items.c.batch_id)
        .where(
            table.c.request_id == request_id, table.c.state.in_(("cancelled", "failed")), items.c.photo_id.is_not(None)
        )
        .where(~served, ~elsewhere)
    )
    return list(connection.execute(statement.distinct().order_by(items.c.photo_id)).scalars())


def _release_files(connection: Connection, batch_id: UUID) -> None:
    table, held = schema.batch_items, schema.source_files
    waiting = select(table.c.source_file_id).where(table.c.batch_id == batch_id, table.c.state == "waiting")
    held_ids: Sequence[int | None] = connection.execute(waiting).scalars().all()
    ids = [file_id for file_id in held_ids if file_id is not None]
    connection.execute(
        update(table).where(table.c.batch_id == batch_id, table.c.state == "waiting").values(source_file_id=None)
    )
    never_taken = held.c.id.in_(ids) & held.c.photo_id.is_(None) & (held.c.state == "frozen")
    referenced = select(table.c.source_file_id).where(table.c.source_file_id.is_not(None))
    connection.execute(delete(held).where(never_taken, held.c.id.not_in(referenced)))


def ended_before(connection: Connection, days: int) -> set[UUID]:
    """Batches that ended more than `days` days ago."""
    table = schema.batches
    statement = select(table.c.id).where(table.c.finished_at < func.now() - func.make_interval(0, 0, 0, days))
    return set(connection.execute(statement).scalars())


def _select(connection: Connection, condition: object) -> list[Batch]:
    table = schema.batches
    columns = [table.c[name] for name in Batch.__dataclass_fields__]
    statement = select(*columns).where(condition).order_by(table.c.priority.desc(), table.c.sequence)  # type: ignore[arg-type]
    return [Batch(**row._mapping) for row in connection.execute(statement)]
