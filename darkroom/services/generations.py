"""Generations: tables made across batches, which one library at a time is replaced whole.

Belongs here: making, checking and showing a generation, whatever it groups. Does not belong here: what a generation
says (`people`, `duplicates`), or when one is made (`orchestration`).

A generation is written to the lake under its number, judged by its gate, and shown in one transaction of state. One
that is not shown is invisible: a killed run leaves rows nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import Connection

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.table import Row
from darkroom.services.gates import NotGated
from darkroom.services.platform import Platform
from darkroom.stores.state import generations, publishing
from darkroom.stores.state.generations import Generation

KEPT_DAYS = 7
"""How long the lake keeps generations that nobody is shown any more."""


def write(platform: Platform, generation: Generation, rows: Mapping[str, Sequence[Row] | pa.Table]) -> None:
    """Writes the rows of a generation, of all its tables together."""
    platform.lake.insert(rows, message=f"{generation.kind} {generation.number}")


def unshown(platform: Platform, library_id: UUID, kind: str) -> Generation | None:
    """The newest generation that waits to be judged or shown, unless a later one is shown."""
    with platform.state.begin() as connection:
        made = generations.newest(connection, library_id, kind, "made", "current")
    return made if made and made.state == "made" else None


def rows_of(platform: Platform, generation: Generation, names: Sequence[str]) -> dict[str, pa.Table]:
    """The rows of a generation by table."""
    return {name: platform.lake.rows_of_generation(name, generation.number) for name in names}


def record(
    platform: Platform, generation: Generation, rows: Mapping[str, pa.Table], passed: bool, report: Mapping[str, Any]
) -> None:
    """Records the verdict over exactly these rows."""
    count = sum(table.num_rows for table in rows.values())
    with platform.state.begin() as connection:
        generations.record(
            connection, generation.number, rows=count, digest=_digest(platform, rows), passed=passed, report=report
        )


def show(
    platform: Platform,
    generation: Generation,
    names: Sequence[str],
    serve: Callable[[Connection, int, Mapping[str, pa.Table]], Sequence[UUID]],
) -> int:
    """Shows a generation whose gate passed exactly its rows; returns the publish epoch.

    `serve` writes its rows of `names` to serving, inside the transaction and under the epoch it is given, and returns
    the photos that changed by that. Raises `NotGated`.
    """
    rows = rows_of(platform, generation, names)
    if not generation.passed:
        raise NotGated(f"generation {generation.number} of {generation.kind} was not checked, or did not pass")
    if generation.digest != _digest(platform, rows):
        raise NotGated(f"generation {generation.number} of {generation.kind} is not what its gate checked")
    with platform.state.begin() as connection:
        epoch, _ = publishing.next_epoch(connection)
        generations.show(connection, generation)
        changed = serve(connection, epoch, rows)
        publishing.note_changes(connection, epoch, generation.library_id, "regrouped", changed)
    return epoch


def forget(platform: Platform, days: int = KEPT_DAYS) -> int:
    """Removes the rows of generations that were replaced, refused or left behind some days ago; returns how many."""
    with platform.state.begin() as connection:
        kept = generations.worth_keeping(connection, days)
    made_whole = [table.name for table in TABLES if table.written_by == "generation"]
    # A state that knows no generation is not one to believe: it may be about to be restored.
    return sum(platform.lake.forget_generations(name, kept) for name in made_whole) if kept else 0


def _digest(platform: Platform, rows: Mapping[str, pa.Table]) -> str:
    return " ".join(f"{name}:{platform.lake.digest(rows[name])}" for name in sorted(rows))
