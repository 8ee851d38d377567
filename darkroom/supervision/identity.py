"""Which process is meant: a pid alone is reused, pid with start time and boot is not.

Belongs here: recording a process so that another one can later tell whether it still lives, and ending processes of a
home that nobody watches any more. Does not belong here: starting them (`children`).
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

PART_VARIABLE = "DARKROOM_PART"
"""Set in every child of a supervisor (and inherited by what it starts) to the part's name; set nowhere else."""


@dataclass(frozen=True)
class ProcessIdentity:
    """One process for ever: `started` in clock ticks since boot, which no change of the clock moves."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The identity of living process `pid`, or None when there is none (a zombie is none)."""
        try:
            # The name, in parentheses, may hold spaces and parentheses itself.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]), boot_id())

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ProcessIdentity:
        """Reads what `to_json` wrote; raises `KeyError`, `TypeError` or `ValueError` when it is something else."""
        return cls(int(value["pid"]), int(value["started"]), str(value["boot"]))

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    def alive(self) -> bool:
        """Whether exactly this process still runs on this machine."""
        return ProcessIdentity.of(self.pid) == self


def boot_id() -> str:
    """An identifier that changes with every start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def processes_of(home: Path, *, parts: frozenset[str] | None = None) -> list[psutil.Process]:
    """Living processes that a supervisor of `home` (or what it started) began, whoever is their parent now.

    Found by two variables in their environment, so neither a lost record nor a reused pid misleads. `parts` narrows it.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            environment = process.environ()
        except (psutil.Error, OSError):
            continue  # of another user, or gone
        part = environment.get(PART_VARIABLE)
        if part and environment.get("DARKROOM_HOME") == str(home) and (parts is None or part in parts):
            found.append(process)
    return found


def end(processes: list[psutil.Process], seconds: float) -> int:
    """Asks `processes` to end, kills what still runs after `seconds`; returns how many had to be killed."""
    for process in processes:
        _send(process, signal.SIGTERM)
        _send(process, signal.SIGCONT)  # a stopped process would not hear it
    _, left = psutil.wait_procs(processes, timeout=seconds)
    for process in left:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)
    return len(left)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
