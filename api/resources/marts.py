"""Marts: tables for analysts, read through the API by those who have no SQL at hand."""

from __future__ import annotations

from typing import Annotated, Any

import duckdb
import structlog
from fastapi import APIRouter, Path

from api.dependencies import MartReader, PartsOf
from api.pagination import DEFAULT_LIMIT, CursorText, Limit, Page
from api.problems import INVALID_CURSOR, NOT_FOUND, UNAVAILABLE, Problem, document
from api.queries import marts as queries
from api.schemas.marts import Column, Mart
from darkroom.stores.lake import Lake
from darkroom.stores.lake.faults import LakeMissing, LakeUnavailable

router = APIRouter(prefix="/v1/marts", tags=["marts"])
_log = structlog.get_logger("darkroom.api")


@router.get("", summary="List marts")
def list_marts(caller: MartReader, parts: PartsOf) -> Page[Mart]:
    """The tables there are, with their columns. There are few: they come on one page."""
    found = queries.visible(caller, _lake(parts))
    items = [
        Mart(name=mart.name, description=mart.description, columns=[Column(**vars(one)) for one in mart.columns])
        for mart in found
    ]
    return Page(items=items, next_cursor=None)


@router.get("/{name}", summary="Read a mart", responses=document(NOT_FOUND, INVALID_CURSOR))
def read_mart(
    caller: MartReader,
    parts: PartsOf,
    name: Annotated[str, Path(max_length=200, description="Name of the mart.", examples=["library_daily"])],
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[dict[str, Any]]:
    """Rows of a mart, in no order that means anything. All pages show the mart as it was when the first was read."""
    lake = _lake(parts)
    mart = next((one for one in queries.visible(caller, lake) if one.name == name), None)
    if mart is None:
        raise Problem(NOT_FOUND, "There is no such mart.")
    binding = ("marts", name, *caller.libraries)
    position = parts.cursors.open(cursor, *binding)
    snapshot, after = (int(str(one)) for one in position or (lake.snapshot(), -1))
    try:
        found = queries.rows(caller, lake, mart, snapshot, after, limit + 1)
    except (duckdb.InvalidInputException, duckdb.CatalogException):
        if position is None:
            raise
        raise Problem(INVALID_CURSOR, "The version of the mart that the cursor reads has expired.") from None
    more = len(found) > limit
    return Page(
        items=[row for _, row in found[:limit]],
        next_cursor=parts.cursors.seal([snapshot, found[limit - 1][0]], *binding) if more else None,
    )


def _lake(parts: PartsOf) -> Lake:
    try:
        return parts.lake
    except (LakeMissing, LakeUnavailable) as error:
        _log.warning("lake unavailable", error=str(error))
        raise Problem(UNAVAILABLE, "The lake does not answer.") from None
