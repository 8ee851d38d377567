"""Breaking a running platform: which processes play which part, and killing them without warning.

Belongs here: finding and killing. Does not belong here: when (the tests say), or what must hold then (`oracle`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from darkroom.supervision.identity import processes_of
from darkroom.supervision.parts import API, DAEMON, LINE, POSTGRES, RUN
from darkroom.supervision.status import record
from tests.e2e.conftest import Reader
from tests.e2e.driving import Darkroom

Find = Callable[[Darkroom, Reader], list[psutil.Process]]

SERVED_BY_THE_SUPERVISOR = (LINE, DAEMON, POSTGRES, API)
NEEDS_UP = ("supervisor", "everything")
"""After these nobody is left to start anything again."""


def workers(darkroom: Darkroom) -> list[psutil.Process]:
    """Sandboxed processes of runs: decoders and models."""
    found = []
    for run in runs(darkroom):
        with suppress(psutil.Error):
            found += [one for one in run.children() if "darkroom.workers.child" in one.cmdline()]
    return found


def runs(darkroom: Darkroom) -> list[psutil.Process]:
    """Processes that execute runs: what else belongs to runs (the warm one, dbt) does not write to a run's log."""
    logs = str(darkroom.home.logs / "runs")
    found = []
    for process in processes_of(darkroom.home.root, parts=frozenset({RUN})):
        with suppress(OSError):
            target = str(Path(f"/proc/{process.pid}/fd/1").readlink())
            if target.startswith(logs) and "forkserver" not in target:
                found.append(process)
    return found


def models(darkroom: Darkroom, reader: Reader) -> list[psutil.Process]:
    """Processes that read text."""
    known = reader.pids()
    return [one for one in workers(darkroom) if one.pid in known]


def decoders(darkroom: Darkroom, reader: Reader) -> list[psutil.Process]:
    """Processes that decode files: those that have loaded what opens HEIC."""
    return [one for one in workers(darkroom) if _has_loaded(one, "pi_heif")]


def _has_loaded(process: psutil.Process, library: str) -> bool:
    with suppress(psutil.Error):
        return any(library in mapped.path for mapped in process.memory_maps())
    return False


def part(darkroom: Darkroom, name: str) -> list[psutil.Process]:
    """The process the supervisor started as this part."""
    told = record(darkroom.home).get("parts", {}).get(name, {}).get("process")
    return _living([told["pid"]] if told else [])


def supervisor(darkroom: Darkroom) -> list[psutil.Process]:
    """The supervisor."""
    told = record(darkroom.home).get("supervisor")
    return _living([told["pid"]] if told else [])


def everything(darkroom: Darkroom) -> list[psutil.Process]:
    """All of it, the supervisor first."""
    first = supervisor(darkroom)
    server = part(darkroom, POSTGRES)
    with suppress(psutil.Error):
        server += [child for one in server for child in one.children(recursive=True)]
    return first + processes_of(darkroom.home.root) + server


FAULTS: dict[str, Find] = {
    "decoder": lambda darkroom, reader: decoders(darkroom, reader)[:1],
    "model": lambda darkroom, reader: models(darkroom, reader)[:1],
    "run": lambda darkroom, reader: runs(darkroom)[:1],
    **{
        name: (lambda darkroom, reader, name=name: part(darkroom, name))  # type: ignore[misc]
        for name in SERVED_BY_THE_SUPERVISOR
    },
    "supervisor": lambda darkroom, reader: supervisor(darkroom),
    "everything": lambda darkroom, reader: everything(darkroom),
}
"""Kinds of fault, and which processes each one kills."""


def kill(fault: str, darkroom: Darkroom, reader: Reader) -> list[int]:
    """Kills what the fault names, if it is there now; returns the killed processes' ids."""
    killed = []
    for process in FAULTS[fault](darkroom, reader):
        with suppress(psutil.NoSuchProcess):
            process.kill()
            killed.append(process.pid)
    return killed


def _living(pids: list[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    return found
