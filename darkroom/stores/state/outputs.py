"""Outputs: which version of each counts, and for each photo whether it is done, failed, missing or off.

Completeness is read here, never from a queue: what is missing is a row that is not `done` at the current version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from darkroom.domain.states import BATCH_UNFINISHED
from darkroom.stores.state import schema

GATE = "gate"
"""Kind of failure of an output whose rows a gate has stopped, or set a photo aside for."""

TRANSIENT = ("timeout", "crashed", GATE)
"""Kinds of failures whose cause may pass: a busy machine, or rows that a gate has stopped. Tried `MOST_TRIES` times."""

ABSENT = ("vanished", "unreadable", "changed")
"""Kinds of failures of photos whose file could not be read: it may come back at any time."""

MOST_TRIES = 4
FIRST_PAUSE = timedelta(hours=1)
"""Before the second try; each further pause is twice as long, up to 32 times."""


@dataclass(frozen=True)
class OutputVersion:
    """The version of an output that counts, and the provider behind it."""

    output: str
    version: str
    provider: str


@dataclass(frozen=True)
class PhotoOutput:
    """How one output of one photo stands. `state` is `done`, `failed`, `missing` or `off`."""

    photo_id: UUID
    output: str
    state: str
    version: str | None = None
    provider: str | None = None
    attempt: int | None = None
    reason: str | None = None
    tries: int = 0


def set_versions(connection: Connection, library_id: UUID, versions: Iterable[OutputVersion]) -> list[OutputVersion]:
    """Makes these versions current; returns those that were not."""
    table = schema.outputs
    statement = select(table.c.output, table.c.version).where(table.c.library_id == library_id)
    current: dict[str, str] = dict(connection.execute(statement).tuples().all())
    changed = [version for version in versions if current.get(version.output) != version.version]
    for version in changed:
        values = {"version": version.version, "provider": version.provider, "since": func.now()}
        connection.execute(
            insert(table)
            .values(library_id=library_id, output=version.output, **values)
            .on_conflict_do_update(index_elements=["library_id", "output"], set_=values)
        )
    return changed


def versions(connection: Connection, library_id: UUID) -> dict[str, OutputVersion]:
    """The versions that count in a library, by output."""
    table = schema.outputs
    columns = [table.c[name] for name in OutputVersion.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(table.c.library_id == library_id))
    return {row.output: OutputVersion(**row._mapping) for row in rows}


def outputs_off(connection: Connection, library_id: UUID) -> frozenset[str]:
    """Outputs the library has switched off."""
    table = schema.libraries
    return frozenset(connection.execute(select(table.c.outputs_off).where(table.c.id == library_id)).scalar_one())


def forget(connection: Connection, photo_ids: Sequence[UUID]) -> None:
    """Forgets every output of these photos."""
    connection.execute(delete(schema.photo_outputs).where(schema.photo_outputs.c.photo_id.in_(photo_ids)))


def done(
    connection: Connection, photo_ids: Sequence[UUID], output: str, version: str, inputs: Sequence[str] = ()
) -> set[UUID]:
    """Which of these photos have the output at this version, and none of its `inputs` from a later attempt."""
    table = schema.photo_outputs
    source = table.alias("source")
    later = exists().where(
        source.c.photo_id == table.c.photo_id, source.c.output.in_(inputs), source.c.attempt > table.c.attempt
    )
    statement = select(table.c.photo_id).where(
        table.c.photo_id.in_(photo_ids),
        table.c.output == output,
        table.c.version == version,
        table.c.state == "done",
        ~later,
    )
    return set(connection.execute(statement).scalars())


def record(connection: Connection, library_id: UUID, outputs: Sequence[PhotoOutput]) -> None:
    """Records how outputs stand now; a failure counts one more try at its version, success resets the count."""
    table = schema.photo_outputs
    newest = {(item.photo_id, item.output): item for item in outputs}
    if not newest:
        return
    statement = insert(table).values(
        [{**vars(item), "library_id": library_id, "tries": int(item.state == "failed")} for item in newest.values()]
    )
    given = statement.excluded
    values = {name: given[name] for name in ("version", "provider", "attempt", "state", "reason")}
    again = and_(given.state == "failed", table.c.version.is_not_distinct_from(given.version))
    tries = case((again, table.c.tries + 1), else_=given.tries)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["photo_id", "output"], set_={**values, "tries": tries, "updated_at": func.now()}
        )
    )


def of_photos(connection: Connection, photo_ids: Sequence[UUID]) -> Mapping[UUID, list[PhotoOutput]]:
    """How every output of these photos stands."""
    table = schema.photo_outputs
    columns = [table.c[name] for name in PhotoOutput.__dataclass_fields__]
    found: dict[UUID, list[PhotoOutput]] = {photo_id: [] for photo_id in photo_ids}
    for row in connection.execute(select(*columns).where(table.c.photo_id.in_(photo_ids)).order_by(table.c.output)):
        found[row.photo_id].append(PhotoOutput(**row._mapping))
    return found


def holes(connection: Connection, library_id: UUID, off: frozenset[str], limit: int) -> list[tuple[UUID, int | None]]:
    """Published photos, with a file each, that lack an output at its current version and are in no unfinished batch.

    A failure at the current version is no hole: it has a reason and waits for a new version or a person. One that may
    pass is tried again, later each time. Meanwhile no other output of a photo that cannot be read or published is.
    """
    photos, files, outputs, state = schema.photos, schema.source_files, schema.outputs, schema.photo_outputs
    items, batches = schema.batch_items, schema.batches
    here = and_(state.c.photo_id == photos.c.photo_id, state.c.output == outputs.c.output)
    hole = or_(
        state.c.state.is_(None),
        state.c.state.in_(("missing", "off")),
        state.c.version.is_distinct_from(outputs.c.version),
        and_(state.c.state == "failed", _due(state)),
    )
    other, current = state.alias("other"), outputs.alias("current")
    waits = exists().where(
        other.c.photo_id == photos.c.photo_id,
        other.c.state == "failed",
        _kind(other).in_((*ABSENT, GATE)),
        current.c.library_id == library_id,
        current.c.output == other.c.output,
        current.c.version == other.c.version,
        ~_due(other),
    )
    held = (
        select(items.c.photo_id)
        .join(batches, batches.c.id == items.c.batch_id)
        .where(batches.c.state.in_(BATCH_UNFINISHED), items.c.photo_id.is_not(None))
    )
    statement = (
        select(photos.c.photo_id, func.min(files.c.id))
        .select_from(photos)
        .join(outputs, and_(outputs.c.library_id == photos.c.library_id, outputs.c.output.not_in(off)))
        .outerjoin(state, here)
        .outerjoin(files, and_(files.c.photo_id == photos.c.photo_id, files.c.state == "taken"))
        .where(photos.c.library_id == library_id, hole, ~waits, photos.c.photo_id.not_in(held))
        .group_by(photos.c.photo_id)
        .order_by(photos.c.photo_id)
        .limit(limit)
    )
    return list(connection.execute(statement).tuples())


def is_outdated() -> ColumnElement[bool]:
    """Of a row of `published_outputs`: whether it was made, or failed, at another version than the one that counts."""
    published, current = schema.published_outputs, schema.outputs.alias("current")
    counts = exists().where(
        current.c.library_id == published.c.library_id,
        current.c.output == published.c.output,
        current.c.version != published.c.version,
    )
    return and_(published.c.state.in_(("done", "failed")), counts)


def _due(state: FromClause) -> ColumnElement[bool]:
    """Whether a failure is to be tried again now."""
    pause = FIRST_PAUSE * func.power(2, func.least(state.c.tries - 1, 5))
    allowed = or_(_kind(state).in_(ABSENT), and_(_kind(state).in_(TRANSIENT), state.c.tries < MOST_TRIES))
    return and_(allowed, state.c.updated_at < func.now() - pause)


def _kind(state: FromClause) -> ColumnElement[str]:
    return func.split_part(state.c.reason, ":", 1)
