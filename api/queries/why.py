"""Everything the state database knows about one photo or file: where it is, what was done, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, literal, or_, select

from darkroom.domain.paths import escape
from darkroom.security.callers import Caller
from darkroom.stores.state import schema

files, sources, items, batches = schema.source_files, schema.sources, schema.batch_items, schema.batches
failures, gates, outputs = schema.failures, schema.gate_results, schema.photo_outputs

NEWEST = 50
"""Rows shown of anything there may be many of, newest first."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Trail:
    """Rows about a photo or file, newest first. `outputs` is how each stands now, published or not."""

    files: Rows
    batches: Rows
    failures: Rows
    gates: Rows
    outputs: Rows


def files_at(caller: Caller, connection: Connection, path: str) -> Rows:
    """Files at a path: absolute, or relative to any source; escaped, or as the file system has it."""
    written = [path, escape(path.encode("utf-8", "surrogateescape"))]
    known = select(sources.c.id, sources.c.path).where(sources.c.library_id.in_(caller.libraries))
    places = [
        and_(files.c.source_id == source.id, files.c.path == (one.removeprefix(source.path).lstrip("/")))
        for source in connection.execute(known)
        for one in written
        if not one.startswith("/") or one.startswith(source.path.rstrip("/") + "/")
    ]
    return _files(caller, connection, or_(*places)) if places else []


def files_of(caller: Caller, connection: Connection, photo_ids: Sequence[UUID]) -> Rows:
    """Files that held these photos when they were last read."""
    return _files(caller, connection, files.c.photo_id.in_(photo_ids))


def trail(caller: Caller, connection: Connection, found: Rows, photo_ids: Sequence[UUID]) -> Trail:
    """What happened to these files and photos."""
    file_ids = [row["id"] for row in found]
    held = or_(items.c.source_file_id.in_(file_ids), items.c.photo_id.in_(photo_ids))
    columns = [batches.c[name] for name in ("id", "sequence", "request_id", "kind", "state", "error", "frozen_at")]
    worked = (
        select(*columns, batches.c.finished_at, items.c.state.label("item_state"))
        .join(items, items.c.batch_id == batches.c.id)
        .where(held, batches.c.library_id.in_(caller.libraries))
        .order_by(batches.c.sequence.desc(), items.c.position)
        .limit(NEWEST)
    )
    places = [and_(failures.c.source_id == row["source_id"], failures.c.path == row["path"]) for row in found]
    about = or_(failures.c.photo_id.in_(photo_ids), *places)
    failed = (
        select(failures)
        .where(about, failures.c.library_id.in_(caller.libraries))
        .order_by(failures.c.recorded_at.desc(), failures.c.id)
        .limit(NEWEST)
    )
    in_batches = _rows(connection.execute(worked))
    checked = (
        select(gates.c.batch_id, gates.c.table_name, gates.c.passed, gates.c.rows, gates.c.checked_at)
        .where(gates.c.batch_id.in_([row["id"] for row in in_batches]), gates.c.library_id.in_(caller.libraries))
        .order_by(gates.c.checked_at.desc(), gates.c.table_name)
        .limit(NEWEST)
    )
    stand = (
        select(outputs)
        .where(outputs.c.photo_id.in_(photo_ids), outputs.c.library_id.in_(caller.libraries))
        .where(outputs.c.output != literal("photos"))
        .order_by(outputs.c.output)
    )
    return Trail(
        files=found,
        batches=in_batches,
        failures=_rows(connection.execute(failed)),
        gates=_rows(connection.execute(checked)),
        outputs=_rows(connection.execute(stand)),
    )


def _files(caller: Caller, connection: Connection, condition: Any) -> Rows:
    columns = [files.c[name] for name in ("id", "source_id", "path", "state", "size_bytes", "sha256", "photo_id")]
    statement = select(*columns, files.c.seen_at).where(condition, files.c.library_id.in_(caller.libraries))
    return _rows(connection.execute(statement.order_by(files.c.seen_at.desc(), files.c.id).limit(NEWEST)))


def _rows(found: Iterable[Row[Any]]) -> Rows:
    return [row._asdict() for row in found]
