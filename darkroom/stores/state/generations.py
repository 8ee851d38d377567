"""Generations: what is made across batches, from being made to being shown and being replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, update

from darkroom.stores.state import schema

CONTENT = ("published", "removed")
"""Kinds of changes that make a generation outdated; being shown is a change, too, but not of what it is made from."""


@dataclass(frozen=True)
class Generation:
    """A generation of a library. `epoch` is the publish epoch it was made from, `fact` the newest decision it knows."""

    number: int
    library_id: UUID
    kind: str
    state: str
    epoch: int
    fact: int
    digest: str | None
    passed: bool | None


def begin(connection: Connection, library_id: UUID, kind: str, epoch: int, fact: int) -> Generation:
    """A new generation, to be filled, checked and shown."""
    table = schema.generations
    statement = insert(table).values(library_id=library_id, kind=kind, epoch=epoch, fact=fact)
    return _of(connection.execute(statement.returning(*_columns())).one())


def newest(connection: Connection, library_id: UUID, kind: str, *states: str) -> Generation | None:
    """The newest generation of a library in one of these states."""
    table = schema.generations
    statement = (
        select(*_columns())
        .where(table.c.library_id == library_id, table.c.kind == kind, table.c.state.in_(states))
        .order_by(table.c.number.desc())
        .limit(1)
    )
    row = connection.execute(statement).one_or_none()
    return _of(row) if row else None


def record(
    connection: Connection, number: int, *, rows: int, digest: str, passed: bool, report: Mapping[str, Any]
) -> None:
    """Records the verdict over the rows with this digest; what did not pass is never shown."""
    table = schema.generations
    values = {"rows": rows, "digest": digest, "passed": passed, "report": dict(report)}
    state = "made" if passed else "refused"
    connection.execute(
        update(table).where(table.c.number == number, table.c.state == "made").values(**values, state=state)
    )


def show(connection: Connection, generation: Generation) -> None:
    """Makes a generation the current one of its library and kind; raises `RuntimeError` when a later one is."""
    table = schema.generations
    same = (table.c.library_id == generation.library_id, table.c.kind == generation.kind)
    current = select(func.max(table.c.number)).where(*same, table.c.state == "current")
    if (connection.execute(current).scalar() or 0) > generation.number:
        raise RuntimeError(f"a later generation of {generation.kind} than {generation.number} is shown already")
    connection.execute(update(table).where(*same, table.c.state == "current").values(state="retired"))
    # Not when the transaction began: whoever decided something before the flip has an earlier time than this.
    values = {"state": "current", "flipped_at": func.clock_timestamp()}
    connection.execute(update(table).where(table.c.number == generation.number).values(**values))


def still_true(connection: Connection, generation: Generation, epoch: int, fact: int | None = None) -> None:
    """Says that the generation is what would be made of a later epoch, and with later decisions, too."""
    table = schema.generations
    values = {"epoch": epoch, "fact": generation.fact if fact is None else fact}
    connection.execute(update(table).where(table.c.number == generation.number).values(**values))


def give_up(connection: Connection, library_id: UUID, kind: str) -> None:
    """Retires what was made and never shown: whoever made it was killed, and a newer one is about to be made."""
    table = schema.generations
    same = (table.c.library_id == library_id, table.c.kind == kind, table.c.state == "made")
    connection.execute(update(table).where(*same).values(state="retired"))


def content_epoch(connection: Connection, library_id: UUID) -> int:
    """Epoch of the newest change of a library's photos (0: none)."""
    table = schema.changes
    statement = (
        select(table.c.epoch)
        .where(table.c.library_id == library_id, table.c.kind.in_(CONTENT))
        .order_by(table.c.id.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar() or 0


def worth_keeping(connection: Connection, days: int) -> list[int]:
    """Generations that are shown, or were made in the last so many days."""
    table = schema.generations
    young = table.c.made_at > func.now() - timedelta(days=days)
    return list(connection.execute(select(table.c.number).where(young | (table.c.state == "current"))).scalars())


def shown_after(connection: Connection, number: int) -> Sequence[Row[Any]]:
    """Generations with higher numbers that are or were shown, in order."""
    table = schema.generations
    statement = select(table).where(table.c.number > number, table.c.flipped_at.is_not(None)).order_by(table.c.number)
    return connection.execute(statement).all()


def _columns() -> list[Any]:
    return [schema.generations.c[name] for name in Generation.__dataclass_fields__]


def _of(row: Row[Any]) -> Generation:
    return Generation(**row._mapping)
