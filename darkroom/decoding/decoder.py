"""The decoding sandbox seen from outside: bytes in, an inspection out, whatever the bytes do.

Belongs here: the pool of inspectors, and what the death of one means for its photo.
Does not belong here: anything that parses a photo beyond its signature; that happens in the worker (`handler.py`).
"""

from __future__ import annotations

import os
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from darkroom.decoding import recipe
from darkroom.decoding.inspection import Fault, Inspection, from_wire
from darkroom.domain.media import describe_stranger, sniff
from darkroom.domain.outputs import INTAKE_OUTPUTS
from darkroom.settings import DecodingSettings
from darkroom.workers.limits import Limits
from darkroom.workers.pool import PoolClosed, WorkerPool
from darkroom.workers.process import Reply, TaskFailed, WorkerCrashed, WorkerTimeout

INSPECTOR = "darkroom.decoding.handler:Inspector"
"""What runs in the workers."""


@dataclass(frozen=True)
class Recipe:
    """What an output's version is made of."""

    provider: str
    code_version: str
    parameters: dict[str, Any]


def outputs_of_intake() -> dict[str, Recipe]:
    """How each output of intake is made, by output. A changed recipe is a new output version."""
    shrink = {"shrink_edge": recipe.SHRINK_EDGE, "preview_edge": recipe.PREVIEW_EDGE}
    sizes = shrink | {"display_edge": recipe.DISPLAY_EDGE, "thumbnail_edge": recipe.THUMBNAIL_EDGE}
    qualities = {"display_quality": recipe.DISPLAY_QUALITY, "thumbnail_quality": recipe.THUMBNAIL_QUALITY}
    return {
        "metadata": Recipe("tags", "2", {}),
        "renditions": Recipe("pillow", "1", sizes | qualities),
        "fingerprints": Recipe("pixels", "2", sizes),
    }


class Decoder:
    """Inspects photos in sandboxed worker processes. Every method may be called from any thread."""

    def __init__(self, settings: DecodingSettings) -> None:
        self.workers = settings.workers or len(os.sched_getaffinity(0))
        self._max_file_bytes = settings.max_file_bytes
        limits = Limits(memory_bytes=settings.memory_bytes, seconds=settings.seconds)
        config = {"max_pixels": settings.max_pixels}
        self._pool = WorkerPool(INSPECTOR, config, self.workers, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, data: bytes | memoryview, *, file_name: str, modified_at: datetime) -> Future[Inspection]:
        """Inspects a file. The future never fails because of the file; it ends in `PoolClosed` when closed before.

        `modified_at` carries a zone. Blocks while two files per worker are waiting; the bytes must not change until
        the future is done.
        """
        outcome: Future[Inspection] = Future()
        # Running from the start: a file handed over is inspected, so cancelling cannot half happen.
        outcome.set_running_or_notify_cancel()
        size = memoryview(data).nbytes
        media_type = sniff(data)
        if media_type is None:
            outcome.set_result(Inspection(None, reason=f"it is {describe_stranger(data)}"))
            return outcome
        if size > self._max_file_bytes:
            fault = Fault("too_large", f"{size} bytes are more than the {self._max_file_bytes} allowed")
            outcome.set_result(_failed(media_type, fault))
            return outcome
        task = {"media_type": media_type, "file_name": file_name, "modified_at": modified_at.isoformat()}
        reply = self._pool.submit(task, [data])
        reply.add_done_callback(lambda done: _conclude(outcome, done, media_type))
        return outcome

    def close(self) -> None:
        """Kills the workers now; inspections that wait or run end in `PoolClosed`."""
        self._pool.close()


def _conclude(outcome: Future[Inspection], done: Future[Reply], media_type: str) -> None:
    error = done.exception()
    if error is None:
        try:
            outcome.set_result(from_wire(done.result().result, done.result().blobs))
        except Exception as mismatch:  # noqa: BLE001 - a worker taken over may answer anything; nobody may wait for ever
            outcome.set_result(_failed(media_type, Fault("error", f"the decoder answered nonsense: {mismatch}")))
    elif isinstance(error, PoolClosed):
        outcome.set_exception(error)
    else:
        outcome.set_result(_failed(media_type, _fault_of_worker(error)))


def _failed(media_type: str, fault: Fault) -> Inspection:
    return Inspection(media_type, faults=dict.fromkeys(INTAKE_OUTPUTS, fault))


def _fault_of_worker(error: BaseException) -> Fault:
    """A hang or a kill from outside may be the machine's doing; a decoder's own crash will come again."""
    if isinstance(error, WorkerTimeout):
        return Fault("timeout", f"decoding {error}", transient=True)
    if isinstance(error, WorkerCrashed) and error.signal_name is not None:
        return Fault("crashed", str(error), transient=error.signal_name == "SIGKILL")
    if isinstance(error, TaskFailed) and error.kind == "MemoryError":
        return Fault("too_large", "decoding needs more memory than is allowed")
    return Fault("error", str(error), transient=not isinstance(error, TaskFailed))
