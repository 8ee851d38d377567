"""Feeding: keeping model processes busy with the pictures of many photos.

Belongs here: loading ahead, handing over, and faults of single pictures. Does not belong here: what a model's answer
means (`texts`, `faces`, `embeddings`), or committing (`computing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Any, Protocol
from uuid import UUID

from darkroom.inference.pool import ModelFault
from darkroom.sdk.stores import ObjectCorrupt, ObjectMissing
from darkroom.services.computing import Computed
from darkroom.workers.process import Reply

LOOK_AHEAD = 64
"""Photos loaded, being looked at or ready but not yet taken: about what two cores do while a group is committed."""

Rows = Callable[[UUID, Future[Reply]], Sequence[dict[str, Any]]]
"""A photo's rows from a model's reply; raises `ModelFault` for a picture the model could not work with."""


class Model(Protocol):
    """Whatever looks at encoded pictures in the background: a pool of processes, or a fake."""

    def submit(self, picture: bytes) -> Future[Reply]:
        """Queues a picture; may block while too many wait."""


def feed(model: Model, photos: Sequence[UUID], load: Callable[[UUID], bytes], rows: Rows) -> Iterator[Computed]:
    """Rows or a fault per photo, as they come; pictures are loaded and looked at ahead while the caller commits.

    A missing or damaged rendition is its photo's fault; other errors of `load` and a broken model are raised.
    Closing the iterator, or an exception, withdraws what has not begun.
    """
    feeder = _Feeder(model, load, rows)
    feeding = Thread(target=feeder.feed, args=(photos,), name="load-renditions", daemon=True)
    feeding.start()
    try:
        for _ in photos:
            yield feeder.next()
    finally:
        feeder.stop()


class _Feeder:
    """Loads and submits in its own thread, at most `LOOK_AHEAD` photos before what was taken."""

    def __init__(self, model: Model, load: Callable[[UUID], bytes], rows: Rows) -> None:
        self._model = model
        self._load = load
        self._rows = rows
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
            return Computed(one, rows=self._rows(one, self._running.pop(one)))
        except ModelFault as fault:
            return Computed(one, fault=(fault.kind, fault.reason))

    def stop(self) -> None:
        """Lets the feeding thread end and withdraws what waits; a picture being looked at is finished."""
        self._stopped.set()
        self._room.release()
        for future in list(self._running.values()):
            future.cancel()

    def _submit(self, photo: UUID) -> None:
        try:
            picture = self._load(photo)
        except (ObjectMissing, ObjectCorrupt) as error:
            reason = f"its display rendition is {'missing' if isinstance(error, ObjectMissing) else 'damaged'}"
            self._finished.put(Computed(photo, fault=("unreadable", reason), seen=False))
            return
        future = self._model.submit(picture)
        self._running[photo] = future
        future.add_done_callback(lambda _: self._finished.put(photo))
        if self._stopped.is_set():
            future.cancel()
