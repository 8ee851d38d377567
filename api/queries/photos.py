"""Published photos: pages along the timeline, single ones, all of them, and where their bytes are."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, select

from darkroom.security.callers import Caller
from darkroom.stores.state import schema

photos, files, outputs, sources = schema.photos, schema.photo_files, schema.published_outputs, schema.sources


_DAWN = datetime(1, 1, 1)  # noqa: DTZ001 - wall times have no zone


@dataclass(frozen=True)
class Position:
    """Place of a photo in the timeline: newest wall time first, undated last, then by id."""

    taken_local: datetime | None
    photo_id: UUID

    @property
    def order(self) -> tuple[bool, timedelta, int]:
        """A key that sorts as the timeline does."""
        when = self.taken_local
        return when is None, _DAWN - when if when else timedelta(), self.photo_id.int


@dataclass(frozen=True)
class PhotoRecord:
    """A photo's serving row with its files and outputs."""

    row: dict[str, Any]
    files: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def position(self) -> Position:
        """Its place in the timeline."""
        return Position(self.row["taken_local"], self.row["photo_id"])


@dataclass(frozen=True)
class FileInPlace:
    """A file that should hold a photo's newest bytes, in a source that is read in place."""

    root: str
    path: str
    size_bytes: int
    modified_at: datetime


def page(
    caller: Caller, connection: Connection, condition: ColumnElement[bool], after: Position | None, limit: int
) -> list[PhotoRecord]:
    """At most `limit` photos that meet `condition`, from `after` on.

    Each library is read along its own index, in branches of one ordered range each, so that a late page costs as much
    as the first whatever came before it.
    """
    found: list[list[dict[str, Any]]] = []
    for library in caller.libraries:
        rows: list[dict[str, Any]] = []
        for branch in _branches(after):
            if len(rows) < limit:
                wanted = and_(photos.c.library_id == library, branch, condition)
                statement = select(photos).where(wanted).order_by(*_timeline()).limit(limit - len(rows))
                rows += [row._asdict() for row in connection.execute(statement)]
        found.append(rows)
    merged = heapq.merge(*found, key=lambda row: Position(row["taken_local"], row["photo_id"]).order)
    return _completed(caller, connection, [row for row, _ in zip(merged, range(limit), strict=False)])


def by_ids(caller: Caller, connection: Connection, photo_ids: Sequence[UUID]) -> list[PhotoRecord]:
    """The photos with these ids that the caller may see, in the order asked for; unknown ones are left out."""
    statement = select(photos).where(photos.c.photo_id.in_(photo_ids), photos.c.library_id.in_(caller.libraries))
    found = {row.photo_id: row._asdict() for row in connection.execute(statement)}
    return _completed(caller, connection, [found[photo_id] for photo_id in photo_ids if photo_id in found])


def every(
    caller: Caller, connection: Connection, condition: ColumnElement[bool], chunk: int
) -> Iterator[list[PhotoRecord]]:
    """All photos that meet `condition`, in the timeline's order, `chunk` at a time. Memory does not grow with them."""
    wanted = and_(photos.c.library_id.in_(caller.libraries), condition)
    statement = select(photos).where(wanted).order_by(*_timeline())
    rows = connection.execution_options(yield_per=chunk).execute(statement)
    for part in rows.partitions(chunk):
        yield _completed(caller, connection, [row._asdict() for row in part])


def files_in_place(caller: Caller, connection: Connection, photo_id: UUID, sha256: str) -> list[FileInPlace]:
    """Files in reference sources that held these bytes of the photo when they were last read."""
    statement = (
        select(sources.c.path.label("root"), files.c.path, files.c.size_bytes, files.c.modified_at)
        .join(sources, sources.c.id == files.c.source_id)
        .where(
            files.c.photo_id == photo_id,
            files.c.sha256 == sha256,
            files.c.library_id.in_(caller.libraries),
            sources.c.mode == "reference",
        )
        .order_by(files.c.path)
    )
    return [FileInPlace(**row._mapping) for row in connection.execute(statement)]


def epoch(caller: Caller, connection: Connection) -> int:
    """The newest publish epoch; it is the same for every caller."""
    return connection.execute(select(schema.publish_epoch.c.epoch)).scalar_one()


def _timeline() -> tuple[ColumnElement[Any], ...]:
    return photos.c.taken_local.desc().nulls_last(), photos.c.photo_id.asc()


def _branches(after: Position | None) -> list[ColumnElement[bool]]:
    dated, undated = photos.c.taken_local.is_not(None), photos.c.taken_local.is_(None)
    if after is None:
        return [dated, undated]
    later = photos.c.photo_id > after.photo_id
    if after.taken_local is None:
        return [and_(undated, later)]
    return [
        and_(photos.c.taken_local == after.taken_local, later),
        photos.c.taken_local < after.taken_local,
        undated,
    ]


def _completed(caller: Caller, connection: Connection, rows: Sequence[dict[str, Any]]) -> list[PhotoRecord]:
    ids = [row["photo_id"] for row in rows]
    if not ids:
        return []
    seen: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    made: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    columns = (files.c.photo_id, files.c.source_id, files.c.path, files.c.size_bytes, files.c.modified_at)
    mine = (files.c.photo_id.in_(ids), files.c.library_id.in_(caller.libraries))
    for row in connection.execute(select(*columns).where(*mine).order_by(files.c.path)):
        seen[row.photo_id].append(row._asdict())
    columns = (outputs.c.photo_id, outputs.c.output, outputs.c.state, outputs.c.provider, outputs.c.version)
    mine = (outputs.c.photo_id.in_(ids), outputs.c.library_id.in_(caller.libraries))
    statement = select(*columns, outputs.c.reason).where(*mine).order_by(outputs.c.output)
    for row in connection.execute(statement):
        made[row.photo_id].append(row._asdict())
    return [PhotoRecord(row, seen[row["photo_id"]], made[row["photo_id"]]) for row in rows]
