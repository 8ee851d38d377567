"""Looks at a machine and a home and says what is wrong and what to do.

Belongs here: checks that change nothing, each with a finding and an advice. Does not belong here: whether parts answer
right now beyond one summary (`status`), repairing anything.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from sqlalchemy.engine import make_url

from darkroom.home import Home, NotRunning
from darkroom.inference.registry import TASKS, entries
from darkroom.settings import Settings
from darkroom.supervision import status as state
from darkroom.supervision.binaries import PostgresFault, programs
from darkroom.supervision.parts import PlatformFault, find_programs
from darkroom.supervision.ports import DEFAULTS, fault
from darkroom.supervision.postgres import connection_fault
from darkroom.supervision.stamp import HomeFault, check_home

OK, WARNING, BROKEN = "ok", "warning", "broken"
FREE_NEEDED = 5 * 1000**3
MEMORY_NEEDED = 3 * 1000**3
_PACKAGES = {
    "dagster": "orchestration",
    "dagster_postgres": "orchestration",
    "dagster_webserver": "orchestration",
    "dagster_dbt": "orchestration",
    "great_expectations": "orchestration",
    "fastapi": "api",
    "uvicorn": "api",
}
_EXTENSIONS = ("ducklake", "httpfs", "postgres_scanner")


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, ok | warning | broken, what was seen, what to do."""

    name: str
    verdict: str
    finding: str
    advice: str = ""

    def to_json(self) -> dict[str, str]:
        """A JSON object."""
        return asdict(self)


def examine(home: Home, settings: Settings) -> list[Finding]:
    """All checks; one that fails to run is itself a finding."""
    checks: list[Callable[[Home, Settings], Iterator[Finding]]] = [
        _python,
        _packages,
        _home,
        _permissions,
        _disk,
        _memory,
        _ports,
        _postgres,
        _platform,
        _lake,
        _models,
    ]
    found: list[Finding] = []
    for check in checks:
        try:
            found += check(home, settings)
        except Exception as error:  # noqa: BLE001  a doctor must not fall ill
            found.append(Finding(check.__name__.strip("_"), BROKEN, f"could not be checked: {error}"))
    return found


def _python(home: Home, settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 14) and sys.platform == "linux"
    advice = "" if good else "use Python 3.11 to 3.14 on Linux"
    yield Finding("python", OK if good else BROKEN, f"{version} on {sys.platform}", advice)


def _packages(home: Home, settings: Settings) -> Iterator[Finding]:
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        extras = ",".join(sorted({_PACKAGES[name] for name in missing}))
        yield Finding("packages", BROKEN, f"{', '.join(missing)} missing", f"install darkroom[{extras}]")
    else:
        yield Finding("packages", OK, "all installed")
    absent = [name for name in _EXTENSIONS if importlib.util.find_spec(f"duckdb_extension_{name}") is None]
    if absent:
        wheels = " ".join(f"duckdb-extension-{name.replace('_', '-')}==1.5.5" for name in absent)
        yield Finding("duckdb extensions", BROKEN, f"{', '.join(absent)} missing", f"install {wheels}")
    else:
        yield Finding("duckdb extensions", OK, ", ".join(_EXTENSIONS))
    try:
        yield Finding("application", OK, f"in {find_programs().folder}")
    except PlatformFault as problem:
        yield Finding("application", BROKEN, "not found", str(problem))


def _home(home: Home, settings: Settings) -> Iterator[Finding]:
    try:
        check_home(home)
    except HomeFault as problem:
        yield Finding("home", BROKEN, str(problem))
        return
    stamp = home.root / "home.json"
    yield Finding("home", OK, f"{home.root}, {stamp.read_text() if stamp.is_file() else 'not created yet'}")


def _permissions(home: Home, settings: Settings) -> Iterator[Finding]:
    private = (home.secrets, home.run, home.logs, home.dagster, home.root / "postgres")
    open_ones = [str(path) for path in private if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    files = (home.secrets / "postgres.json", home.run / "cli.key")
    open_ones += [str(path) for path in files if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        yield Finding(
            "permissions", BROKEN, f"others may read {', '.join(open_ones)}", "chmod -R go= " + " ".join(open_ones)
        )
    else:
        yield Finding("permissions", OK, "private folders are private")
    if home.root.exists() and stat.S_IMODE(home.root.stat().st_mode) & 0o022:
        yield Finding("permissions", WARNING, f"others may write to {home.root}", f"chmod go-w {home.root}")


def _disk(home: Home, settings: Settings) -> Iterator[Finding]:
    folder = next(path for path in (home.root, *home.root.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    advice = "" if free >= FREE_NEEDED else "free some space, or name a home on a larger disk with DARKROOM_HOME"
    verdict = OK if free >= FREE_NEEDED else WARNING if free >= FREE_NEEDED / 10 else BROKEN
    yield Finding("disk", verdict, f"{free / 1e9:.1f} GB free", advice)


def _memory(home: Home, settings: Settings) -> Iterator[Finding]:
    import psutil

    total = psutil.virtual_memory().total
    enough = total >= MEMORY_NEEDED
    advice = "" if enough else "set DARKROOM_INFERENCE__WORKERS=1 and DARKROOM_DECODING__WORKERS=1"
    yield Finding("memory", OK if enough else WARNING, f"{total / 1e9:.1f} GB, {os.cpu_count()} cores", advice)


def _ports(home: Home, settings: Settings) -> Iterator[Finding]:
    if state.supervisor_of(home):
        return
    wanted = {"api": settings.api.port, "dagster": settings.dagster.port, "postgres": settings.postgres.port}
    if settings.postgres.url is not None:
        del wanted["postgres"]
    for part, explicit in wanted.items():
        port = explicit or DEFAULTS[part]
        host = settings.api.host if part == "api" else "127.0.0.1"
        reason = fault(port, host)
        if reason is None:
            yield Finding(f"port {port}", OK, f"free for {part}")
        elif explicit is None:
            yield Finding(f"port {port}", WARNING, f"{reason}; {part} will take another one")
        else:
            advice = f"end what listens there, or change DARKROOM_{part.upper()}__PORT"
            yield Finding(f"port {port}", BROKEN, f"{reason}, and {part} is to use it", advice)


def _postgres(home: Home, settings: Settings) -> Iterator[Finding]:
    if settings.postgres.url is not None:
        url = make_url(settings.postgres.url.get_secret_value())
        problem = connection_fault(url)
        advice = "" if problem is None else "check DARKROOM_POSTGRES__URL and that server"
        yield Finding("postgres", OK if problem is None else BROKEN, problem or f"{url.host} answers", advice)
        return
    try:
        folder = programs(settings.postgres.version)
    except PostgresFault as problem_:
        yield Finding("postgres", BROKEN, "cannot be used", str(problem_))
        return
    yield Finding("postgres", OK, f"version {settings.postgres.version} in {folder}")


def _platform(home: Home, settings: Settings) -> Iterator[Finding]:
    found = state.status(home, sizes=False)
    verdict = {state.RUNNING: OK, state.STOPPED: OK}.get(found["state"], WARNING)
    yield Finding("platform", verdict, found["state"], found["advice"] or "")


def _lake(home: Home, settings: Settings) -> Iterator[Finding]:
    if state.status(home, sizes=False)["state"] not in (state.RUNNING, state.UNWELL):
        return
    from darkroom.stores.lake import Lake

    try:
        lake = Lake.open(home, settings.lake, read_only=True)
    except NotRunning:
        return
    try:
        yield Finding("lake", OK, f"attaches, snapshot {lake.snapshot()}")
    finally:
        lake.close()


def _models(home: Home, settings: Settings) -> Iterator[Finding]:
    for task in TASKS:
        wanted, known = getattr(settings.inference, task.name), entries(task)
        if wanted not in known:
            there_are = ", ".join(sorted(known)) or "(none installed)"
            advice = f"set DARKROOM_INFERENCE__{task.name.upper()} to one of {there_are}"
            yield Finding(task.noun, BROKEN, f"{wanted!r} is not installed", advice)
        elif importlib.util.find_spec(known[wanted].module) is None:
            yield Finding(task.noun, BROKEN, f"{known[wanted].module} is missing", "install its package again")
        else:
            yield Finding(task.noun, OK, wanted)
