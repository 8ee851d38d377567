"""Reading: what a reader says of many photos, as columns of the texts table.

Belongs here: keeping the model processes busy, and a reading's columns. Does not belong here: committing (`computing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Any, Protocol
from uuid import UUID

from darkroom.inference.pool import ReadingFault, reading_of
from darkroom.sdk.stores import ObjectCorrupt, ObjectMissing
from darkroom.sdk.tasks import Reading
from darkroom.services.computing import Computed
from darkroom.workers.process import Reply

LOOK_AHEAD = 64
"""Photos loaded, being read or read but not yet taken: about what two cores read while a group is committed."""


class Reader(Protocol):
    """Whatever reads encoded pictures in the background: the pool, or a fake."""

    def submit(self, picture: bytes) -> Future[Reply]:
        """Queues a picture; may block while too many wait."""


def read_texts(reader: Reader, photos: Sequence[UUID], load: Callable[[UUID], bytes]) -> Iterator[Computed]:
    """One text or fault per photo, as they come; pictures are loaded and read ahead while the caller commits.

    A missing or damaged rendition is its photo's fault; other errors of `load` and a broken reader are raised.
    Closing the iterator, or an exception, withdraws what has not begun.
    """
    feeder = _Feeder(reader, load)
    feeding = Thread(target=feeder.feed, args=(photos,), name="load-renditions", daemon=True)
    feeding.start()
    try:
        for _ in photos:
            yield feeder.next()
    finally:
        feeder.stop()


def text_columns(reading: Reading) -> dict[str, Any]:
    """The columns of `PhotoText` that a reading gives."""
    lines = [
        {"text": line.text, "score": line.score, **dict(zip("xywh", line.box, strict=True))} for line in reading.lines
    ]
    scores = [line.score for line in reading.lines]
    return {
        "text": "\n".join(line.text for line in reading.lines),
        "line_count": len(lines),
        "score": sum(scores) / len(scores) if scores else None,
        "rotation": reading.rotation,
        "lines": lines,
    }


class _Feeder:
    """Loads and submits in its own thread, at most `LOOK_AHEAD` photos before what was taken."""

    def __init__(self, reader: Reader, load: Callable[[UUID], bytes]) -> None:
        self._reader = reader
        self._load = load
        self._room = Semaphore(LOOK_AHEAD)
        self._stopped = Event()
        self._running: dict[UUID, Future[Reply]] = {}
        self._finished: SimpleQueue[UUID | Computed | BaseException] = SimpleQueue()

    def feed(self, photos: Sequence[UUID]) -> None:
        """Submits every photo; ends early after `stop` or an error, which `next` then raises."""
        try:
            for photo in photos:
                self._room.acquire()
                if self._stopped.is_set():
                    return
                self._submit(photo)
        except BaseException as error:  # noqa: BLE001 - an error in this thread belongs to the one that takes results
            self._finished.put(error)

    def next(self) -> Computed:
        """Waits for any photo to be finished."""
        one = self._finished.get()
        self._room.release()
        if isinstance(one, BaseException):
            raise one
        if isinstance(one, Computed):
            return one
        try:
            return Computed(one, rows=[text_columns(reading_of(self._running.pop(one)))])
        except ReadingFault as fault:
            return Computed(one, fault=(fault.kind, fault.reason))

    def stop(self) -> None:
        """Lets the feeding thread end and withdraws what waits; a picture being read is read to its end."""
        self._stopped.set()
        self._room.release()
        for future in list(self._running.values()):
            future.cancel()

    def _submit(self, photo: UUID) -> None:
        try:
            picture = self._load(photo)
        except (ObjectMissing, ObjectCorrupt) as error:
            reason = f"its display rendition is {'missing' if isinstance(error, ObjectMissing) else 'damaged'}"
            self._finished.put(Computed(photo, fault=("unreadable", reason)))
            return
        future = self._reader.submit(picture)
        self._running[photo] = future
        future.add_done_callback(lambda _: self._finished.put(photo))
        if self._stopped.is_set():
            future.cancel()
