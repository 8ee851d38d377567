"""Filters of lists and searches: a subset of AIP-160 parsed into one syntax tree that every store compiles.

Belongs here: the tree, the grammar, and what operators mean for each kind of field. Does not belong here: the table of
fields (`fields`), the compilers (`api/queries/filters.py`, the vector gateways), evaluation in Python (`matching`).

A condition on a missing value is false, and `!=` and `NOT` are its exact opposite. Texts compare folded
(`darkroom.domain.words.fold`). Mixing AND with OR needs parentheses: AIP-160 binds OR tighter, most readers expect the
contrary, so neither is guessed.
"""

from __future__ import annotations

import math
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

import lark

from darkroom.domain.fields import ALIASES, FIELDS, OUTPUT_STATES, FilterField, Kind, field_named
from darkroom.domain.spans import LATEST, Span, ZonedTime, span, year_span
from darkroom.domain.words import fold, query_words

LONGEST = 4096
"""Characters a filter may have."""
DEEPEST = 16
"""How deep parentheses and NOT may nest."""
MOST_CONDITIONS = 64
"""Conditions one filter may have."""

Operator = Literal["=", "<", "<=", ">", ">="]


class FilterError(ValueError):
    """A filter that cannot be understood: `message`, `position` (0-based, in characters) and a `hint` to mend it."""

    def __init__(self, message: str, position: int, hint: str) -> None:
        super().__init__(f"{message} (at character {position + 1}): {hint}")
        self.message = message
        self.position = position
        self.hint = hint


@dataclass(frozen=True)
class And:
    """All parts hold."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    """At least one part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold; a missing value makes the part false, so its opposite true."""

    part: Filter


@dataclass(frozen=True)
class Compare:
    """A number, or a folded name, path, identifier or state (these with `=` only)."""

    field: str
    operator: Operator
    value: float | str


@dataclass(frozen=True)
class During:
    """A local time in [start, end); one side may be open: `None`."""

    field: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class StartsWith:
    """A folded name or path that starts with the folded `prefix`."""

    field: str
    prefix: str


@dataclass(frozen=True)
class Contains:
    """A folded name or path that contains the folded `part`."""

    field: str
    part: str


@dataclass(frozen=True)
class Has:
    """A list with an item that equals, or with `prefix` starts with, the folded `value`."""

    field: str
    value: str
    prefix: bool = False


@dataclass(frozen=True)
class HasWords:
    """A text with all the normalised `words`, in any order; with `prefix` the last is only the beginning of a word."""

    field: str
    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True)
class Present:
    """A value that is there: not null, no empty list, no text without words."""

    field: str


Condition = Compare | During | StartsWith | Contains | Has | HasWords | Present
Filter = And | Or | Not | Condition


def parse(text: str) -> Filter | None:
    """The tree of a filter; `None` for an empty one, which accepts everything. Raises `FilterError`."""
    if len(text) > LONGEST:
        raise FilterError(f"the filter has {len(text)} characters", LONGEST, f"{LONGEST} are allowed")
    if not text.strip():
        return None
    if strange := re.search("[\x00\ud800-\udfff]", text):
        raise FilterError("the filter has a character no text can have", strange.start(), "remove it")
    try:
        found: _Part = _parser().parse(text)  # type: ignore[assignment]
    except lark.exceptions.UnexpectedEOF as error:
        raise FilterError("the filter ends too early", len(text), _expected(error)) from None
    except lark.exceptions.UnexpectedToken as error:
        ended = error.token.type == "$END"
        position = len(text) if ended else error.token.start_pos or 0
        message = "the filter ends too early" if ended else f"{str(error.token)[:40]!r} is not expected here"
        raise FilterError(message, position, _expected(error)) from None
    except lark.exceptions.UnexpectedCharacters as error:
        position = error.pos_in_stream or 0
        raise FilterError(f"{text[position]!r} is not expected here", position, _USAGE) from None
    return found.filter


_USAGE = 'write conditions like taken_at >= 2019-07 AND keywords:beach; put values with spaces into "quotes"'

_GRAMMAR = r"""
    start: all
    ?all: any | all_of
    all_of: term (_AND term)+
    ?any: term | any_of
    any_of: term (_OR term)+
    ?term: condition | negated | "(" all ")" -> nested
    negated: (_NOT | _MINUS) term
    condition: FIELD OPERATOR value
    value: QUOTED | PLAIN
    _AND.3: /AND\b/
    _OR.3: /OR\b/
    _NOT.3: /NOT\b/
    _MINUS: "-"
    FIELD.2: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/
    OPERATOR: "!=" | "<=" | ">=" | "=" | "<" | ">" | ":"
    QUOTED.2: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
    PLAIN: /[^\s()"'<>=!:][^\s()"'<>=]*/
    %ignore /\s+/
"""

_TERMINALS = {
    "FIELD": "a field",
    "OPERATOR": "one of = != < <= > >= :",
    "QUOTED": "a value",
    "PLAIN": "a value",
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
    "_MINUS": "-",
    "LPAR": "(",
    "RPAR": ")",
    "$END": "the end",
}


@dataclass(frozen=True)
class _Part:
    filter: Filter
    depth: int
    conditions: int
    position: int


@dataclass(frozen=True)
class _Value:
    text: str
    quoted: bool
    position: int


class _Build(lark.Transformer[lark.Token, _Part]):
    """Builds the tree while it is parsed, so that nesting costs no recursion."""

    @lark.v_args(inline=True)
    def start(self, part: _Part) -> _Part:
        return part

    @lark.v_args(inline=True)
    def nested(self, part: _Part) -> _Part:
        return _checked(part.filter, (part,), deeper=1)

    @lark.v_args(inline=True)
    def negated(self, part: _Part) -> _Part:
        return _checked(Not(part.filter), (part,), deeper=1)

    def all_of(self, parts: list[_Part]) -> _Part:
        return _checked(And(tuple(part.filter for part in parts)), tuple(parts), deeper=0)

    def any_of(self, parts: list[_Part]) -> _Part:
        return _checked(Or(tuple(part.filter for part in parts)), tuple(parts), deeper=0)

    @lark.v_args(inline=True)
    def condition(self, name: lark.Token, operator: lark.Token, value: _Value) -> _Part:
        position = name.start_pos or 0
        try:
            field = field_named(str(name))
        except KeyError:
            known = ", ".join(sorted([*FIELDS, *ALIASES, "year", "outputs.<name>"]))
            if name != "year":
                raise FilterError(f"there is no field {str(name)!r}", position, f"fields are {known}") from None
            return _Part(_year(str(operator), value), 1, 1, position)
        return _Part(_condition(field, str(operator), value, operator.start_pos or 0), 1, 1, position)

    @lark.v_args(inline=True)
    def value(self, token: lark.Token) -> _Value:
        position = token.start_pos or 0
        if token.type == "QUOTED":
            return _Value(re.sub(r"\\(.)", r"\1", str(token)[1:-1], flags=re.DOTALL), True, position)
        return _Value(str(token), False, position)


@cache
def _parser() -> lark.Lark:
    return lark.Lark(_GRAMMAR, parser="lalr", transformer=_Build())


def _expected(error: lark.exceptions.UnexpectedInput) -> str:
    names = getattr(error, "accepts", None) or getattr(error, "expected", None) or ()
    wanted = sorted({_TERMINALS[name] for name in names if name in _TERMINALS})
    return f"expected {', '.join(wanted)}; {_USAGE}" if wanted else _USAGE


def _checked(filter: Filter, parts: tuple[_Part, ...], deeper: int) -> _Part:
    depth = max(part.depth for part in parts) + deeper
    conditions = sum(part.conditions for part in parts)
    position = parts[0].position
    if depth > DEEPEST:
        raise FilterError("the filter nests too deeply", position, f"{DEEPEST} levels are allowed")
    if conditions > MOST_CONDITIONS:
        raise FilterError(f"the filter has {conditions} conditions", position, f"{MOST_CONDITIONS} are allowed")
    return _Part(filter, depth, conditions, position)


def _condition(field: FilterField, operator: str, value: _Value, position: int) -> Filter:
    if operator == ":" and value.text == "*" and not value.quoted and field.kind is not Kind.STATE:
        return Present(field.name)
    if operator not in _OPERATORS[field.kind]:
        raise FilterError(f"{field.name} takes no {operator!r}", position, _HINTS[field.kind].format(field.name))
    if operator == "!=":
        return Not(_condition(field, "=", value, position))
    return _MEANINGS[field.kind](field, operator, value)


def _number(field: FilterField, operator: str, value: _Value) -> Filter:
    try:
        number = float(value.text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FilterError(f"{value.text[:40]!r} is no number", value.position, f"for example {field.name} >= 3")
    return Compare(field.name, operator, number)  # type: ignore[arg-type]


def _name(field: FilterField, operator: str, value: _Value) -> Filter:
    text, prefix = _wildcard(field, value)
    if operator == ":":
        return Contains(field.name, text)
    return StartsWith(field.name, text) if prefix else Compare(field.name, "=", text)


def _item(field: FilterField, operator: str, value: _Value) -> Filter:
    text, prefix = _wildcard(field, value)
    return Has(field.name, text, prefix)


def _words(field: FilterField, operator: str, value: _Value) -> Filter:
    text, prefix = _wildcard(field, value)
    if not (asked := query_words(text)):
        raise FilterError(f"{value.text[:40]!r} has no words", value.position, f"for example {field.name}:invoice")
    return HasWords(field.name, asked, prefix)


def _wildcard(field: FilterField, value: _Value) -> tuple[str, bool]:
    """The folded text, and whether it ended in an unescaped `*`."""
    prefix = value.text.endswith("*")
    text = fold(value.text.removesuffix("*"))
    if "*" in text:
        raise FilterError("'*' stands in the middle", value.position, "a wildcard is allowed at the end only")
    if not text:
        raise FilterError("the value is empty", value.position, f"write {field.name}:* to ask whether there is one")
    return text, prefix


def _identifier(field: FilterField, operator: str, value: _Value) -> Filter:
    try:
        return Compare(field.name, "=", str(uuid.UUID(value.text)))
    except ValueError:
        raise FilterError(f"{value.text[:40]!r} is no UUID", value.position, "copy the id whole") from None


def _state(field: FilterField, operator: str, value: _Value) -> Filter:
    if value.text not in OUTPUT_STATES:
        states = ", ".join(OUTPUT_STATES)
        raise FilterError(f"{value.text[:40]!r} is no state", value.position, f"states are {states}")
    return Compare(field.name, "=", value.text)


def _time(field: FilterField, operator: str, value: _Value) -> Filter:
    try:
        return _during(field.name, operator, span(value.text))
    except ZonedTime:
        hint = f"{field.name} is local wall time: leave the zone out"
        raise FilterError("the time has a zone", value.position, hint) from None
    except ValueError:
        hint = "write a year, month, day or local time: 2019, 2019-07, 2019-07-04, 2019-07-04T18:30:00"
        raise FilterError(f"{value.text[:40]!r} is no date or time", value.position, hint) from None


def _year(operator: str, value: _Value) -> Filter:
    if operator == ":" or not re.fullmatch(r"\d{1,4}", value.text, re.ASCII) or int(value.text) == 0:
        raise FilterError(f"{value.text[:40]!r} is no year", value.position, "for example year = 2019, year >= 2019")
    found = year_span(int(value.text))
    return Not(_during("taken_at", "=", found)) if operator == "!=" else _during("taken_at", operator, found)


def _during(name: str, operator: str, found: Span) -> Filter:
    start, end = found
    match operator:
        case "<":
            return During(name, None, start)
        case "<=":
            return During(name, None, end) if end else Present(name)
        case ">":
            return During(name, end or LATEST, None)
        case ">=":
            return During(name, start, None)
        case _:
            return During(name, start, end)


_OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.NAME: ("=", "!=", ":"),
    Kind.PATH: ("=", "!=", ":"),
    Kind.NAMES: (":",),
    Kind.WORDS: (":",),
    Kind.NUMBER: ("=", "!=", "<", "<=", ">", ">="),
    Kind.TIME: ("=", "!=", "<", "<=", ">", ">="),
    Kind.IDENTIFIER: ("=", "!="),
    Kind.STATE: ("=", "!="),
    Kind.PLACE: (),
}
_HINTS: dict[Kind, str] = {
    Kind.NAME: '{0} = "value" compares whole, {0}:part finds a part, {0}:* asks whether there is one',
    Kind.PATH: '{0} = "folder/*" compares from the beginning, {0}:part finds a part',
    Kind.NAMES: "{0}:value asks whether it is among them",
    Kind.WORDS: '{0}:word or {0}:"several words" asks for whole words',
    Kind.NUMBER: "{0} >= 3 compares, {0}:* asks whether there is one",
    Kind.TIME: "{0} >= 2019-07 compares, {0}:* asks whether there is one",
    Kind.IDENTIFIER: "{0} takes = and !=",
    Kind.STATE: "{0} = failed; it takes = and !=",
    Kind.PLACE: "{0}:* asks whether the position is known; compare latitude and longitude otherwise",
}
_MEANINGS = {
    Kind.NAME: _name,
    Kind.PATH: _name,
    Kind.NAMES: _item,
    Kind.WORDS: _words,
    Kind.NUMBER: _number,
    Kind.TIME: _time,
    Kind.IDENTIFIER: _identifier,
    Kind.STATE: _state,
}
