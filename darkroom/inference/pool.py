"""Model processes: pictures in, readings or faults out. A picture that hangs or kills a model costs only itself.

Belongs here: the processes of a task and what their deaths mean.
Does not belong here: what happens inside one (`worker.py`), feeding many photos to them (`services.reading`).
"""

from __future__ import annotations

import os
from concurrent.futures import Future

from darkroom.inference.worker import ReaderUnavailable
from darkroom.sdk.tasks import Reading, ReadLine
from darkroom.settings import InferenceSettings
from darkroom.workers.limits import Limits
from darkroom.workers.pool import WorkerPool
from darkroom.workers.process import Reply, TaskFailed, WorkerCrashed, WorkerTimeout

MEMORY_BYTES = 4 * 1024**3
"""Address space of a model process: the bundled reader was seen to map 1.6 GB and to use 0.6."""


class ReadingFault(Exception):
    """A picture could not be read; `kind` is a failure kind of the contract."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class TextPool:
    """Processes of one thread each that read text: two of them beat one of two threads."""

    def __init__(self, settings: InferenceSettings) -> None:
        self.workers = settings.workers or len(os.sched_getaffinity(0))
        limits = Limits(memory_bytes=MEMORY_BYTES, seconds=settings.seconds_per_photo)
        config = {"reader": settings.text_reader}
        self._pool = WorkerPool("darkroom.inference.worker:TextWorker", config, self.workers, limits)

    def submit(self, picture: bytes) -> Future[Reply]:
        """Reads an encoded rendition; `reading_of` turns the future into a reading. Blocks while the queue is full."""
        return self._pool.submit({}, [picture])

    def close(self) -> None:
        """Ends the processes; what waits or runs fails."""
        self._pool.close()


def reading_of(reply: Future[Reply]) -> Reading:
    """Waits for a reading.

    Raises `ReadingFault` when the picture could not be read, and `ReaderUnavailable` when no picture could.
    """
    try:
        answer = reply.result().result
    except WorkerTimeout as error:
        raise ReadingFault("timeout", f"reading its text {error}") from error
    except WorkerCrashed as error:
        raise ReadingFault("crashed", f"reading its text: {error}") from error
    except TaskFailed as error:
        if error.kind == ReaderUnavailable.__name__:
            raise ReaderUnavailable(error.message) from error
        kind, reason = ("corrupt", error.message) if error.kind == "ValueError" else ("error", str(error))
        raise ReadingFault(kind, f"reading its text: {reason}") from error
    lines = tuple(ReadLine(one["text"], one["score"], tuple(one["box"])) for one in answer["lines"])
    return Reading(lines, answer["rotation"])
