"""Model processes: pictures in, answers or faults out. A picture that hangs or kills a model costs only itself.

Belongs here: the processes of a task and what their deaths mean.
Does not belong here: what happens inside one (`worker.py`), feeding many photos to them (`services.feeding`).
"""

from __future__ import annotations

import os
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkroom.inference.worker import ProviderUnavailable
from darkroom.sdk.tasks import FoundFace, Reading, ReadLine
from darkroom.settings import InferenceSettings
from darkroom.workers.limits import Limits
from darkroom.workers.pool import WorkerPool
from darkroom.workers.process import Reply, TaskFailed, WorkerCrashed, WorkerTimeout

MEMORY_BYTES = 4 * 1024**3
"""Address space of a model process: the bundled reader was seen to map 1.6 GB and to use 0.6."""


class ModelFault(Exception):
    """A model gave no answer for a picture; `kind` is a failure kind of the contract."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class ModelPool:
    """Processes of one thread each that run one task's provider: two of them beat one of two threads.

    `handler` is a class of `worker.py`, `config` what it is built with.
    """

    def __init__(self, handler: str, config: dict[str, Any], settings: InferenceSettings) -> None:
        self.workers = settings.workers or len(os.sched_getaffinity(0))
        limits = Limits(memory_bytes=MEMORY_BYTES, seconds=settings.seconds_per_photo)
        self._pool = WorkerPool(f"darkroom.inference.worker:{handler}", config, self.workers, limits)

    def submit(self, picture: bytes) -> Future[Reply]:
        """Hands over an encoded rendition; the task's `…_of` turns the future into the answer.

        Blocks while the queue is full.
        """
        return self._pool.submit({}, [picture])

    def close(self) -> None:
        """Ends the processes; what waits or runs fails."""
        self._pool.close()


class TextPool(ModelPool):
    """Processes that read text."""

    def __init__(self, settings: InferenceSettings) -> None:
        super().__init__("TextWorker", {"provider": settings.text_reader}, settings)


class FacePool(ModelPool):
    """Processes that find faces."""

    def __init__(self, settings: InferenceSettings) -> None:
        super().__init__("FaceWorker", {"provider": settings.face_finder}, settings)


class ImagePool(ModelPool):
    """Processes that turn pictures into vectors."""

    def __init__(self, settings: InferenceSettings) -> None:
        super().__init__("ImageWorker", {"provider": settings.image_embedder}, settings)


def reading_of(reply: Future[Reply]) -> Reading:
    """Waits for a reading.

    Raises `ModelFault` when the picture could not be read, and `ProviderUnavailable` when no picture could.
    """
    answer = _answer(reply, "reading its text").result
    lines = tuple(ReadLine(one["text"], one["score"], tuple(one["box"])) for one in answer["lines"])
    return Reading(lines, answer["rotation"])


def faces_of(reply: Future[Reply]) -> tuple[FoundFace, ...]:
    """Waits for the faces of a picture, the largest first.

    Raises `ModelFault` when the picture could not be searched, and `ProviderUnavailable` when no picture could.
    """
    answer = _answer(reply, "finding its faces").result
    return tuple(
        FoundFace(**{**one, "box": tuple(one["box"]), "descriptor": tuple(one["descriptor"])})
        for one in answer["faces"]
    )


def thumbnails_of(reply: Future[Reply]) -> tuple[bytes, ...]:
    """Thumbnails of the faces of a picture, JPEG, in the order of `faces_of`, which has been asked before."""
    return tuple(bytes(blob) for blob in reply.result().blobs)


def vector_of(reply: Future[Reply]) -> NDArray[np.float32]:
    """Waits for the vector of a picture, shape (dimensions,).

    Raises `ModelFault` when the picture could not be embedded, and `ProviderUnavailable` when no picture could.
    """
    (blob,) = _answer(reply, "embedding it").blobs
    return np.frombuffer(blob, "<f4")


def _answer(reply: Future[Reply], doing: str) -> Reply:
    """What a worker replied, its failures told apart: this picture's, or the provider's."""
    try:
        return reply.result()
    except WorkerTimeout as error:
        raise ModelFault("timeout", f"{doing} {error}") from error
    except WorkerCrashed as error:
        raise ModelFault("crashed", f"{doing}: {error}") from error
    except TaskFailed as error:
        if error.kind == ProviderUnavailable.__name__:
            raise ProviderUnavailable(error.message) from error
        kind, reason = ("corrupt", error.message) if error.kind == "ValueError" else ("error", str(error))
        raise ModelFault(kind, f"{doing}: {reason}") from error
