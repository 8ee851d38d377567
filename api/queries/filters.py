"""Filters as conditions on `serving.photos`.

Belongs here: the translation of the tree, and folding as PostgreSQL says it. Does not belong here: what a filter means
(`darkroom.domain.matching` says it in Python, and the tests compare).

Folding uses `casefold` and the built-in collation `pg_unicode_fast`, which need PostgreSQL 18 and a UTF-8 database.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Double,
    Text,
    and_,
    bindparam,
    case,
    cast,
    collate,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from darkroom.domain.fields import OUTPUT_PREFIX, FilterField, Kind, field_named
from darkroom.domain.filters import (
    And,
    Compare,
    Condition,
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
from darkroom.domain.words import LETTERS, is_unspaced
from darkroom.security.callers import Caller
from darkroom.stores.state import schema
from darkroom.stores.state.outputs import is_outdated
from darkroom.stores.state.photo_words import lexeme

photos, files, outputs = schema.photos, schema.photo_files, schema.published_outputs

_COMPOSED: ColumnElement[Any] = literal_column("NFKC")
_DECOMPOSED: ColumnElement[Any] = literal_column("NFKD")


def accepted(caller: Caller, filter: Filter | None) -> ColumnElement[bool]:
    """Photos of the caller's libraries that the filter accepts."""
    mine = photos.c.library_id.in_(caller.libraries)
    return mine if filter is None else and_(mine, _sql(filter))


def _sql(filter: Filter) -> ColumnElement[bool]:
    match filter:
        case And(parts):
            return and_(true(), *(_sql(part) for part in parts))
        case Or(parts):
            return or_(*(_sql(part) for part in parts))
        case Not(part):
            # A condition on a missing value is NULL here, and its opposite must accept.
            return _sql(part).is_not(true())
    field = field_named(filter.field)
    match field.kind:
        case Kind.PATH:
            return _on_files(filter)
        case Kind.STATE:
            return _on_outputs(filter, field.name.removeprefix(OUTPUT_PREFIX))
        case Kind.NAMES:
            return _on_items(filter, photos.c[field.column])
    if isinstance(filter, Present):
        return _present(field)
    if isinstance(filter, HasWords):
        return _in_words(_asked(field, filter))
    column = photos.c[field.column]
    return _holds(filter, _folded(column) if field.kind is Kind.NAME else column)


def _holds(condition: Condition, column: ColumnElement[Any]) -> ColumnElement[bool]:
    match condition:
        case Compare(_, "=", str(value)):
            return column == (UUID(value) if column is photos.c.library_id else value)
        case Compare(_, operator, value):
            return cast(column, Double).op(operator, is_comparison=True)(bindparam(None, value, Double))
        case During(_, start, end):
            sides = [column >= start] if start else []
            return and_(true(), *sides, *([column < end] if end else []))
        case StartsWith(_, prefix):
            return func.starts_with(column, prefix).is_(true())
        case Contains(_, part):
            return func.strpos(column, part) > 0
    raise TypeError(f"{type(condition).__name__} cannot be asked of one value")


def _present(field: FilterField) -> ColumnElement[bool]:
    if field.kind is Kind.WORDS:
        return _in_words(lexeme(field.column, "", prefix=True))
    return photos.c[field.column].is_not(None)


def _on_files(condition: Condition) -> ColumnElement[bool]:
    held = true() if isinstance(condition, Present) else _holds(condition, _folded(files.c.path))
    return exists().where(files.c.photo_id == photos.c.photo_id, files.c.library_id == photos.c.library_id, held)


def _on_outputs(condition: Condition, output: str) -> ColumnElement[bool]:
    if not isinstance(condition, Compare):
        raise TypeError("the state of an output is compared only")
    here = (outputs.c.photo_id == photos.c.photo_id, outputs.c.library_id == photos.c.library_id)
    named = exists().where(*here, outputs.c.output == output, ~is_outdated())
    # An output nothing is said about is missing.
    if condition.value == "missing":
        return ~named.where(outputs.c.state != "missing")
    return named.where(outputs.c.state == condition.value)


def _on_items(condition: Condition, items: ColumnElement[Any]) -> ColumnElement[bool]:
    if isinstance(condition, Present):
        return func.cardinality(items) > 0
    if not isinstance(condition, Has):
        raise TypeError("a list is asked for its items only")
    item = func.unnest(items).table_valued("item").render_derived()
    folded = _folded(item.c.item)
    wanted = func.starts_with(folded, condition.value) if condition.prefix else folded == condition.value
    return exists(select(literal(1)).select_from(item).where(wanted))


def _in_words(query: str) -> ColumnElement[bool]:
    return photos.c.photo_id.in_(select(func.serving.photos_with_words(cast(query, TSQUERY))))


def _asked(field: FilterField, condition: HasWords) -> str:
    """All words, of which the last may be a beginning; but what is written without spaces is kept as pairs."""
    last = len(condition.words) - 1
    return " & ".join(
        lexeme(field.column, word, prefix=condition.prefix and place == last and not is_unspaced(word))
        for place, word in enumerate(condition.words)
    )


def _folded(column: ColumnElement[Any]) -> ColumnElement[str]:
    """`darkroom.domain.words.fold`: in one step for ASCII, else without the steps that have nothing to do."""
    text = cast(column, Text)
    cased = func.casefold(collate(func.normalize(text, _DECOMPOSED), "pg_unicode_fast"))
    unmarked = func.regexp_replace(cased, "[\\u0300-\\u036f]", "", "g")
    # The fence keeps PostgreSQL from writing the expression out wherever it is named.
    inner = select(unmarked.label("plain")).correlate_except().offset(0).lateral()
    spelled: ColumnElement[str] = inner.c.plain
    for letter, spelling in LETTERS.items():
        spelled = func.replace(spelled, chr(letter), spelling)
    strange = "[" + "".join(chr(letter) for letter in LETTERS) + "]"
    composed = func.normalize(case((inner.c.plain.regexp_match(strange), spelled), else_=inner.c.plain), _COMPOSED)
    whole = select(case((_is_ascii(inner.c.plain), inner.c.plain), else_=composed)).scalar_subquery()
    return case((_is_ascii(text), func.lower(text)), else_=whole)


def _is_ascii(text: ColumnElement[str]) -> ColumnElement[bool]:
    return func.octet_length(text) == func.char_length(text)
