"""The `filter=` parameter: text to a condition, or to a problem that says where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query
from sqlalchemy import ColumnElement

from api.problems import INVALID_FILTER, Problem
from api.queries.filters import accepted
from darkroom.domain.fields import FIELDS
from darkroom.domain.filters import LONGEST, Filter, FilterError, parse
from darkroom.security.callers import Caller

FilterText = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        description=(
            "Conditions (a subset of AIP-160), joined by `AND`, `OR`, `NOT` and parentheses, on "
            f"{', '.join(f'`{name}`' for name in FIELDS)}, `year` and `outputs.<name>`."
        ),
        examples=['camera.make = "FUJIFILM" AND taken_at >= 2024-05'],
    ),
]

PARAMETER = {"parameter": "filter"}
IN_BODY = {"pointer": "#/filter"}


def parsed(text: str | None, where: Mapping[str, str] = PARAMETER) -> Filter | None:
    """The filter's syntax tree. Raises `Problem` (400) with position and hint, which says `where` the filter stands."""
    if text is None:
        return None
    try:
        return parse(text)
    except FilterError as error:
        wrong = {**where, "detail": f"at character {error.position + 1}: {error.hint}"}
        raise Problem(INVALID_FILTER, error.message, errors=[wrong]) from None


def condition_of(caller: Caller, text: str | None) -> ColumnElement[bool]:
    """The condition on published photos, within the caller's libraries. Raises `Problem` (400)."""
    return accepted(caller, parsed(text))
