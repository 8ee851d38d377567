"""Published photos: pages along the timeline, single ones, all of them, and where their bytes are."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Connection, Row, Select, Table, and_, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from darkroom.security.callers import Caller
from darkroom.stores.state import schema

photos, files, outputs, sources = schema.photos, schema.photo_files, schema.published_outputs, schema.sources
faces = schema.faces


TIMELINE_ORDER = (photos.c.taken_local.desc().nulls_last(), photos.c.photo_id.asc())
"""What the timeline is sorted by; its index is sorted alike."""

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
    """A photo's serving row with its files, outputs and faces, whose ids and times are texts."""

    row: dict[str, Any]
    files: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    faces: list[dict[str, Any]]

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
    found: list[list[PhotoRecord]] = []
    for library in caller.libraries:
        records: list[PhotoRecord] = []
        for branch in _branches(after):
            if len(records) < limit:
                wanted = and_(photos.c.library_id == library, branch, condition)
                statement = _whole(caller).where(wanted).order_by(*TIMELINE_ORDER).limit(limit - len(records))
                records += map(_record, connection.execute(statement))
        found.append(records)
    merged = heapq.merge(*found, key=lambda record: record.position.order)
    return [record for record, _ in zip(merged, range(limit), strict=False)]


def by_ids(caller: Caller, connection: Connection, photo_ids: Sequence[UUID]) -> list[PhotoRecord]:
    """The photos with these ids that the caller may see, in the order asked for; unknown ones are left out."""
    statement = _whole(caller).where(photos.c.photo_id.in_(photo_ids), photos.c.library_id.in_(caller.libraries))
    found = {row.photo_id: _record(row) for row in connection.execute(statement)}
    return [found[photo_id] for photo_id in photo_ids if photo_id in found]


def every(
    caller: Caller, connection: Connection, condition: ColumnElement[bool], chunk: int
) -> Iterator[list[PhotoRecord]]:
    """All photos that meet `condition`, in the timeline's order, `chunk` at a time. Memory does not grow with them."""
    wanted = and_(photos.c.library_id.in_(caller.libraries), condition)
    statement = _whole(caller).where(wanted).order_by(*TIMELINE_ORDER)
    rows = connection.execution_options(yield_per=chunk).execute(statement)
    for part in rows.partitions(chunk):
        yield [_record(row) for row in part]


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


def _whole(caller: Caller) -> Select[Any]:
    """Photos with what stands beside them, in one statement: asking table after table takes most of a page's time."""
    return select(
        photos,
        _beside(caller, files, ("source_id", "path", "size_bytes", "modified_at"), "path").label("_files"),
        _beside(caller, outputs, ("output", "state", "provider", "version", "reason"), "output").label("_outputs"),
        _beside(caller, faces, ("face_id", "x", "y", "w", "h", "person_id"), "face_id").label("_faces"),
    )


def _beside(caller: Caller, table: Table, columns: Sequence[str], order: str) -> ColumnElement[Any]:
    """Rows of a table beside a photo, as a JSON list."""
    pairs: list[ColumnElement[Any]] = []
    for name in columns:
        pairs += (literal_column(f"'{name}'"), table.c[name])
    listed = func.json_agg(aggregate_order_by(func.json_build_object(*pairs), table.c[order]), type_=JSON)
    mine = table.c.photo_id == photos.c.photo_id, table.c.library_id.in_(caller.libraries)
    return select(func.coalesce(listed, literal_column("'[]'::json"), type_=JSON)).where(*mine).scalar_subquery()


def _record(row: Row[Any]) -> PhotoRecord:
    found = row._asdict()
    beside = (found.pop(name) for name in ("_files", "_outputs", "_faces"))
    return PhotoRecord(found, *beside)
