"""Imports: from a request to frozen batches of the files that are new.

Belongs here: planning, and what planning decides about files it knows. Does not belong here: opening files (`intake`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import Connection, Engine

from darkroom.domain.outputs import SLOW_OUTPUTS
from darkroom.services.listing import Unlisted, list_files
from darkroom.settings import BatchSettings
from darkroom.stores.state import batches, outputs, publishing, requests, sources
from darkroom.stores.state.requests import Request
from darkroom.stores.state.sources import SeenFile, Source

LOOK_AHEAD = 500
"""Files compared with state in one query."""

VANISHED_SHARE = 0.5
"""A whole listing that misses more than this share of the known files is a fault of the source, not a deletion."""


SHOWN = 5
SHOWN_CHARACTERS = 200


class SourceFault(RuntimeError):
    """The source cannot be believed: it is gone, unreadable or suddenly almost empty. Nothing was marked missing."""


class Cancelled(RuntimeError):
    """Someone asked to cancel the request this work belongs to."""


def plan(
    engine: Engine, settings: BatchSettings, request_id: UUID, clock: Callable[[], float] = time.monotonic
) -> list[UUID]:
    """Lists the request's source and freezes what is new into batches as it goes; returns the batch ids.

    Safe to repeat: files that an earlier, interrupted attempt froze are held by their batches.
    Raises `SourceFault`, unless there is something new all the same, or `Cancelled`; batches frozen before stay.
    """
    with engine.begin() as connection:
        request = requests.request(connection, request_id)
        if request.source_id is None:
            raise LookupError(f"request {request_id} names no source")
        began = requests.begin_planning(connection, request_id)
        source = sources.source(connection, request.source_id)
        known = sources.count_files(connection, source.id)
        off = outputs.outputs_off(connection, source.library_id)
    size = settings.files if SLOW_OUTPUTS - off else settings.files_without_models
    pending: list[SeenFile] = []
    frozen: list[UUID] = []
    unlisted: list[Unlisted] = []
    listed = new = 0
    opened = clock()

    def freeze() -> None:
        nonlocal opened
        with engine.begin() as connection:
            _go_on(connection, request_id)
            ids = sources.freeze_files(connection, source, pending)
            frozen.append(
                batches.freeze(
                    connection,
                    library_id=source.library_id,
                    request_id=request_id,
                    kind="import",
                    priority=request.priority,
                    items=[(file_id, None) for file_id in ids],
                )
            )
            requests.count_listed(connection, request_id, listed, new)
        pending.clear()
        opened = clock()

    for listing in _chunks(source, request.path):
        chunk = [one for one in listing if isinstance(one, SeenFile)]
        unlisted += (one for one in listing if isinstance(one, Unlisted))
        with engine.begin() as connection:
            _go_on(connection, request_id)
            quiet_before = time.time_ns() - int(settings.quiet_seconds * 1e9) if source.watched else None
            fresh = _new_files(connection, source, chunk, quiet_before)
            requests.count_listed(connection, request_id, listed + len(chunk), new + len(fresh))
        listed += len(chunk)
        for file in fresh:
            new += 1
            pending.append(file)
            if len(pending) == size:
                freeze()
        if pending and clock() - opened >= settings.close_after_seconds:
            freeze()
    if pending:
        freeze()
    remarks = [_told(unlisted)] if unlisted else []
    if request.path is None:
        try:
            _note_missing(engine, source, request, known, listed, began, unlisted)
        except SourceFault as fault:
            if not frozen:
                raise
            remarks.append(str(fault))
    with engine.begin() as connection:
        requests.count_listed(connection, request_id, listed, new)
        if remarks:
            requests.note(connection, request_id, "; ".join(remarks))
        requests.finish_planning(connection, request_id)
    return frozen


def _go_on(connection: Connection, request_id: UUID) -> None:
    if requests.is_cancelled(connection, request_id):
        raise Cancelled(f"import {request_id} was cancelled while its files were listed")


def _chunks(source: Source, below: str | None) -> Iterator[list[SeenFile | Unlisted]]:
    try:
        files = list_files(source.root, below)
        while chunk := list(islice(files, LOOK_AHEAD)):
            yield chunk
    except OSError as error:
        raise SourceFault(
            f"source {source.name!r} cannot be read at {source.root}: {error.strerror or error}"
        ) from error


def _new_files(
    connection: Connection, source: Source, chunk: list[SeenFile], quiet_before: int | None
) -> list[SeenFile]:
    """The files of a listing that are new, changed or unfinished; the others are recorded as seen.

    In a watched source a file that changed after `quiet_before` (ns) may not be finished: the next look takes it.
    """
    known = sources.known_files(connection, source.id, [file.path for file in chunk])
    fresh: list[SeenFile] = []
    unchanged: list[SeenFile] = []
    for file in chunk:
        before = known.get(file.path)
        same = before and (before.size_bytes, before.mtime_ns) == (file.size_bytes, file.mtime_ns)
        writing = quiet_before is not None and file.ctime_ns > quiet_before
        (unchanged if writing or (before and same and before.settled) else fresh).append(file)
    sources.touch_files(connection, source.id, [file.path for file in unchanged])
    return fresh


def _note_missing(
    engine: Engine,
    source: Source,
    request: Request,
    known: int,
    listed: int,
    began: datetime,
    unlisted: Sequence[Unlisted],
) -> None:
    with engine.begin() as connection:
        listed += sum(sources.touch_below(connection, source.id, one.path) for one in unlisted)
    # Whoever empties a folder that is watched and copied, an inbox, does so all the time; and its originals are kept.
    expected = request.removed_on_purpose or (source.watched and source.mode == "copy")
    if known and listed < known * (1 - VANISHED_SHARE) and not expected:
        raise SourceFault(
            f"source {source.name!r} had {known} files and now shows {listed}: is {source.root} mounted? "
            "Nothing was marked as missing. If they were removed on purpose, import it with --removed"
        )
    with engine.begin() as connection:
        if sources.mark_missing(connection, source.id, began):
            epoch, _ = publishing.next_epoch(connection)
            publishing.drop_missing_files(connection, epoch, source.library_id)


def _told(unlisted: Sequence[Unlisted]) -> str:
    shown = ", ".join(f"{one.path[:SHOWN_CHARACTERS]} ({one.reason})" for one in unlisted[:SHOWN])
    more = f" and {len(unlisted) - SHOWN} more" if len(unlisted) > SHOWN else ""
    return f"not looked through: {shown}{more}; what was known of it stays as it was"
