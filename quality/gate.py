"""A table's gate: all that is expected of a batch's rows, evaluated, as one report.

Belongs here: running derived expectations and rules over frames in memory, and what their severities mean together.
Does not belong here: where frames come from and reports go (`darkroom.services.gates`), or showing them (`gates`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.table import Severity, Table
from quality.derive import Expected, element_row, expected, expected_inside, suite
from quality.engine import library
from quality.rules import Evidence, rules

SAMPLE = 5
"""Rows a report shows for each broken expectation."""

SHOWN = 80
"""Characters of a value a report shows."""


@dataclass(frozen=True)
class Result:
    """What one expectation came to; `sample` shows rows by key, and values unless the column is personal."""

    expectation: str
    severity: Severity
    success: bool
    unexpected_count: int = 0
    sample: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateReport:
    """What a table's gate found. `passed` is false when an expectation of severity `BLOCK` is broken.

    `quarantined` maps photos to be set aside to the first expectation they break; `skipped` names rules whose
    companions were not given.
    """

    passed: bool
    rows: int
    quarantined: Mapping[str, str]
    results: tuple[Result, ...]
    skipped: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class _Broken:
    """Rows that break an expectation: how many, their photos when they have any, and a few shown."""

    count: int
    photos: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()


def check(table: Table, frame: pd.DataFrame, companions: Mapping[str, pd.DataFrame]) -> GateReport:
    """Checks one batch's rows of `table`.

    Args:
        table: The contract.
        frame: The rows, one column per contract column, as `pyarrow.Table.to_pandas()` gives them.
        companions: Rows of other tables for the same photos by table name, and what else `rules` names.

    Returns:
        The report. Never raises for bad rows: a frame of the wrong shape is a failed expectation.
    """
    typed, outcome = _typed(table, frame)
    outcomes = [outcome, *_columns(table, typed)]
    skipped: list[str] = []
    if all(broken is None for severity, _, broken in outcomes if severity is Severity.BLOCK):
        evidence = Evidence(typed, companions)
        for rule in rules(table):
            if set(rule.needs) <= set(companions):
                outcomes.append((rule.severity, rule.sentence, _rows(table, rule.broken(evidence))))
            else:
                skipped.append(rule.sentence)
    else:
        skipped = [rule.sentence for rule in rules(table)]
    return _report(len(frame), outcomes, tuple(skipped))


def _report(
    rows: int, outcomes: Sequence[tuple[Severity, str, _Broken | None]], skipped: tuple[str, ...]
) -> GateReport:
    results: list[Result] = []
    quarantined: dict[str, str] = {}
    passed = True
    for severity, name, broken in outcomes:
        if broken is None:
            results.append(Result(name, severity, success=True))
            continue
        # Nothing can be set aside when no photo is named: then the batch is what is wrong.
        effective = Severity.BLOCK if severity is Severity.QUARANTINE and not broken.photos else severity
        passed = passed and effective is not Severity.BLOCK
        if effective is Severity.QUARANTINE:
            for photo_id in broken.photos:
                quarantined.setdefault(photo_id, name)
        results.append(Result(name, effective, False, broken.count, broken.sample))
    return GateReport(passed, rows, quarantined, tuple(results), skipped)


def _typed(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Severity, str, _Broken | None]]:
    """The frame with exactly the contract's types, or as it came and why it has others."""
    sentence = f"{table.name}: columns have the contract's types"
    try:
        # Nulls are an expectation of their own: it names the rows.
        schema = pa.schema([field.with_nullable(True) for field in arrow_schema(table)])
        rows = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError, KeyError) as error:
        return frame, (Severity.BLOCK, sentence, _Broken(1, sample=(str(error)[: SHOWN * SAMPLE],)))
    # The conversion drops columns the contract does not know: that they are there is for the next expectation to say.
    typed = rows.to_pandas() if set(frame.columns) == set(rows.column_names) else frame
    return typed, (Severity.BLOCK, sentence, None)


def _columns(table: Table, frame: pd.DataFrame) -> list[tuple[Severity, str, _Broken | None]]:
    outcomes = _validated(table, table.name, expected(table), frame)
    if not set(table.row.model_fields) <= set(frame.columns):
        return outcomes
    for column, expectations in expected_inside(table).items():
        outcomes += _validated(table, f"{table.name}.{column}", expectations, _elements(table, column, frame))
    return outcomes


def _elements(table: Table, column: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows inside a list column, one per element, with the photo they belong to."""
    row = next(row for field in table.fields if field.name == column and (row := element_row(field)))
    exploded = frame[["photo_id", column]].explode(column).dropna(subset=[column])
    elements = pd.DataFrame(exploded[column].tolist(), columns=list(row.model_fields))
    for inner in Table(name=column, row=row, grain="", primary_key=()).fields:
        if elements.empty and inner.type in (int, float):
            elements[inner.name] = elements[inner.name].astype("float64")
    return elements.assign(photo_id=exploded["photo_id"].to_numpy())


def _validated(
    table: Table, name: str, expectations: tuple[Expected, ...], frame: pd.DataFrame
) -> list[tuple[Severity, str, _Broken | None]]:
    """Evaluates all quickly, then the failed ones again with their rows: counting rows doubles the cost."""
    held = [one.success for one in _results(name, expectations, frame, "BOOLEAN_ONLY")]
    failed = tuple(each for each, holds in zip(expectations, held, strict=True) if not holds)
    keys = [key for key in ("photo_id", *table.primary_key) if key in frame.columns]
    detail = {"result_format": "COMPLETE", "unexpected_index_column_names": list(dict.fromkeys(keys))}
    found = iter(_results(f"{name}:failed", failed, frame, detail) if failed else ())
    personal = bool(set(name.split(".")) & set(table.pii))
    outcomes: list[tuple[Severity, str, _Broken | None]] = []
    for each, holds in zip(expectations, held, strict=True):
        sentence = _sentence(name, each)
        if holds:
            outcomes.append((each.severity, sentence, None))
        else:
            hidden = personal or bool(set(each.columns) & set(table.pii))
            outcomes.append((each.severity, sentence, _broken(next(found).to_json_dict(), each, hidden)))
    return outcomes


def _results(name: str, expectations: tuple[Expected, ...], frame: pd.DataFrame, result_format: Any) -> list[Any]:
    """What the library says of each expectation, in their order: it sorts them by columns."""
    result = (
        _batch_definition()
        .get_batch({"dataframe": frame})
        .validate(suite(name, expectations), result_format=result_format)
    )
    return sorted(result.results, key=lambda one: int(one.expectation_config.meta["position"]))


def _broken(result: Mapping[str, Any], each: Expected, hidden: bool) -> _Broken:
    error = result.get("exception_info") or {}
    detail = result.get("result") or {}
    rows = detail.get("unexpected_index_list") or []
    photos = tuple(dict.fromkeys(str(row["photo_id"]) for row in rows if row.get("photo_id")))
    sample = tuple(_shown(row, () if not hidden else each.columns) for row in rows[:SAMPLE])
    if not rows and "details" in detail:
        sample = (str(detail["details"])[: SHOWN * SAMPLE],)
    message = _first_message(error)
    if message and not rows:
        sample = (message[: SHOWN * SAMPLE],)
    return _Broken(max(int(detail.get("unexpected_count") or 0), len(rows), 1), photos, sample)


def _first_message(error: Mapping[str, Any]) -> str | None:
    if error.get("raised_exception"):
        return str(error.get("exception_message"))
    nested = [each for each in error.values() if isinstance(each, Mapping) and each.get("raised_exception")]
    return str(nested[0].get("exception_message")) if nested else None


def _rows(table: Table, broken: pd.DataFrame) -> _Broken | None:
    if broken.empty:
        return None
    photos = broken["photo_id"].dropna().astype("str") if "photo_id" in broken else pd.Series(dtype="str")
    keys = [key for key in dict.fromkeys(("photo_id", *table.primary_key)) if key in broken and key not in table.pii]
    sample = tuple(_shown(row, ()) for row in broken[keys].head(SAMPLE).to_dict("records"))
    return _Broken(len(broken), tuple(photos.unique()), sample)


def _shown(row: Mapping[Any, Any], hidden: Sequence[str]) -> str:
    return ", ".join(f"{name}={str(value)[:SHOWN]}" for name, value in row.items() if name not in hidden)


def _sentence(name: str, each: Expected) -> str:
    """`texts.lines.score: ExpectColumnValuesToBeBetween(0, 1)`, without arguments that say nothing."""
    about = f"{name}.{each.kwargs['column']}" if "column" in each.kwargs else name
    shape = ("column", "column_set", "exact_match")
    arguments = [str(value) for key, value in each.kwargs.items() if key not in shape and value is not None]
    return f"{about}: {each.type}({', '.join(arguments)})"


@functools.cache
def _batch_definition() -> Any:
    gx = library()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return (
        context.data_sources.add_pandas("gate").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )
