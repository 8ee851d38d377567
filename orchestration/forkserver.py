"""A warm process that run workers are forked from: code is imported once, not once per run.

Importing Dagster, the definitions and the gates' engine takes some seconds of a core; a fork takes milliseconds. The
server (`python -m orchestration.forkserver MODULE…`) has one Python thread and opens nothing, reads run ids on standard
input, forks, answers with pids, and ends with its owner or after a quarter of an hour without work. Does not belong
here: what a forked worker does (`worker`), watching it (`launcher`).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

IDLE_SECONDS = 900.0
ANSWER_SECONDS = 30.0
READY = b"ready"
log = logging.getLogger("dagster.darkroom.forkserver")


class ForkServer:
    """The owner's side. `fork` never waits for the server to warm up: it returns None until it is warm."""

    def __init__(self, modules: Sequence[str], environment: dict[str, str], output: Path) -> None:
        self._command = [sys.executable, "-m", "orchestration.forkserver", *modules]
        self._environment = environment
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begins to warm a server up, unless one lives."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._output.open("ab") as output:
                self._ready = False
                self._process = subprocess.Popen(  # noqa: S603
                    self._command,
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    bufsize=0,  # what select sees is what there is to read
                    start_new_session=True,
                )

    def fork(self, run_id: str) -> int | None:
        """Has a worker forked for `run_id`; returns its pid, or None when there is no warm server.

        Raises `TimeoutError` when the server does not say whether it forked; it is ended then.
        """
        with self._lock:
            process = self._process
            if process is None or process.poll() is not None or process.stdin is None:
                return None
            if not self._ready and self._line(process, 0.0) != READY:
                return None
            self._ready = True
            try:
                os.write(process.stdin.fileno(), run_id.encode() + b"\n")
            except BrokenPipeError:
                return None
            answer = self._line(process, ANSWER_SECONDS)
            if answer is not None:
                return int(answer)
            process.kill()
            process.wait()
            raise TimeoutError("the fork server did not answer")

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
        if process.stdout is None or not select.select([process.stdout], [], [], seconds)[0]:
            return None
        return process.stdout.readline().strip() or None


def serve(modules: Sequence[str]) -> str | None:
    """Imports `modules`, then forks a worker per run id read; returns in each worker, with its run id.

    Returns None in the server itself when it is to end.
    """
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:  # the run that needs it will say so in its own events
            log.warning("cannot import %s beforehand", name, exc_info=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # workers are watched by their owner; none stays as a zombie
    os.write(1, READY + b"\n")
    waiting = b""
    while select.select([0], [], [], IDLE_SECONDS)[0]:
        if not (received := os.read(0, 4096)):
            return None
        waiting += received
        while b"\n" in waiting:
            run_id, _, waiting = waiting.partition(b"\n")
            pid = os.fork()
            if pid == 0:
                _become_worker()
                return run_id.decode()
            with contextlib.suppress(BrokenPipeError):
                os.write(1, f"{pid}\n".encode())
    return None


def _become_worker() -> None:
    """Cuts what ties the forked process to the server: session, pipes, signals."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # inherited by nobody: waiting for child processes must work
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)


if __name__ == "__main__":
    from orchestration import worker

    if (chosen := serve(sys.argv[1:])) is not None:
        worker.end_with(chosen)
