"""The vocabulary of suites: a rule is a sentence about rows that belong together, and the rows that break it.

Belongs here: `Rule`, the evidence it reads, finding a table's rules, and the few shapes of rule many suites share.
Does not belong here: any particular table's rules (`quality/suites`), or running them (`quality.gate`).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from darkroom.contracts.table import Severity, Table

OUTPUTS = "outputs"
"""Companion: how state says each output of each photo stands; columns `photo_id, output, state`.

The photo itself is the output `photos`; an output done at a version that no longer counts is `missing`.
"""

OBJECTS = "objects"
"""Companion: one row per object the rows speak of; columns `photo_id, kind, sha256, size_bytes, stored_bytes`.

`stored_bytes` is null for an absent object.
"""

DIMENSIONS = "dimensions"
"""Companion: how many numbers a vector has, as the provider that is set up declares; columns `output,
output_version, dimensions`, a row for each output whose rows hold vectors.
"""


@dataclass(frozen=True)
class Evidence:
    """A batch's rows of one table, and the rows of other tables for the same photos."""

    frame: pd.DataFrame
    companions: Mapping[str, pd.DataFrame]

    def of(self, name: str) -> pd.DataFrame:
        """The companion called `name`; an empty one still has its columns."""
        return self.companions[name]


@dataclass(frozen=True)
class Rule:
    """What must hold, as a sentence; `broken` gives the rows for which it does not.

    `broken` must be vectorised, and its rows carry `photo_id` unless the severity is `BLOCK` or `WARN`.
    A rule is skipped, and the report says so, when a companion it `needs` was not given.
    """

    sentence: str
    severity: Severity
    broken: Callable[[Evidence], pd.DataFrame]
    needs: tuple[str, ...] = ()


def rules(table: Table) -> tuple[Rule, ...]:
    """The rules of `quality/suites/<table>.py`; none when the table has no suite."""
    name = f"quality.suites.{table.name}"
    if importlib.util.find_spec(name) is None:
        return ()
    found: tuple[Rule, ...] = importlib.import_module(name).RULES
    return found


def done_means_rows(output: str, rows_each: int = 1) -> Rule:
    """State and lake agree: a photo whose output is done has `rows_each` rows of its newest attempt.

    Rows of a photo whose output is not done may be there: they stay when it is switched off, or fails later.
    """

    def broken(evidence: Evidence) -> pd.DataFrame:
        states = evidence.of(OUTPUTS)
        done = states.loc[(states["output"] == output) & (states["state"] == "done"), ["photo_id"]]
        rows = newest(evidence.frame).groupby("photo_id").size()
        return done[done["photo_id"].map(rows).fillna(0) != rows_each]

    what = "one row" if rows_each == 1 else f"{rows_each} rows"
    return Rule(f"a photo whose {output} are done has {what}", Severity.QUARANTINE, broken, needs=(OUTPUTS,))


def photos_known() -> Rule:
    """Every row's photo is a photo of the lake."""

    def broken(evidence: Evidence) -> pd.DataFrame:
        frame = evidence.frame
        return frame[frame["photo_id"].notna() & ~frame["photo_id"].isin(evidence.of("photos")["photo_id"])]

    return Rule("every row belongs to a photo that is in photos", Severity.BLOCK, broken, needs=("photos",))


def newest(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of each photo's newest attempt; the frame needs `photo_id` and `attempt`."""
    if frame.empty:
        return frame
    return frame[frame["attempt"] == frame.groupby("photo_id")["attempt"].transform("max")]


def whole_objects() -> Rule:
    """The object store holds, with every byte, what the rows say it holds."""

    def broken(evidence: Evidence) -> pd.DataFrame:
        objects = evidence.of(OBJECTS)
        return objects[objects["stored_bytes"].fillna(-1) != objects["size_bytes"]]

    return Rule("the object store holds every object whole", Severity.BLOCK, broken, needs=(OBJECTS,))
