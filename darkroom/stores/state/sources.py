"""Sources and the files seen in them: what planning knows about a folder before it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, and_, case, exists, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from darkroom.domain.paths import unescape
from darkroom.domain.states import BATCH_UNFINISHED
from darkroom.stores.state import schema


@dataclass(frozen=True)
class Source:
    """A registered folder. `mode` is `copy` (originals are kept in the object store) or `reference` (read in place)."""

    id: UUID
    library_id: UUID
    name: str
    mode: str
    root: Path
    watched: bool


@dataclass(frozen=True)
class SeenFile:
    """A file as the file system describes it; `path` is percent-escaped and relative to the source."""

    path: str
    path_raw: bytes
    device: str
    inode: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int = 0
    """When the file itself last changed, whatever its dates say: how one that is still being written is known."""


@dataclass(frozen=True)
class KnownFile:
    """What is known of a path: its last description, and whether nothing remains to be done while that holds."""

    size_bytes: int
    mtime_ns: int
    settled: bool


def source(connection: Connection, source_id: UUID) -> Source:
    """The source with this id. Raises `LookupError`."""
    row = connection.execute(select(schema.sources).where(schema.sources.c.id == source_id)).one_or_none()
    if row is None:
        raise LookupError(f"there is no source {source_id}")
    return Source(row.id, row.library_id, row.name, row.mode, Path(unescape(row.path)), row.watched)


def watched_sources_due(connection: Connection, every_seconds: float) -> list[UUID]:
    """Watched sources without an unfinished import and whose last one was asked for longer ago than this."""
    requests = schema.requests
    recent = (
        select(requests.c.id)
        .where(requests.c.source_id == schema.sources.c.id)
        .where(
            requests.c.state.in_(("new", "planning", "running", "cancelling"))
            | (requests.c.created_at > func.now() - func.make_interval(0, 0, 0, 0, 0, 0, every_seconds))
        )
    )
    statement = select(schema.sources.c.id).where(schema.sources.c.watched == true(), ~exists(recent))
    return list(connection.execute(statement.order_by(schema.sources.c.id)).scalars())


def known_files(connection: Connection, source_id: UUID, paths: Sequence[str]) -> dict[str, KnownFile]:
    """What is known of these paths.

    A file is settled when it is published at this path as it was last read, when it is no photo, when it failed for
    good, or while an unfinished batch holds it whose import is not being cancelled.
    """
    files, items, batches, served = schema.source_files, schema.batch_items, schema.batches, schema.photo_files
    stopping = select(schema.requests.c.id).where(schema.requests.c.state == "cancelling")
    published = exists().where(
        served.c.source_id == files.c.source_id, served.c.path == files.c.path, served.c.sha256 == files.c.sha256
    )
    held = exists().where(
        items.c.source_file_id == files.c.id,
        items.c.batch_id == batches.c.id,
        batches.c.state.in_(BATCH_UNFINISHED),
        func.coalesce(batches.c.request_id.not_in(stopping), True),
    )
    settled = case(
        (files.c.state == "missing", False),
        (files.c.state.in_(("unsupported", "failed")), True),
        (and_(files.c.state == "taken", published), True),
        else_=held,
    )
    statement = select(files.c.path, files.c.size_bytes, files.c.mtime_ns, settled.label("settled")).where(
        files.c.source_id == source_id, files.c.path.in_(paths)
    )
    return {row.path: KnownFile(row.size_bytes, row.mtime_ns, row.settled) for row in connection.execute(statement)}


def freeze_files(connection: Connection, source: Source, files: Sequence[SeenFile]) -> list[int]:
    """Records files as waiting to be taken in; returns their ids in order. What an earlier look learnt is kept."""
    table = schema.source_files
    ids: list[int] = []
    for file in files:
        values = {
            "path_raw": file.path_raw,
            "device": file.device,
            "inode": file.inode,
            "size_bytes": file.size_bytes,
            "mtime_ns": file.mtime_ns,
            "state": "frozen",
        }
        statement = insert(table).values(library_id=source.library_id, source_id=source.id, path=file.path, **values)
        statement = statement.on_conflict_do_update(
            index_elements=["source_id", "path"], set_={**values, "seen_at": func.now()}
        )
        ids.append(connection.execute(statement.returning(table.c.id)).scalar_one())
    return ids


def file_known_elsewhere(connection: Connection, source_id: UUID, file: SeenFile) -> tuple[str, UUID] | None:
    """Digest and photo of a file that was moved or linked here: same device, inode, size and time at another path."""
    table = schema.source_files
    row = connection.execute(
        select(table.c.sha256, table.c.photo_id)
        .where(
            table.c.source_id == source_id,
            table.c.device == file.device,
            table.c.inode == file.inode,
            table.c.size_bytes == file.size_bytes,
            table.c.mtime_ns == file.mtime_ns,
            table.c.path != file.path,
            # One that waits to be read again may have another content by now: what is known is of the former one.
            table.c.state.in_(("taken", "missing")),
            table.c.photo_id.is_not(None),
        )
        .limit(1)
    ).one_or_none()
    return (row.sha256, row.photo_id) if row else None


def taken(connection: Connection, photo_ids: Sequence[UUID]) -> set[tuple[UUID, str, str]]:
    """(source, path, digest) of the files in which these photos are now."""
    table = schema.source_files
    statement = select(table.c.source_id, table.c.path, table.c.sha256)
    return set(connection.execute(statement.where(table.c.photo_id.in_(photo_ids), table.c.state == "taken")).tuples())


def settle_file(
    connection: Connection, file_id: int, state: str, *, sha256: str | None = None, photo_id: UUID | None = None
) -> None:
    """Records how taking in a file ended: `taken`, `failed` or `unsupported`."""
    connection.execute(
        update(schema.source_files)
        .where(schema.source_files.c.id == file_id)
        .values(state=state, sha256=sha256, photo_id=photo_id)
    )


def count_files(connection: Connection, source_id: UUID) -> int:
    """How many files of the source were there at the last look."""
    table = schema.source_files
    statement = select(func.count()).where(table.c.source_id == source_id, table.c.state != "missing")
    return connection.execute(statement).scalar_one()


def mark_missing(connection: Connection, source_id: UUID, listed_since: object) -> int:
    """Marks files that a complete listing, begun at `listed_since`, did not see; returns how many."""
    table = schema.source_files
    statement = (
        update(table)
        .where(table.c.source_id == source_id, table.c.seen_at < listed_since, table.c.state != "missing")
        .values(state="missing")
    )
    return connection.execute(statement).rowcount


def touch_files(connection: Connection, source_id: UUID, paths: Sequence[str]) -> None:
    """Records that these files were seen again, unchanged."""
    table = schema.source_files
    connection.execute(
        update(table).where(table.c.source_id == source_id, table.c.path.in_(paths)).values(seen_at=func.now())
    )


def touch_below(connection: Connection, source_id: UUID, folder: str) -> int:
    """Treats what is known at or below an escaped path as seen, since nobody could look; returns how many files."""
    table = schema.source_files
    inside = (table.c.path == folder) | table.c.path.startswith(folder + "/", autoescape=True)
    statement = update(table).where(table.c.source_id == source_id, inside, table.c.state != "missing")
    return connection.execute(statement.values(seen_at=func.now())).rowcount
