"""A real platform in a home of its own, driven by its command line as a user would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from sqlalchemy import Engine, create_engine, text

from darkroom.home import Home

COMMAND = [sys.executable, "-m", "darkroom.cli.main"]
UP_SECONDS = 300
IMPORT_SECONDS = 7200
TRACED = "read,pread64,readv,preadv,preadv2,mmap,sendfile,copy_file_range,splice"
UNSETTLED = (
    "status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED') OR end_time > extract(epoch FROM clock_timestamp()) - :quiet"
)
STRACE = ["strace", "-f", "-qq", "-y", "-s", "0", "--seccomp-bpf", "-e", f"trace={TRACED}"]


def need_strace() -> None:
    """Raises `RuntimeError` when the program that follows system calls is not there."""
    if shutil.which(STRACE[0]) is None:
        raise RuntimeError("counting the bytes that are read needs strace: apt-get install strace")


class Imported(NamedTuple):
    """How long an import took from the command to its last line, and the import as the API described it."""

    seconds: float
    document: dict[str, Any]


class Live:
    """A platform that runs until the block ends; its home is removed then. `trace` names a file for system calls."""

    def __init__(self, trace: Path | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="darkroom-bench-"))
        self._environment = {**os.environ, "DARKROOM_HOME": str(self.home)}
        self._trace = trace
        self._tracer: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*COMMAND, "down"], env=self._environment, capture_output=True, timeout=UP_SECONDS, check=False)
        if self._tracer is not None:
            self._tracer.wait(timeout=UP_SECONDS)
        shutil.rmtree(self.home, ignore_errors=True)

    def take_in(self, folder: Path) -> Imported:
        """Imports a folder and waits for the end. Raises `RuntimeError` unless it succeeded."""
        started = time.perf_counter()
        done = subprocess.run(
            [*COMMAND, "import", str(folder), "--wait", "--json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
        seconds = time.perf_counter() - started
        document = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        if document.get("state") != "succeeded":
            raise RuntimeError(f"the import did not succeed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return Imported(seconds, document)

    def batch_seconds(self) -> tuple[float, float]:
        """Seconds that the batches' runs took in all, and seconds of these in which no step of ours ran."""
        engine = create_engine(Home(self.home).database_url("dagster"))
        with engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT dagster_event_type, extract(epoch FROM timestamp) FROM event_logs WHERE run_id IN"
                    " (SELECT run_id FROM runs WHERE pipeline_name = 'ingest_batch' AND status = 'SUCCESS')"
                )
            )
            events = [(str(kind), float(at)) for kind, at in rows.tuples()]
        engine.dispose()
        whole = _between(events, "PIPELINE_STARTING", "PIPELINE_SUCCESS")
        return whole, whole - _between(events, "STEP_START", "STEP_SUCCESS")

    def settle(self, quiet_seconds: float = 60, patience_seconds: float = 3600) -> None:
        """Waits until no run was under way for so long: what follows an import begins sooner, and is over by then.

        Raises `RuntimeError` when a run has failed, and `TimeoutError`.
        """
        engine = create_engine(Home(self.home).database_url("dagster"))
        deadline = time.monotonic() + patience_seconds
        while (unsettled := _runs(engine, UNSETTLED, quiet=quiet_seconds)) and time.monotonic() < deadline:
            time.sleep(5)
        failed = _runs(engine, "status = 'FAILURE'")
        engine.dispose()
        if failed:
            raise RuntimeError(f"runs failed: {failed}")
        if unsettled:
            raise TimeoutError(f"after {patience_seconds} s these were not over, or had just ended: {unsettled}")

    def _up(self) -> None:
        command = [*COMMAND, "up", "--detach"]
        if self._trace is None:
            subprocess.run(command, env=self._environment, capture_output=True, timeout=UP_SECONDS, check=True)
            return
        # strace ends with the last process it follows, which is the platform's.
        self._tracer = subprocess.Popen(
            [*STRACE, "-o", str(self._trace), *command],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + UP_SECONDS
        while subprocess.run([*COMMAND, "status"], env=self._environment, capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError("the traced platform did not come up")
            time.sleep(1)


def _runs(engine: Engine, condition: str, **values: float) -> list[str]:
    """The jobs of the runs that meet a condition."""
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT pipeline_name FROM runs WHERE {condition}"), values)
        return list(found.scalars())


def _between(events: Sequence[tuple[str, float]], start: str, end: str) -> float:
    """Seconds between starts and ends, summed over all pairs."""
    return sum(at if kind == end else -at if kind == start else 0.0 for kind, at in events)


def bytes_read(trace: Path, folder: Path) -> int:
    """Bytes that traced processes read, or mapped, from files below a folder."""
    below = re.escape(f"<{folder.resolve()}/")
    call = re.compile(rf"^(\d+) +(\w+)\((.*{below}.*)$")
    resumed = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>.*= (\d+)$")
    waiting: set[str] = set()
    total = 0
    with trace.open(errors="replace") as lines:
        for line in lines:
            if found := call.match(line):
                pid, name, rest = found.groups()
                if rest.endswith("<unfinished ...>"):
                    waiting.add(pid)
                elif name == "mmap":
                    total += int(rest.split(",")[1])
                elif answer := re.search(r"= (\d+)$", rest):
                    total += int(answer[1])
            elif (found := resumed.match(line)) and found[1] in waiting:
                waiting.remove(found[1])
                total += int(found[3])
    return total
