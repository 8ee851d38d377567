"""What runs in a home right now, asked from outside: the supervisor's record, checked against the processes.

Belongs here: the document behind `darkroom status`, and ending a platform from another terminal. Does not belong here:
how it is printed (`cli`), what could be wrong with a machine (`doctor`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from darkroom.home import Home, NotRunning
from darkroom.stores.objects import reserve_beside
from darkroom.supervision import parts
from darkroom.supervision.identity import ProcessIdentity, end, processes_of
from darkroom.supervision.postgres import SUPERUSER, EmbeddedPostgres
from darkroom.supervision.probes import Probe, code_server_probe, http_probe, no_probe, postgres_probe
from darkroom.supervision.stamp import is_held

RUNNING, STARTING, STOPPING, UNWELL, ABANDONED, STOPPED = (
    "running",
    "starting",
    "stopping",
    "unwell",
    "abandoned",
    "stopped",
)
FULL_BYTES = 64 * 1024**2
"""With so little room left a disk counts as full: Postgres writes its log in files of 16 MiB."""

SIZES_SECONDS = 2.0
"""How long measuring folders may take; a huge object store is then given as 'at least'."""


def status(home: Home, *, sizes: bool = True) -> dict[str, Any]:
    """State of the platform, its parts and the disk: `{home, state, advice, parts: [...], disk: {...}}`.

    `state` is running, starting, stopping, unwell (a part does not answer), abandoned (the supervisor was killed, its
    children live) or stopped. Sizes are bytes.
    """
    recorded = record(home)
    held = is_held(home) if home.root.is_dir() else False
    found = [_part(name, told) for name, told in recorded.get("parts", {}).items()] if held or recorded else []
    with ThreadPoolExecutor(8) as pool:
        faults = list(pool.map(lambda probe: probe(), (_probe(home, part) for part in found)))
    for part, fault in zip(found, faults, strict=True):
        part["health"] = fault if part["pid"] else part["fault"] or "not running"
        part["health"] = part["health"] or "ok"
    state = str(recorded.get("state", STARTING)) if held else STOPPED
    if state == RUNNING and any(part["health"] != "ok" for part in found):
        state = UNWELL
    if not held and processes_of(home.root):
        state = ABANDONED
    answer: dict[str, Any] = {
        "home": str(home.root),
        "state": state,
        "advice": _advice(home, state, found),
        "parts": found,
    }
    if sizes and home.root.is_dir():
        answer["disk"] = disk(home)
    return answer


def record(home: Home) -> dict[str, Any]:
    """What the supervisor last wrote about itself and its children; empty when there is nothing."""
    try:
        return dict(json.loads((home.run / "platform.json").read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}


def supervisor_of(home: Home) -> ProcessIdentity | None:
    """The living supervisor of a home."""
    try:
        identity = ProcessIdentity.from_json(record(home)["supervisor"])
    except (KeyError, TypeError, ValueError):
        return None
    return identity if identity.alive() else None


def stop(home: Home, seconds: float = 150.0) -> str:
    """Ends the platform of a home, whoever started it; returns what was done: stopped, cleaned or nothing.

    Raises `TimeoutError` when the supervisor does not end.
    """
    deadline = time.monotonic() + seconds
    done = "nothing"
    while is_held(home):
        supervisor = supervisor_of(home)
        if supervisor is not None and done == "nothing":
            os.kill(supervisor.pid, signal.SIGTERM)
            done = "stopped"
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"the supervisor does not end within {seconds:.0f} s; see {home.logs / 'supervisor.log'}"
            )
        time.sleep(0.1)
    if done == "stopped":
        return done
    if orphans := processes_of(home.root):
        end(orphans, 10.0)
        done = "cleaned"
    server = EmbeddedPostgres(home.root / "postgres", home.logs / "postgres.log")
    if server.initialised and server.running():
        server.stop()
        done = "cleaned"
    for path in (home.run / "platform.json", home.endpoints_file):
        path.unlink(missing_ok=True)
    return done


def disk(home: Home) -> dict[str, Any]:
    """Bytes per part of the home and what is free; `complete` is false when counting was cut short."""
    deadline = time.monotonic() + SIZES_SECONDS
    sizes: dict[str, int] = {}
    complete = True
    for folder in (home.root / "postgres", home.lake, home.vectors, home.logs, home.objects):
        total = 0
        for size in _sizes(folder):
            total += size
            if time.monotonic() > deadline:
                complete = False
                break
        sizes[folder.name] = total
    return {**sizes, "free": shutil.disk_usage(home.root).free, "complete": complete}


def _part(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    try:
        identity = ProcessIdentity.from_json(told["process"])
    except (KeyError, TypeError, ValueError):
        identity = None
    pid = identity.pid if identity is not None and identity.alive() else None
    return {
        "name": name,
        "state": told.get("state") if pid else "waiting" if told.get("state") == "waiting" else "gone",
        "pid": pid,
        "address": told.get("address") or None,
        "restarts": told.get("restarts", 0),
        "since": told.get("since"),
        "fault": told.get("fault"),
        "memory_bytes": _memory(pid),
    }


def _memory(pid: int | None) -> int | None:
    """Bytes of a process and all it has started; what several share counts once, each with its part of it."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        return sum(one.memory_full_info().pss for one in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None


def _probe(home: Home, part: Mapping[str, Any]) -> Probe:
    name, pid = part["name"], part["pid"]
    try:
        place = home.endpoints().get(name)
        if pid is None or place is None:
            return no_probe
        host, port = str(place["host"]), int(place["port"])
        if name == parts.POSTGRES:
            server = EmbeddedPostgres(home.root / "postgres", home.logs / "postgres.log")
            return postgres_probe(server.admin_url(port, home.passwords()[SUPERUSER]))
    except (NotRunning, KeyError, ValueError):
        return no_probe
    if name in (parts.LINE, parts.MARTS):
        return code_server_probe(host, port)
    return http_probe(host, port, "/livez" if name == parts.API else "/server_info")


def _advice(home: Home, state: str, found: list[dict[str, Any]]) -> str | None:
    if state == ABANDONED:
        return (
            "the supervisor was killed: `darkroom up` ends what it left and starts anew, `darkroom down` only ends it"
        )
    if state == UNWELL:
        ill = ", ".join(f"{part['name']} ({part['health']})" for part in found if part["health"] != "ok")
        if shutil.disk_usage(home.root).free < FULL_BYTES:
            return f"the disk is full: free some space, and it goes on by itself; not well: {ill}"
        return f"not well: {ill}; it is started again by itself, the logs say why it fails"
    if state == RUNNING and shutil.disk_usage(home.root).free < reserve_beside(home.objects, home.root):
        return "the disk is nearly full, and imports end for want of room: free some space, then import again"
    return "start it with `darkroom up`" if state == STOPPED else None


def _sizes(folder: Path) -> Iterator[int]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _sizes(Path(entry.path))
                else:
                    yield entry.stat(follow_symlinks=False).st_size
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
