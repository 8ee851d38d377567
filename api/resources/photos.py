"""Photos: the timeline, one photo, and an export of all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Sequence
from datetime import datetime
from itertools import groupby
from threading import BoundedSemaphore
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import ColumnElement
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.contents import fresh, not_modified, tag_of, tagged, unchanged
from api.dependencies import Parts, PartsOf, PhotoReader
from api.filtering import FilterText, condition_of
from api.openapi import API_VERSION
from api.pagination import DEFAULT_LIMIT, CursorText, Limit, Page
from api.problems import INVALID_CURSOR, INVALID_FILTER, NOT_FOUND, UNAVAILABLE, Problem, document
from api.queries import photos as queries
from api.queries import timeline
from api.queries.photos import Position
from api.schemas.examples import PHOTO
from api.schemas.photos import ExportEnd, Photo
from api.schemas.timeline import Month, Timeline, TimelinePage
from darkroom.security.callers import Caller
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/photos", tags=["photos"])

_log = structlog.get_logger("darkroom.api")

PhotoId = Annotated[UUID, Path(description="Identity of the photo.", examples=[PHOTO])]

TIMELINE_PAGE = 100
EXPORT_CHUNK = 500
_exports = BoundedSemaphore(4)
"""An export holds a connection and a snapshot for as long as its client reads: a few at once, not all there are."""


@router.get("", summary="List photos", responses=document(INVALID_FILTER, INVALID_CURSOR))
def list_photos(
    caller: PhotoReader,
    parts: PartsOf,
    filter: FilterText = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[Photo]:
    """Photos by the wall time they were taken at, newest first, undated ones last.

    Pages stay in place while imports run: no photo is skipped or repeated because others were published.
    """
    condition = condition_of(caller, filter)
    binding = ("photos", filter or "", *caller.libraries)
    after = _position(parts.cursors.open(cursor, *binding))
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.page(caller, connection, condition, after, limit + 1)
    more = len(found) > limit
    last = found[limit - 1].position if more else None
    return Page(
        items=[Photo.of(record) for record in found[:limit]],
        next_cursor=_sealed(parts, last, binding) if last else None,
    )


@router.get(
    "/timeline",
    summary="Get the timeline's months",
    responses={304: {"description": "Nothing was published since."}, **document(INVALID_FILTER)},
    response_model=Timeline,
)
def get_timeline(caller: PhotoReader, parts: PartsOf, request: Request, filter: FilterText = None) -> Response:
    """How many photos were taken in each month, and a cursor to each page of them.

    With it a client lays out all photos at once and asks for what is looked at, in any order. The `ETag` changes
    when anything is published.
    """
    condition = condition_of(caller, filter)
    binding = ("photos", filter or "", *caller.libraries)
    with scoped(parts.state, caller.libraries) as connection:
        epoch = queries.epoch(caller, connection)
        etag = tag_of(f"{API_VERSION} {TIMELINE_PAGE} {epoch} {binding}")
        if unchanged(request.headers, etag):
            return not_modified(etag)
        marks = timeline.marks(caller, connection, condition, TIMELINE_PAGE)
    months = []
    for month, pages in groupby(marks, key=lambda mark: mark.month):
        made = [
            TimelinePage(cursor=_sealed(parts, page.after, binding) if page.after else None, photos=page.photos)
            for page in pages
        ]
        named = f"{month:%Y-%m}" if month else None
        months.append(Month(month=named, photos=sum(page.photos for page in made), pages=made))
    return tagged(Timeline(months=months, epoch=epoch), etag)


@router.get(
    "/export",
    summary="Export photos",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": 'One photo per line, then a line `{"end": …}`.',
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
        **document(INVALID_FILTER),
    },
)
async def export_photos(caller: PhotoReader, parts: PartsOf, filter: FilterText = None) -> StreamingResponse:
    """Every photo as a line of JSON, in the order of the list, as of one moment.

    The last line is a trailer, `{"end": {photos, complete, epoch}}`: an answer without one was cut off.
    """
    condition = condition_of(caller, filter)
    if not _exports.acquire(blocking=False):
        raise Problem(UNAVAILABLE, "Too many exports are running.", headers={"Retry-After": "30"})
    return StreamingResponse(_streamed(_lines(caller, parts, condition)), media_type="application/x-ndjson")


@router.get(
    "/{photo_id}",
    summary="Get a photo",
    responses={304: {"description": "The client has the newest version."}, **document(NOT_FOUND)},
    response_model=Photo,
)
def get_photo(caller: PhotoReader, parts: PartsOf, request: Request, photo_id: PhotoId) -> Response:
    """Everything that was published about a photo. The `ETag` changes when any of it does."""
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.by_ids(caller, connection, [photo_id])
    if not found:
        raise Problem(NOT_FOUND, "There is no such photo.")
    return fresh(request.headers, Photo.of(found[0]))


def _sealed(parts: Parts, last: Position, binding: Sequence[object]) -> str:
    taken_local = last.taken_local.isoformat() if last.taken_local else None
    return parts.cursors.seal([taken_local, str(last.photo_id)], *binding)


def _position(values: list[str | int | float | None] | None) -> Position | None:
    if values is None:
        return None
    taken_local, photo_id = values
    return Position(datetime.fromisoformat(str(taken_local)) if taken_local else None, UUID(str(photo_id)))


def _lines(caller: Caller, parts: Parts, condition: ColumnElement[bool]) -> Generator[bytes, None, None]:
    """The lines of an export. A fault in the middle ends it with a trailer that says so."""
    count, epoch = 0, 0
    complete = False
    try:
        with scoped(parts.state.execution_options(isolation_level="REPEATABLE READ"), caller.libraries) as connection:
            epoch = queries.epoch(caller, connection)
            for chunk in queries.every(caller, connection, condition, EXPORT_CHUNK):
                count += len(chunk)
                yield b"".join(Photo.of(record).model_dump_json().encode() + b"\n" for record in chunk)
        complete = True
    except SQLAlchemyError as error:
        _log.error("export cut off", error=type(error).__name__)
    yield b'{"end":' + ExportEnd(photos=count, complete=complete, epoch=epoch).model_dump_json().encode() + b"}\n"


async def _streamed(lines: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """Runs a generator on threads, and ends it, with its transaction, when the client goes away."""
    try:
        while (line := await run_in_threadpool(next, lines, None)) is not None:
            yield line
    finally:
        lines.close()
        _exports.release()
