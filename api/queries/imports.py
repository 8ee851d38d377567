"""Imports: asking for one, looking at one with its progress, its events and failures, and asking it to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from darkroom.domain.progress import BatchState
from darkroom.domain.states import IMPORT_CANCELLABLE
from darkroom.security.callers import Caller
from darkroom.stores.state import schema

requests, batches, items = schema.requests, schema.batches, schema.batch_items
progress, failures, libraries = schema.progress, schema.failures, schema.libraries
gate_results = schema.gate_results


@dataclass(frozen=True)
class ImportRecord:
    """A request with its batches, and the outputs its library has switched off."""

    row: dict[str, Any]
    batches: list[BatchState]
    outputs_off: frozenset[str]
    gates: tuple[int, int]
    """Verdicts that passed, and that stopped a batch; the newest of each table and batch counts."""


def ask(
    caller: Caller,
    connection: Connection,
    library_id: UUID,
    source_id: UUID,
    path: str | None,
    key: str | None,
    *,
    removed_on_purpose: bool,
) -> tuple[UUID, bool]:
    """Asks for an import; returns its id and whether it was asked for before with the same idempotency key.

    What came with the key before may differ: `by_id` tells.
    """
    values = {
        "library_id": library_id,
        "kind": "import",
        "source_id": source_id,
        "path": path,
        "idempotency_key": key,
        "requested_by": caller.user_id,
        "removed_on_purpose": removed_on_purpose,
    }
    statement = insert(requests).values(values).on_conflict_do_nothing().returning(requests.c.id)
    made = connection.execute(statement).scalar_one_or_none()
    if made is not None:
        return made, False
    known = select(requests.c.id).where(requests.c.library_id == library_id, requests.c.idempotency_key == key)
    return connection.execute(known).scalar_one(), True


def cancel(caller: Caller, connection: Connection, import_id: UUID) -> bool:
    """Asks an unfinished import to stop; false when it had ended or was stopping already."""
    mine = (requests.c.id == import_id, requests.c.library_id.in_(caller.libraries))
    statement = update(requests).where(*mine, requests.c.state.in_(IMPORT_CANCELLABLE)).values(state="cancelling")
    return connection.execute(statement).rowcount > 0


def by_id(caller: Caller, connection: Connection, import_id: UUID) -> ImportRecord | None:
    """The import with this id, if the caller may see it."""
    statement = _imports(caller).where(requests.c.id == import_id)
    found = _completed(caller, connection, connection.execute(statement).all())
    return found[0] if found else None


def page(caller: Caller, connection: Connection, after: tuple[datetime, UUID] | None, limit: int) -> list[ImportRecord]:
    """At most `limit` imports, newest first."""
    statement = _imports(caller)
    if after is not None:
        statement = statement.where(tuple_(requests.c.created_at, requests.c.id) < after)
    order = (requests.c.created_at.desc(), requests.c.id.desc())
    return _completed(caller, connection, connection.execute(statement.order_by(*order).limit(limit)).all())


def events(caller: Caller, connection: Connection, import_id: UUID, after: int, limit: int) -> Sequence[Row[Any]]:
    """Progress rows after the one with id `after`, oldest first."""
    mine = (progress.c.request_id == import_id, progress.c.library_id.in_(caller.libraries))
    statement = select(progress).where(*mine, progress.c.id > after).order_by(progress.c.id).limit(limit)
    return connection.execute(statement).all()


def failed(
    caller: Caller, connection: Connection, import_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """At most `limit` failures of an import's batches, oldest first."""
    statement = (
        select(failures)
        .join(batches, batches.c.id == failures.c.batch_id)
        .where(batches.c.request_id == import_id, failures.c.library_id.in_(caller.libraries))
    )
    if after is not None:
        statement = statement.where(tuple_(failures.c.recorded_at, failures.c.id) > after)
    return connection.execute(statement.order_by(failures.c.recorded_at, failures.c.id).limit(limit)).all()


def _imports(caller: Caller) -> Any:
    off = select(libraries.c.outputs_off).where(libraries.c.id == requests.c.library_id).scalar_subquery()
    mine = and_(requests.c.library_id.in_(caller.libraries), requests.c.kind == "import")
    return select(requests, off.label("outputs_off")).where(mine)


def _completed(caller: Caller, connection: Connection, rows: Sequence[Row[Any]]) -> list[ImportRecord]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    said: dict[UUID, dict[str, tuple[int, int]]] = {}
    newest = (
        select(progress.c.batch_id, progress.c.step, progress.c.done, progress.c.total)
        .where(progress.c.request_id.in_(ids), progress.c.batch_id.is_not(None))
        .where(progress.c.library_id.in_(caller.libraries))
        .distinct(progress.c.batch_id, progress.c.step)
        .order_by(progress.c.batch_id, progress.c.step, progress.c.id.desc())
    )
    for row in connection.execute(newest):
        said.setdefault(row.batch_id, {})[row.step] = (row.done, row.total or 0)
    no_photo = select(func.count()).where(failures.c.kind == "unsupported")
    # A photo with files in several batches is counted once: in one that is published, when there is one.
    turn = func.row_number().over(
        partition_by=(batches.c.request_id, items.c.photo_id),
        order_by=(items.c.state != "taken", batches.c.state != "published", batches.c.sequence, items.c.position),
    )
    each = (
        select(
            *(batches.c[name] for name in ("id", "request_id", "state", "files")),
            items.c.state.label("item_state"),
            (items.c.photo_id.is_not(None) & (items.c.state == "taken") & (turn == 1)).label("new_photo"),
        )
        .join(items, items.c.batch_id == batches.c.id)
        .where(batches.c.request_id.in_(ids), batches.c.library_id.in_(caller.libraries))
        .subquery()
    )
    counted = select(
        *(each.c[name] for name in ("id", "request_id", "state", "files")),
        func.count().filter(each.c.item_state != "waiting").label("opened"),
        (
            func.count().filter(each.c.item_state.in_(("failed", "quarantined")))
            + no_photo.where(failures.c.batch_id == each.c.id).correlate(each).scalar_subquery()
        ).label("failed"),
        func.count().filter(each.c.new_photo).label("photos"),
    ).group_by(each.c.id, each.c.request_id, each.c.state, each.c.files)
    made: dict[UUID, list[BatchState]] = {one: [] for one in ids}
    for row in connection.execute(counted):
        made[row.request_id].append(
            BatchState(row.state, row.files, row.opened, row.failed, row.photos, said.get(row.id, {}))
        )
    gates = _gates(caller, connection, ids)
    return [
        ImportRecord(row._asdict(), made[row.id], frozenset(row.outputs_off or ()), gates.get(row.id, (0, 0)))
        for row in rows
    ]


def _gates(caller: Caller, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    newest = (
        select(batches.c.request_id, gate_results.c.passed)
        .join(batches, batches.c.id == gate_results.c.batch_id)
        .where(batches.c.request_id.in_(ids), gate_results.c.library_id.in_(caller.libraries))
        .distinct(gate_results.c.batch_id, gate_results.c.table_name)
        .order_by(gate_results.c.batch_id, gate_results.c.table_name, gate_results.c.checked_at.desc())
        .subquery()
    )
    passed = func.count().filter(newest.c.passed)
    statement = select(newest.c.request_id, passed, func.count() - passed).group_by(newest.c.request_id)
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement)}
