"""Contract → expectations: everything a table's columns promise, as Great Expectations suites.

The derivation is plain data (`Expected`), so that it can be read, diffed and snapshotted without the library; `suite`
builds the library's objects from it. A column that holds a list of rows gets a suite of its own over the exploded rows.
Does not belong here: types (`quality.gate` converts rows to the contract's Arrow schema, which looks inside lists and
objects where the library sees one opaque pandas type), and what compares columns, rows or tables (`quality/suites`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin

from darkroom.contracts.table import Column, Field, Row, Severity, Table, bare_type
from quality.engine import expectation, library

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

_CAPTURING = re.compile(r"(?<!\\)\((?!\?)")

_SEVERITIES = {Severity.BLOCK: "critical", Severity.QUARANTINE: "warning", Severity.WARN: "info"}


@dataclass(frozen=True)
class Expected:
    """One expectation as plain data: the library's class, its arguments, and what breaking it does."""

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it speaks of; none for the shape of the whole table."""
        return (self.kwargs["column"],) if "column" in self.kwargs else tuple(self.kwargs.get("column_list", ()))


def expected(table: Table) -> tuple[Expected, ...]:
    """What the table's own columns promise; rows inside list columns are `expected_inside`."""
    names = [field.name for field in table.fields]
    shape = Expected("ExpectTableColumnsToMatchSet", {"column_set": names, "exact_match": True}, Severity.BLOCK)
    return (shape, _unique(table.primary_key), *(e for field in table.fields for e in _column(field)))


def expected_inside(table: Table) -> dict[str, tuple[Expected, ...]]:
    """For each column that is a list of rows: what every element promises."""
    inside = {}
    for field in table.fields:
        if row := element_row(field):
            fields = Table(name=f"{table.name}.{field.name}", row=row, grain="", primary_key=()).fields
            inside[field.name] = tuple(e for each in fields for e in _column(each))
    return inside


def element_row(field: Field) -> type[Row] | None:
    """The row type of a list-of-rows column, or `None`."""
    if get_origin(field.type) is not list:
        return None
    element = bare_type(get_args(field.type)[0])[0]
    return element if isinstance(element, type) and issubclass(element, Row) else None


def suite(name: str, expectations: tuple[Expected, ...]) -> ExpectationSuite:
    """The library's suite for these expectations, in their order (a loaded library is needed: about a second)."""
    gx = library()
    built: ExpectationSuite = gx.ExpectationSuite(
        name=name,
        expectations=[
            expectation(each.type)(**each.kwargs, severity=_SEVERITIES[each.severity], meta={"position": position})
            for position, each in enumerate(expectations)
        ],
    )
    return built


def _unique(primary_key: tuple[str, ...]) -> Expected:
    if len(primary_key) == 1:
        return Expected("ExpectColumnValuesToBeUnique", {"column": primary_key[0]}, Severity.BLOCK)
    return Expected("ExpectCompoundColumnsToBeUnique", {"column_list": list(primary_key)}, Severity.BLOCK)


def _column(field: Field) -> list[Expected]:
    about, column = {"column": field.name}, field.column
    found = []
    if not field.nullable:
        found.append(Expected("ExpectColumnValuesToNotBeNull", about, column.severity))
    if column.ge is not None or column.le is not None:
        bounds = {"min_value": column.ge, "max_value": column.le}
        found.append(Expected("ExpectColumnValuesToBeBetween", {**about, **bounds}, column.severity))
    if column.values:
        found.append(Expected("ExpectColumnValuesToBeInSet", {**about, "value_set": [*column.values]}, column.severity))
    if column.pattern is not None:
        found.append(Expected("ExpectColumnValuesToMatchRegex", {**about, "regex": _whole(column)}, column.severity))
    return found


def _whole(column: Column) -> str:
    """The pattern over the whole value, without groups that capture: pandas warns of those."""
    return rf"\A(?:{re.sub(_CAPTURING, '(?:', column.pattern or '')})\Z"
