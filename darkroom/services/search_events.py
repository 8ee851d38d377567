"""Search events: how searches are asked and how they go, written beside the request, for analysts.

Belongs here: what an event says, and the queue that keeps a slow database from slowing a search. Does not belong here:
SQL (`stores.state`), the copy to the lake (`services.records`), searching.

An event never says what was looked for: its text is kept only where a setting asks for it, of filters the fields.
"""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from darkroom.home import NotRunning
from darkroom.stores.state import search_events
from darkroom.stores.state.engine import scoped

MOST_WAITING = 1000
"""Events that wait to be written; more are lost, and the log says how many."""

AT_ONCE = 200
LAST_SECONDS = 2.0
"""How long closing waits for the last events."""

_log = structlog.get_logger("darkroom.search")


@dataclass(frozen=True)
class SearchEvent:
    """One search. `query_class` is what ranked it: `text`, `example`, `text_example`, or `list`.

    `legs` are those that answered, `degraded` those that could not in full; `milliseconds` is by stage, with `total`;
    `results` counts its first page.
    """

    search_id: UUID
    at: datetime
    libraries: tuple[UUID, ...]
    query_class: str
    words: int
    legs: tuple[str, ...]
    filter_fields: tuple[str, ...]
    degraded: tuple[str, ...]
    milliseconds: dict[str, float]
    results: int
    more: bool
    top_score: float | None
    text: str | None = None


class SearchEvents:
    """Writes events in a thread of its own, which starts with the first. `put` never waits and never fails."""

    def __init__(self, state: Callable[[], Engine]) -> None:
        self._state = state
        self._waiting: queue.Queue[SearchEvent | None] = queue.Queue(MOST_WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lost = 0

    def put(self, event: SearchEvent) -> None:
        """Hands over an event; it is lost where too many wait already."""
        if not event.libraries:
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_all, name="search-events", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Writes what waits, for two seconds at most."""
        if self._thread is None:
            return
        try:
            self._waiting.put(None, timeout=LAST_SECONDS)
        except queue.Full:
            return
        self._thread.join(LAST_SECONDS)

    def _write_all(self) -> None:
        going = True
        while going:
            events = [self._waiting.get()]
            while len(events) < AT_ONCE and not self._waiting.empty():
                events.append(self._waiting.get_nowait())
            going = None not in events
            self._write([event for event in events if event is not None])

    def _write(self, events: Sequence[SearchEvent]) -> None:
        by_libraries: dict[tuple[UUID, ...], list[SearchEvent]] = defaultdict(list)
        for event in events:
            by_libraries[event.libraries].append(event)
        for libraries, ones in by_libraries.items():
            rows = [{**vars(event), "libraries": list(libraries), "library_id": libraries[0]} for event in ones]
            try:
                with scoped(self._state(), libraries) as connection:
                    search_events.append(connection, rows)
            except (SQLAlchemyError, NotRunning) as error:
                self._lost += len(ones)
                _log.warning("search events lost", events=self._lost, error=type(error).__name__)
