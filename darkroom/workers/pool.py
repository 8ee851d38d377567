"""A pool of worker processes: tasks in, futures out; a dead or hung worker costs only its own task.

Belongs here: the queue, the threads that drive the workers, replacing the dead.
Does not belong here: what crosses the socket (`channel.py`), one process's life (`process.py`), what a task is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, Self

from darkroom.workers.channel import Blob
from darkroom.workers.limits import Limits
from darkroom.workers.process import Reply, TaskFailed, WorkerCrashed, WorkerProcess, WorkerTimeout

WAITING_PER_WORKER = 2


class PoolClosed(RuntimeError):
    """The pool was closed before or while the task was done."""


class _Job(NamedTuple):
    future: Future[Reply]
    task: dict[str, Any]
    blobs: Sequence[Blob]


class WorkerPool:
    """`workers` processes, each with its own handler `entry` ("module:Class") built with `config` (JSON).

    Futures end in a `Reply`, or in `TaskFailed` (the handler raised), `WorkerCrashed`, `WorkerTimeout` or `PoolClosed`.
    A task whose worker is killed from outside (SIGKILL) is given to one more worker before it ends in `WorkerCrashed`.
    Every method may be called from any thread.
    """

    def __init__(self, entry: str, config: dict[str, Any], workers: int, limits: Limits) -> None:
        if workers < 1:
            raise ValueError("a pool has at least one worker")
        self._make = partial(WorkerProcess, entry, config, limits)
        self._room = WAITING_PER_WORKER * workers
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._processes: dict[int, WorkerProcess] = {}
        self._threads = [
            threading.Thread(target=self._drive, args=(slot,), name=f"worker-{slot}", daemon=True)
            for slot in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, task: dict[str, Any], blobs: Sequence[Blob] = ()) -> Future[Reply]:
        """Queues a task; blocks while two tasks per worker are waiting. Raises `PoolClosed` on a closed pool.

        The blobs must stay unchanged until the future is done.
        """
        future: Future[Reply] = Future()
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._room)
            if self._closed:
                raise PoolClosed("the pool is closed")
            self._waiting.append(_Job(future, task, blobs))
            self._changed.notify_all()
        return future

    def close(self) -> None:
        """Kills the workers now. What waits or runs ends in `PoolClosed`; whoever wants results awaits them first."""
        with self._changed:
            self._closed = True
            abandoned = list(self._waiting)
            self._waiting.clear()
            processes = list(self._processes.values())
            self._changed.notify_all()
        for job in abandoned:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(PoolClosed("the pool was closed"))
        for process in processes:
            process.kill()
        for thread in self._threads:
            thread.join()

    def pids(self) -> list[int]:
        """Process ids of the workers that run now."""
        with self._changed:
            return [process.pid for process in self._processes.values()]

    def _drive(self, slot: int) -> None:
        try:
            self._warm(slot)
            while (job := self._next()) is not None:
                if job.future.set_running_or_notify_cancel():
                    self._run(slot, job)
                # A job kept in a local would keep its photo's bytes until the next one comes.
                del job
                self._warm(slot)
        finally:
            self._discard(slot)

    def _next(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            if self._closed:
                return None
            job = self._waiting.popleft()
            self._changed.notify_all()
            return job

    def _run(self, slot: int, job: _Job) -> None:
        try:
            reply = self._answer(slot, job)
        except TaskFailed as fault:
            if fault.kind == "MemoryError":
                # What failed to be allocated may have left a library half-way; a fresh process is cheap.
                self._discard(slot)
            job.future.set_exception(fault)
        except (WorkerCrashed, WorkerTimeout) as fault:
            self._discard(slot)
            job.future.set_exception(PoolClosed("the pool was closed") if self._closed else fault)
        except BaseException as fault:  # noqa: BLE001 - whatever else goes wrong must end the future, or its owner waits for ever
            self._discard(slot)
            job.future.set_exception(fault)
        else:
            job.future.set_result(reply)

    def _answer(self, slot: int, job: _Job) -> Reply:
        try:
            return self._ensure(slot).run(job.task, job.blobs)
        except WorkerCrashed as crash:
            # Nobody kills himself that way: the system or a person did, mostly not because of this task.
            if crash.signal_name != "SIGKILL" or self._closed:
                raise
            self._discard(slot)
        return self._ensure(slot).run(job.task, job.blobs)

    def _warm(self, slot: int) -> None:
        # Started before it is needed; when that is not possible, the next task tries again and tells its owner why.
        with suppress(PoolClosed, OSError):
            self._ensure(slot)

    def _ensure(self, slot: int) -> WorkerProcess:
        process = self._processes.get(slot)
        if process is not None and process.alive:
            return process
        self._discard(slot)
        with self._changed:
            if self._closed:
                raise PoolClosed("the pool was closed")
            self._processes[slot] = process = self._make()
        return process

    def _discard(self, slot: int) -> None:
        with self._changed:
            process = self._processes.pop(slot, None)
        if process is not None:
            process.release()
