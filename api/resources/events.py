"""Events of an import as they happen (server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.dependencies import ImportReader, Parts, PartsOf
from api.problems import NOT_FOUND, document
from api.queries import imports as queries
from api.resources.imports import ImportId, find
from api.schemas.imports import Import, ProgressEvent
from darkroom.domain.states import IMPORT_ENDED
from darkroom.security.callers import Caller
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/imports", tags=["imports"])

EVERY_SECONDS = 0.5
PING_SECONDS = 15
EVENTS_AT_ONCE = 500

LastEventId = Annotated[
    int | None,
    Header(ge=0, lt=2**63, description="`id` of the last event that arrived; those after it are sent again."),
]
_STREAM = {
    "description": "Events: `progress` (with ids), `import` when its state or progress changed, `end` as the last.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "required": ["event", "data"],
                "properties": {
                    "id": {"type": "string", "description": "Where to go on after a break; `progress` events only."},
                    "event": {"type": "string", "enum": ["progress", "import", "end"]},
                    "data": {"type": "string", "description": "JSON: a step's progress, or the import."},
                },
            }
        }
    },
}


@router.get(
    "/{import_id}/events",
    summary="Follow an import",
    response_class=EventSourceResponse,
    responses={200: _STREAM, **document(NOT_FOUND)},
)
async def follow_import(
    caller: ImportReader, parts: PartsOf, import_id: ImportId, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """The progress of an import from the beginning, or after `Last-Event-ID`, until it has ended.

    The stream closes after an `end` event. A comment every 15 seconds keeps the connection open.
    """
    await run_in_threadpool(find, caller, parts, import_id)
    events = _events(caller, parts, import_id, last_event_id or 0)
    return EventSourceResponse(events, ping=PING_SECONDS, headers={"Cache-Control": "no-store"})


async def _events(caller: Caller, parts: Parts, import_id: UUID, after: int) -> AsyncIterator[ServerSentEvent]:
    shown: Import | None = None
    while True:
        now, rows = await run_in_threadpool(_look, caller, parts, import_id, after)
        for after, event in rows:
            yield ServerSentEvent(event.model_dump_json(), event="progress", id=str(after))
        if len(rows) == EVENTS_AT_ONCE:
            continue
        if now.state in IMPORT_ENDED:
            yield ServerSentEvent(now.model_dump_json(), event="end")
            return
        if shown is None or rows or now.state != shown.state:
            yield ServerSentEvent(now.model_dump_json(), event="import")
            shown = now
        await asyncio.sleep(EVERY_SECONDS)


def _look(caller: Caller, parts: Parts, import_id: UUID, after: int) -> tuple[Import, list[tuple[int, ProgressEvent]]]:
    """The import first and its events second: an end is only told when every event before it was."""
    now = Import.of(find(caller, parts, import_id), datetime.now(UTC))
    with scoped(parts.state, caller.libraries) as connection:
        rows = queries.events(caller, connection, import_id, after, EVENTS_AT_ONCE)
    names = ("step", "done", "total", "batch_id", "recorded_at")
    return now, [(row.id, ProgressEvent(**{name: getattr(row, name) for name in names})) for row in rows]
