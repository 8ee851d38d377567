"""Filters answered in Python, and filters made weaker for a store that does not hold every field.

Belongs here: the meaning of the tree in plain Python, which the compilers of the stores are tested against.
Does not belong here: parsing (`filters`), the compilers themselves.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from darkroom.domain.fields import FilterField, field_named
from darkroom.domain.filters import And, Compare, Contains, During, Filter, Has, HasWords, Not, Or, Present, StartsWith

ValueOf = Callable[[FilterField], Any]
"""A photo's value of a field: names, items and paths folded, running text normalised, `None` where there is none."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(filter: Filter | None, value_of: ValueOf) -> bool:
    """Whether a photo fulfils a filter."""
    match filter:
        case None:
            return True
        case And(parts):
            return all(matches(part, value_of) for part in parts)
        case Or(parts):
            return any(matches(part, value_of) for part in parts)
        case Not(part):
            return not matches(part, value_of)
    value = value_of(field_named(filter.field))
    if isinstance(filter, Present):
        return value is not None and (not isinstance(value, Sequence) or len(value) > 0)
    if isinstance(filter, HasWords):
        return _has_words(filter, (value or "").split(" "))
    values = value if isinstance(value, list) else [] if value is None else [value]
    return any(_holds(filter, item) for item in values)


def indexable(filter: Filter | None) -> Filter | None:
    """The strictest filter over indexed fields alone that accepts whatever `filter` accepts; `None` accepts all."""
    if filter is None:
        return None
    widened = _approximate(filter, wider=True)
    return None if isinstance(widened, bool) else widened


def fields_of(filter: Filter | None) -> tuple[str, ...]:
    """Names of the fields a filter asks about, sorted."""
    match filter:
        case None:
            return ()
        case And(parts) | Or(parts):
            return tuple(sorted({name for part in parts for name in fields_of(part)}))
        case Not(part):
            return fields_of(part)
    return (filter.field,)


def _holds(condition: Compare | During | StartsWith | Contains | Has, value: Any) -> bool:
    match condition:
        case Compare(_, symbol, wanted):
            return _COMPARE[symbol](value, wanted)
        case During(_, start, end):
            return (start is None or value >= start) and (end is None or value < end)
        case StartsWith(_, prefix):
            return bool(value.startswith(prefix))
        case Contains(_, part):
            return part in value
        case Has(_, wanted, prefix):
            return bool(value.startswith(wanted)) if prefix else bool(value == wanted)


def _has_words(condition: HasWords, present: list[str]) -> bool:
    *whole, last = condition.words
    held = set(present)
    if not held.issuperset(whole):
        return False
    return any(word.startswith(last) for word in held) if condition.prefix else last in held


def _approximate(filter: Filter, *, wider: bool) -> Filter | bool:
    """`filter` over indexed fields: accepting more when `wider`, less otherwise; a constant when nothing is left."""
    match filter:
        case And(parts):
            return _joined(And, [_approximate(part, wider=wider) for part in parts], neutral=True)
        case Or(parts):
            return _joined(Or, [_approximate(part, wider=wider) for part in parts], neutral=False)
        case Not(part):
            inner = _approximate(part, wider=not wider)
            return not inner if isinstance(inner, bool) else Not(inner)
    return wider if field_named(filter.field).indexed is None else filter


def _joined(join: type[And] | type[Or], parts: list[Filter | bool], *, neutral: bool) -> Filter | bool:
    if (not neutral) in [part for part in parts if isinstance(part, bool)]:
        return not neutral
    kept = tuple(part for part in parts if not isinstance(part, bool))
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else join(kept)
