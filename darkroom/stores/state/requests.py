"""Requests: work that was asked for, from `new` to its end, and its progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, case, exists, func, insert, or_, select, update

from darkroom.domain.states import BATCH_UNFINISHED, IMPORT_CANCELLABLE, IMPORT_UNFINISHED
from darkroom.stores.state import schema


@dataclass(frozen=True)
class Request:
    """A request as the pipeline sees it."""

    id: UUID
    library_id: UUID
    kind: str
    source_id: UUID | None
    path: str | None
    priority: int
    state: str
    attempt: int
    removed_on_purpose: bool
    """Whether files that are no longer there were removed by somebody who says so."""


def request(connection: Connection, request_id: UUID) -> Request:
    """The request with this id. Raises `LookupError`."""
    found = _select(connection, schema.requests.c.id == request_id)
    if not found:
        raise LookupError(f"there is no request {request_id}")
    return found[0]


def in_state(connection: Connection, *states: str) -> list[Request]:
    """Requests in these states, most urgent and oldest first."""
    return _select(connection, schema.requests.c.state.in_(states))


def under_way(connection: Connection, library_id: UUID | None = None) -> bool:
    """Whether an import or a batch of a library, or of any, waits or runs."""
    for table, unfinished in ((schema.requests, IMPORT_UNFINISHED), (schema.batches, BATCH_UNFINISHED)):
        statement = select(table.c.id).where(table.c.state.in_(unfinished)).limit(1)
        if library_id is not None:
            statement = statement.where(table.c.library_id == library_id)
        if connection.execute(statement).first() is not None:
            return True
    return False


def ask_import(connection: Connection, library_id: UUID, source_id: UUID, priority: int = 0) -> UUID:
    """Asks for an import of a whole source; the id acknowledges it."""
    statement = insert(schema.requests).values(
        library_id=library_id, kind="import", source_id=source_id, priority=priority
    )
    return connection.execute(statement.returning(schema.requests.c.id)).scalar_one()


def begin_planning(connection: Connection, request_id: UUID) -> datetime:
    """Marks a request as being planned; returns the database's time."""
    table = schema.requests
    connection.execute(
        update(table)
        .where(table.c.id == request_id, table.c.state.in_(("new", "planning")))
        .values(state="planning", started_at=func.coalesce(table.c.started_at, func.now()))
    )
    return connection.execute(select(func.clock_timestamp())).scalar_one()


def finish_planning(connection: Connection, request_id: UUID) -> None:
    """Every batch of the request is frozen now; with none to wait for, it has succeeded."""
    table = schema.requests
    connection.execute(
        update(table).where(table.c.id == request_id, table.c.state == "planning").values(state="running")
    )
    settle(connection)


def count_listed(connection: Connection, request_id: UUID, listed: int, new: int) -> None:
    """Records how far listing is."""
    table = schema.requests
    connection.execute(update(table).where(table.c.id == request_id).values(files_listed=listed, files_new=new))


def note(connection: Connection, request_id: UUID, error: str) -> None:
    """Says what of a request cannot be done although the rest will be; a failure's own reason replaces it."""
    table = schema.requests
    connection.execute(update(table).where(table.c.id == request_id).values(error=error))


def fail(connection: Connection, request_id: UUID, error: str) -> None:
    """Ends a request with a reason, unless it is being cancelled."""
    table = schema.requests
    connection.execute(
        update(table)
        .where(table.c.id == request_id, table.c.state.in_(IMPORT_CANCELLABLE))
        .values(state="failed", error=error, finished_at=func.now())
    )


def plan_again(connection: Connection, request_id: UUID) -> None:
    """Puts a request whose planner died back in line; what it had frozen stays frozen."""
    table = schema.requests
    connection.execute(
        update(table)
        .where(table.c.id == request_id, table.c.state.in_(("new", "planning")))
        .values(state="new", attempt=table.c.attempt + 1)
    )


def is_cancelled(connection: Connection, request_id: UUID | None) -> bool:
    """Whether steps should stop: someone asked to cancel the request."""
    if request_id is None:
        return False
    statement = select(schema.requests.c.state).where(schema.requests.c.id == request_id)
    return connection.execute(statement).scalar() in ("cancelling", "cancelled")


def plan_those_after(connection: Connection, request: Request) -> None:
    """Has later imports of a request's source listed once more: files that it held were not new to them."""
    table = schema.requests
    began = select(table.c.created_at).where(table.c.id == request.id).scalar_subquery()
    connection.execute(
        update(table)
        .where(table.c.source_id == request.source_id, table.c.id != request.id, table.c.created_at >= began)
        .where(table.c.state.in_(("planning", "running")))
        .values(state="new", attempt=table.c.attempt + 1)
    )


def end_cancelled(connection: Connection, request_id: UUID) -> None:
    """Ends a request that was being cancelled."""
    table, batches = schema.requests, schema.batches
    error = select(func.min(batches.c.error)).where(batches.c.request_id == request_id, batches.c.state == "failed")
    connection.execute(
        update(table)
        .where(table.c.id == request_id, table.c.state == "cancelling")
        .values(state="cancelled", error=func.coalesce(error.scalar_subquery(), table.c.error), finished_at=func.now())
    )


def settle(connection: Connection) -> list[UUID]:
    """Ends requests whose batches have all ended, and those that hold files of theirs; returns their ids."""
    requests, batches = schema.requests, schema.batches
    mine = batches.c.request_id == requests.c.id
    earlier = requests.alias("earlier")
    held = batches.c.request_id.in_(
        select(earlier.c.id)
        .where(earlier.c.source_id == requests.c.source_id, earlier.c.created_at <= requests.c.created_at)
        .correlate(requests)
    )
    pending = exists().where(or_(mine, held), batches.c.state.in_(BATCH_UNFINISHED))
    failed = exists().where(mine, batches.c.state == "failed")
    first_error = (
        select(func.min(batches.c.error)).where(mine, batches.c.state == "failed").correlate(requests).scalar_subquery()
    )
    outcome = case((failed, "failed"), else_="succeeded")
    statement = (
        update(requests)
        .where(requests.c.state == "running", ~pending)
        .values(state=outcome, error=func.coalesce(first_error, requests.c.error), finished_at=func.now())
    )
    return list(connection.execute(statement.returning(requests.c.id)).scalars())


def record_progress(
    connection: Connection,
    library_id: UUID,
    request_id: UUID | None,
    batch_id: UUID | None,
    step: str,
    done: int,
    total: int,
) -> None:
    """Appends a progress row, which clients see as an event."""
    if request_id is not None:
        connection.execute(
            insert(schema.progress).values(
                library_id=library_id, request_id=request_id, batch_id=batch_id, step=step, done=done, total=total
            )
        )


def _select(connection: Connection, condition: object) -> list[Request]:
    table = schema.requests
    columns = [table.c[name] for name in Request.__dataclass_fields__]
    statement = select(*columns).where(and_(condition)).order_by(table.c.priority.desc(), table.c.created_at)  # type: ignore[arg-type]
    return [Request(**row._mapping) for row in connection.execute(statement)]
