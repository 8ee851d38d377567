"""One supervised process: started, probed, restarted with growing pauses, ended with everything it began.

Belongs here: the life of a single child. Does not belong here: which children there are (`parts`), their order
(`supervisor`).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from darkroom.supervision.identity import ProcessIdentity
from darkroom.supervision.probes import Probe

State = Literal["stopped", "starting", "ready", "unwell", "waiting"]
log = logging.getLogger("darkroom.supervision")


@dataclass(frozen=True)
class Part:
    """What a child is: how it is launched in a session of its own, how it is asked, how it is ended.

    `patient` parts are never killed for not answering (a database in recovery must be left alone).
    """

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    probe: Probe
    address: str = ""
    ready_seconds: float = 180.0
    stop_seconds: float = 20.0
    stop_signal: signal.Signals = signal.SIGTERM
    patient: bool = False


@dataclass(frozen=True)
class Pace:
    """How often a child is asked and how long one waits before starting it again; seconds."""

    starting_every: float = 0.25
    ready_every: float = 10.0
    misses: int = 6
    first_pause: float = 1.0
    longest_pause: float = 60.0
    calm: float = 120.0


@dataclass
class Child:
    """A part and the process that plays it. Driven by `tick`; not thread-safe."""

    part: Part
    executor: Executor
    pace: Pace = field(default_factory=Pace)
    state: State = "stopped"
    fault: str | None = None
    restarts: int = 0
    since: datetime | None = None
    _process: subprocess.Popen[bytes] | None = None
    _identity: ProcessIdentity | None = None
    _answer: Future[str | None] | None = None
    _started: float = 0.0
    _next: float = 0.0
    _pause: float = 0.0
    _missed: int = 0

    @property
    def pid(self) -> int | None:
        """Of the process, reaped or not."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Launches the process; a failure to do so counts as its death."""
        self._answer, self._missed, self._started, self._next = None, 0, time.monotonic(), 0.0
        self.since = datetime.now(UTC)
        try:
            self._process = self.part.launch()
        except (OSError, RuntimeError) as error:
            self._process = self._identity = None
            self._schedule(f"cannot be started: {error}")
            return
        self._identity = ProcessIdentity.of(self._process.pid)
        self.state, self.fault = "starting", None
        log.info("%s started (pid %d)", self.part.name, self._process.pid)

    def tick(self) -> bool:
        """Looks after the process without waiting; returns whether its state changed."""
        before = (self.state, self.fault)
        if self.state == "waiting":
            if time.monotonic() >= self._next:
                self.restarts += 1
                self.start()
        elif self._process is not None:
            if _exited(self._process):
                self._died("ended")
            else:
                self._ask()
        return (self.state, self.fault) != before

    def request_stop(self) -> None:
        """Asks the process to end; `wait_stopped` waits for it."""
        if self._process is not None:
            self._process.send_signal(self.part.stop_signal)
            self._process.send_signal(signal.SIGCONT)  # a stopped process would not hear it

    def wait_stopped(self) -> None:
        """Returns when the process and what it began are gone, killed if need be."""
        if self._process is None:
            self.state = "stopped"
            return
        deadline = time.monotonic() + self.part.stop_seconds
        while not _exited(self._process) and time.monotonic() < deadline:
            time.sleep(0.02)
        if not _exited(self._process):
            log.warning("%s did not end within %.0f s and is killed", self.part.name, self.part.stop_seconds)
        self._bury()
        self.state, self.fault = "stopped", None
        log.info("%s stopped", self.part.name)

    def to_json(self) -> dict[str, Any]:
        """What `status` shows."""
        return {
            "state": self.state,
            "fault": self.fault,
            "restarts": self.restarts,
            "since": self.since.isoformat() if self.since else None,
            "address": self.part.address,
            "process": self._identity.to_json() if self._identity else None,
        }

    def _ask(self) -> None:
        now = time.monotonic()
        if self._answer is None:
            if now >= self._next:
                self._answer = self.executor.submit(self.part.probe)
            return
        if not self._answer.done():
            return
        fault = self._answer.exception() or self._answer.result()
        self._answer = None
        self._next = now + (self.pace.starting_every if self.state == "starting" else self.pace.ready_every)
        if fault is None:
            if self.state != "ready":
                log.info("%s is ready after %.1f s", self.part.name, now - self._started)
            self.state, self.fault, self._missed = "ready", None, 0
            self._next = now + self.pace.ready_every
            if now - self._started > self.pace.calm:
                self._pause = 0.0
            return
        self._missed += 1
        self.fault = str(fault)
        if self.state == "starting":
            if now - self._started > self.part.ready_seconds and not self.part.patient:
                self._died(f"was not ready after {self.part.ready_seconds:.0f} s ({fault})")
            return
        self.state = "unwell"
        if self._missed >= self.pace.misses and not self.part.patient:
            self._died(f"did not answer {self._missed} times ({fault})")

    def _died(self, reason: str) -> None:
        status = self._bury()
        self._schedule(f"{reason} ({_describe(status)})")

    def _schedule(self, reason: str) -> None:
        self._pause = min(self._pause * 2 or self.pace.first_pause, self.pace.longest_pause)
        self._next = time.monotonic() + self._pause
        self.state, self.fault, self._answer = "waiting", reason, None
        log.error("%s %s; started again in %.0f s", self.part.name, reason, self._pause)

    def _bury(self) -> int | None:
        """Ends the process if it lives and whatever stayed in its group; returns its status."""
        if self._process is None:
            return None
        # Before it is reaped: until then nobody else can get its pid, which is also its group's.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self._process = self._identity = None
        return status


def _exited(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; it is not reaped by asking."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _describe(status: int | None) -> str:
    if status is None or status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
