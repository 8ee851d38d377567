"""One worker process seen from its parent: start, run a task in time, kill.

Belongs here: how a child is started (environment, socket) and what its silence or death means.
Does not belong here: the queue and the replacing of dead workers (`pool.py`).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from darkroom.workers.channel import Blob, ChannelClosed, receive, send
from darkroom.workers.limits import Limits

KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONDONTWRITEBYTECODE",
)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")

KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(64 * 1024**2), "MALLOC_TRIM_THRESHOLD_": str(128 * 1024**2)}
"""Freed pictures stay with the process for the next one: giving the pages back and having them zeroed again costs a
seventh of the work on a photo."""


HEARING_SECONDS = 1.0
"""For what has been said already to be read."""


class WorkerTimeout(Exception):
    """A task took longer than its limit; its worker was killed."""


class WorkerCrashed(Exception):
    """A worker died with its task: of `signal_name` ("SIGSEGV"), or by itself when that is `None`."""

    def __init__(self, message: str, signal_name: str | None = None) -> None:
        super().__init__(message)
        self.signal_name = signal_name


class TaskFailed(Exception):
    """The handler raised: `kind` is the exception's class name, `message` its text."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


@dataclass(frozen=True)
class Reply:
    """What a handler answered."""

    result: dict[str, Any]
    blobs: list[bytes]


class WorkerProcess:
    """A started child. The thread that starts it must outlive it: the kernel kills the child when that thread ends."""

    def __init__(self, entry: str, config: dict[str, Any], limits: Limits) -> None:
        self._limits = limits
        self._ready = False
        self._sock, theirs = socket.socketpair()
        with theirs:
            # Safe path: the modules a child sees are its parent's, never what lies in the current folder.
            command = [sys.executable, "-P", "-m", "darkroom.workers.child", str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell, no outside arguments
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=child_environment(),
            )
        self._started_at = time.monotonic()
        with suppress(ChannelClosed):
            # A child that is dead already is noticed by the first task, which then says how it died.
            send(self._sock, {"entry": entry, "config": config, "limits": asdict(limits)})

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def run(self, task: dict[str, Any], blobs: Sequence[Blob]) -> Reply:
        """Hands over one task and waits. After `WorkerTimeout` or `WorkerCrashed` the process is no longer usable."""
        self._await_ready()
        deadline = time.monotonic() + self._limits.seconds
        try:
            send(self._sock, {"task": task}, blobs, share=True, deadline=deadline)
            message = receive(self._sock, deadline=deadline)
        except TimeoutError:
            raise WorkerTimeout(f"took longer than {self._limits.seconds:g} s") from None
        except (ChannelClosed, ValueError) as error:
            raise self._crash("while working") from error
        return Reply(_result(message.header), [bytes(blob) for blob in message.blobs])

    def kill(self) -> None:
        """Ends the process at once and reaps it. Safe to call from another thread and more than once."""
        self._process.kill()
        self._process.wait()

    def release(self) -> None:
        """Kills the process and closes its socket; called by the thread that runs the tasks."""
        self.kill()
        self._sock.close()

    def _await_ready(self) -> None:
        if self._ready:
            return
        # A worker that was started long before its first task has said long ago that it is ready: that is to be heard.
        deadline = max(self._started_at + self._limits.start_seconds, time.monotonic() + HEARING_SECONDS)
        try:
            message = receive(self._sock, deadline=deadline)
        except TimeoutError:
            raise WorkerTimeout(f"was not ready after {self._limits.start_seconds:g} s") from None
        except (ChannelClosed, ValueError) as error:
            raise self._crash("while starting") from error
        if "fault" in message.header:
            raise self._crash(
                f"while starting: {message.header['fault']['kind']}: {message.header['fault']['message']}"
            )
        self._ready = True

    def _crash(self, when: str) -> WorkerCrashed:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return WorkerCrashed(f"worker stopped answering {when}")
        if code < 0:
            name = signal.Signals(-code).name
            return WorkerCrashed(f"worker was ended by {name} {when}", name)
        return WorkerCrashed(f"worker exited with status {code} {when}")


def _result(header: dict[str, Any]) -> dict[str, Any]:
    if "fault" in header:
        raise TaskFailed(header["fault"]["kind"], header["fault"]["message"])
    result: dict[str, Any] = header["result"]
    return result


def child_environment() -> dict[str, str]:
    """The few variables a worker gets: none of ours, so no secret reaches the process that sees untrusted bytes."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    modules = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100 - "" means the current folder
    return kept | ONE_THREAD | KEPT_MEMORY | {"PYTHONPATH": modules}
