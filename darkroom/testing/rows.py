"""Sample rows of any contract: valid, different from each other, the same on every run.

Belongs here: values made from what a contract says of its columns. Does not belong here: rows that mean something
(a photo with its file and its text), which a test builds itself.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_origin

from pydantic import AwareDatetime, NaiveDatetime

from darkroom.contracts.columns import UUID_PATTERN
from darkroom.contracts.table import Field, Row, Table
from darkroom.domain.miniatures import EDGE

EPOCH = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)


def sample_row(table: Table, number: int, **values: Any) -> Row:
    """The `number`-th sample row of a table; `values` replace columns. Every third row has nulls where it may."""
    made = {field.name: _value(field, number) for field in table.fields}
    return table.row(**{**made, **values})


def sample_rows(table: Table, count: int, **values: Any) -> list[Row]:
    """The first `count` sample rows, `values` replacing columns in each."""
    return [sample_row(table, number, **values) for number in range(count)]


def _value(field: Field, number: int) -> Any:
    if field.nullable and number % 3 == 2:
        return None
    if field.column.values:
        return field.column.values[number % len(field.column.values)]
    return _typed(field, field.type, number)


def _typed(field: Field, python: Any, number: int) -> Any:
    if get_origin(python) is list:
        return [_typed(field, get_args(python)[0], number * 7 + position) for position in range(number % 3)]
    if isinstance(python, type) and issubclass(python, Row):
        return sample_row(Table(name=field.name, row=python, grain="", primary_key=()), number)
    if python is str:
        return _text(field, number)
    if python is bool:
        return number % 2 == 0
    if python is AwareDatetime:
        return EPOCH + timedelta(seconds=number)
    if python is NaiveDatetime:
        return EPOCH.replace(tzinfo=None) + timedelta(seconds=number)
    return _number(field, python, number)


LONGEST = 2 * EDGE * EDGE
"""Hex digits of a value whose contract does not say how many: a miniature's."""


def _text(field: Field, number: int) -> str:
    pattern = field.column.pattern
    name = f"{field.name}-{number}"
    if pattern == UUID_PATTERN:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    digits = re.fullmatch(r"\[0-9a-f\](?:\{(\d+)\}|\+)", pattern or "")
    if digits:
        return hashlib.shake_128(name.encode()).hexdigest(LONGEST // 2)[: int(digits[1] or LONGEST)]
    letters = re.fullmatch(r"\[A-Z\]\{(\d+)\}", pattern or "")
    if letters:
        return chr(ord("A") + number % 26) * int(letters[1])
    if pattern is not None:
        return "image/jpeg"
    return f"Größe '{name}' 東京"


def _number(field: Field, python: Any, number: int) -> Any:
    low = field.column.ge if field.column.ge is not None else 0
    high = field.column.le if field.column.le is not None else low + 1_000_000
    if python is int:
        return int(low) + number % (int(high - low) + 1)
    return low + (high - low) * (number % 1000) / 1000
