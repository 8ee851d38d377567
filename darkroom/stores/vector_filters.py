"""Filters as LanceDB predicates (DataFusion SQL). Fields the index does not hold must be removed first (`indexable`).

Does not belong here: what a filter means (`darkroom.domain.matching` says it in Python, and the tests compare).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from darkroom.domain.fields import FilterField, Kind, field_named
from darkroom.domain.filters import (
    And,
    Compare,
    Contains,
    During,
    Filter,
    Has,
    HasWords,
    Not,
    Or,
    Present,
    StartsWith,
)
from darkroom.domain.matching import indexable
from darkroom.stores.vector_columns import words_column

_SEPARATOR = "\x1f"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local wall time


def predicate(filter: Filter | None, libraries: Sequence[str], among: Sequence[str] | None = None) -> str:
    """Rows of these libraries that the filter accepts, as far as the index can tell; `libraries` must not be empty.

    With `among`, which must not be empty either, only rows with one of these photo ids.
    """
    scope = f"library_id IN ({', '.join(_quoted(library) for library in libraries)})"
    if among is not None:
        scope = f"{named(among)} AND {scope}"
    kept = indexable(filter)
    return scope if kept is None else f"{scope} AND {_sql(kept)}"


def named(photo_ids: Sequence[str]) -> str:
    """Rows with one of these photo ids."""
    return f"photo_id IN ({', '.join(_quoted(photo_id) for photo_id in photo_ids)})"


def _sql(filter: Filter) -> str:
    match filter:
        case And(parts):
            return f"({' AND '.join(_sql(part) for part in parts)})"
        case Or(parts):
            return f"({' OR '.join(_sql(part) for part in parts)})"
        case Not(part):
            return f"(NOT coalesce({_sql(part)}, false))"
    field = field_named(filter.field)
    if field.indexed is None:
        raise ValueError(f"the index does not hold {field.name}")
    return f"({_condition(filter, field, field.indexed)})"


def _condition(
    filter: Compare | During | StartsWith | Contains | Has | HasWords | Present, field: FilterField, column: str
) -> str:
    match filter:
        case Compare(_, operator, value):
            return f"{column} {operator} {_quoted(value) if isinstance(value, str) else repr(float(value))}"
        case During(_, start, end):
            sides = [f"{column} >= {_time(start)}" if start else "", f"{column} < {_time(end)}" if end else ""]
            return " AND ".join(side for side in sides if side)
        case StartsWith(_, prefix):
            return f"starts_with({column}, {_quoted(prefix)})"
        case Contains(_, part):
            return f"contains({column}, {_quoted(part)})"
        case Has(_, value, prefix):
            if not prefix:
                return f"array_has({column}, {_quoted(value)})"
            joined = f"concat({_quoted(_SEPARATOR)}, array_to_string({column}, {_quoted(_SEPARATOR)}))"
            return f"contains({joined}, {_quoted(_SEPARATOR + value)})"
        case HasWords(_, words, prefix):
            spaced = f"concat(' ', {words_column(column)}, ' ')"
            ends = [" "] * (len(words) - 1) + ["" if prefix else " "]
            asked = (f"contains({spaced}, {_quoted(f' {word}{end}')})" for word, end in zip(words, ends, strict=True))
            return " AND ".join(asked)
        case Present():
            return _present(field, column)


def _present(field: FilterField, column: str) -> str:
    if field.kind is Kind.WORDS:
        return f"{words_column(column)} <> ''"
    return f"array_length({column}) > 0" if field.kind is Kind.NAMES else f"{column} IS NOT NULL"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _time(moment: datetime) -> str:
    # A timestamp literal would be cast to nanoseconds, which end in 1677 and 2262.
    return f"to_timestamp_micros({(moment - _EPOCH) // timedelta(microseconds=1)})"
