"""`up`, `down`, `status`, `doctor`: the commands that work on this machine and not through the API.

Belongs here: what the terminal shows of the supervisor. Does not belong here: starting or checking anything
(`supervision`).
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from darkroom.cli import exits
from darkroom.cli.gallery import sign_in_address
from darkroom.home import Home
from darkroom.settings import Settings
from darkroom.supervision import doctor as checks
from darkroom.supervision import status as state
from darkroom.supervision.binaries import PostgresFault
from darkroom.supervision.logfiles import tail, turn_over
from darkroom.supervision.parts import PlatformFault, find_programs
from darkroom.supervision.ports import PortBusy
from darkroom.supervision.stamp import AlreadyRunning, HomeFault, check_home, is_held, open_home
from darkroom.supervision.supervisor import Report, Supervisor

FAULTS = (HomeFault, PortBusy, PostgresFault, PlatformFault, SQLAlchemyError, OSError)
ENTRY = [sys.executable, "-m", "darkroom.cli.main"]
"""How this command line starts itself."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def up(
    context: typer.Context,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once everything serves; `darkroom down` ends it.")
    ] = False,
    report_to: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Start the platform and keep it running.

    Starts Postgres, the pipeline (Dagster) and the API, restarts what dies, and ends everything cleanly on Ctrl-C. The
    first start prints the administrator's API key, once. A home that runs already is left alone and its addresses are
    shown. Ports: DARKROOM_API__PORT, DARKROOM_DAGSTER__PORT, DARKROOM_POSTGRES__PORT; the defaults 8360, 8361 and 54320
    give way when they are busy, see `darkroom status`.
    """
    settings: Settings = context.obj
    home = Home(settings.home)
    os.umask(0o077)  # logs, sockets and stores are this user's
    report = partial(_terminal, home) if report_to is None else _pipe(report_to)
    try:
        check_home(home)
        if home.run.is_dir() and is_held(home):
            raise AlreadyRunning
        if detach:
            _detach(home)
        else:
            _log_to(home)
            Supervisor(home, settings, find_programs(), report).run()
    except AlreadyRunning:
        _show_running(home, report)
    except FAULTS as fault:
        logging.getLogger("darkroom.supervision").error("cannot start: %s", fault)
        report("failed", {"message": str(fault)})
        raise typer.Exit(exits.FAILED) from fault


def down(context: typer.Context) -> None:
    """Stop the platform, from any terminal.

    Runs that are under way are interrupted and go on after the next start. Also cleans up after a supervisor that was
    killed. Stopping what does not run is no error.
    """
    home = Home(context.obj.home)
    if not home.root.is_dir():
        typer.echo(f"There is no home in {home.root}; nothing to stop.")
        return
    try:
        done = state.stop(home)
    except (TimeoutError, PostgresFault) as fault:
        exits.stop(exits.FAILED, str(fault))
    said = {
        "stopped": "Darkroom has stopped.",
        "cleaned": "The supervisor was gone; what it had left is stopped.",
        "nothing": f"Darkroom was not running in {home.root}.",
    }
    typer.echo(said[done])


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show every part: process, health, address, memory, and what the home takes on disk.

    The exit code is 0 when everything serves, 1 when something does not, 3 when the platform is not running.
    """
    home = Home(context.obj.home)
    found = state.status(home)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print_status(found)
    if found["state"] != state.RUNNING:
        raise typer.Exit(exits.NOT_RUNNING if found["state"] == state.STOPPED else exits.FAILED)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check this machine and the home, and say what to do about what is wrong.

    Works whether the platform runs or not. The exit code is 1 when something must be done.
    """
    results = checks.examine(Home(context.obj.home), context.obj)
    if as_json:
        typer.echo(json.dumps([result.to_json() for result in results], indent=2))
    else:
        signs = {checks.OK: ("✓", "green"), checks.WARNING: ("!", "yellow"), checks.BROKEN: ("✗", "red")}
        for result in results:
            sign, colour = signs[result.verdict]
            typer.secho(f"{sign} {result.name}: {result.finding}", fg=colour if result.verdict != checks.OK else None)
            if result.advice:
                typer.echo(f"    {result.advice}")
    if any(result.verdict == checks.BROKEN for result in results):
        raise typer.Exit(exits.FAILED)


def _detach(home: Home) -> None:
    """Starts the supervisor in a session of its own and returns when it says that everything serves."""
    open_home(home)
    listening, telling = os.pipe()
    path = home.logs / "supervisor.log"
    command = [*ENTRY, "--home", str(home.root), "up", "--report-to", str(telling)]
    with path.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[telling], start_new_session=True
        )
    os.close(telling)
    with os.fdopen(listening) as events:
        for line in events:
            event = json.loads(line)
            if event["name"] == "stopping":
                continue
            _terminal(home, event["name"], event)
            if event["name"] == "ready":
                if event["unwell"]:
                    raise typer.Exit(exits.FAILED)
                return
            if event["name"] == "failed":
                raise typer.Exit(exits.FAILED)
    exits.stop(exits.FAILED, f"The supervisor ended with status {process.wait()}; the end of {path}:\n{tail(path, 5)}")


def _terminal(home: Home, event: str, told: Mapping[str, Any]) -> None:
    if event == "progress":
        typer.echo(f"… {told['text']}")
    elif event == "ready":
        for name, fault in told["unwell"].items():
            typer.secho(f"{name} does not serve: {fault or 'still starting'}; see logs/{name}.log", err=True, fg="red")
        if told["first_key"]:
            typer.echo("The administrator's API key, shown this once only; keep it safe:")
            typer.secho(f"  {told['first_key']}", bold=True)
        _addresses(home, told["endpoints"])
    elif event == "failed":
        typer.secho(told["message"], err=True, fg=typer.colors.RED)
    elif event == "stopping":
        typer.echo("… stopping")


def _pipe(handle: int) -> Report:
    """Reports to the process that started this one; it may go away, the supervisor stays."""

    def report(event: str, told: Mapping[str, Any]) -> None:
        try:
            os.write(handle, json.dumps({"name": event, **told}).encode() + b"\n")
        except OSError:
            return
        if event in ("ready", "failed"):
            os.close(handle)

    os.set_inheritable(handle, False)
    return report


def _show_running(home: Home, report: Report) -> None:
    """Waits for a start that is under way, then shows where the platform listens."""
    deadline = time.monotonic() + 240
    while (found := state.status(home, sizes=False))["state"] == state.STARTING and time.monotonic() < deadline:
        time.sleep(0.5)
    if found["state"] != state.RUNNING:
        report("failed", {"message": f"Darkroom in {home.root} is {found['state']}. {found['advice'] or ''}"})
        raise typer.Exit(exits.FAILED)
    typer.echo(f"Darkroom runs already in {home.root}.")
    report("ready", {"endpoints": home.endpoints(), "first_key": None, "unwell": {}})


def _addresses(home: Home, endpoints: Mapping[str, Mapping[str, Any]]) -> None:
    if address := sign_in_address(home):
        typer.echo(f"Gallery     {address}  (signs one browser in; another: darkroom open)")
    typer.echo(f"API         {endpoints['api']['url']}  (docs: {endpoints['api']['url']}/docs)")
    typer.echo(f"Dagster UI  {endpoints['dagster']['url']}")
    typer.echo(f"Postgres    {endpoints['postgres']['host']}:{endpoints['postgres']['port']}")


def _print_status(found: Mapping[str, Any]) -> None:
    console = Console()
    console.print(f"Darkroom in {found['home']} is [bold]{found['state']}[/].", highlight=False)
    if found["parts"]:
        table = Table("part", "health", "pid", "address", "memory", "restarts", box=None, pad_edge=False)
        for part in found["parts"]:
            memory = f"{part['memory_bytes'] / 1e6:.0f} MB" if part["memory_bytes"] else ""
            health = part["health"] if part["state"] != "starting" else "starting"
            table.add_row(
                part["name"], health, str(part["pid"] or ""), part["address"] or "", memory, str(part["restarts"])
            )
        console.print(table)
    if disk := found.get("disk"):
        sizes = ", ".join(f"{name} {_size(size)}" for name, size in disk.items() if name not in ("complete", "free"))
        console.print(f"disk: {'' if disk['complete'] else 'at least '}{sizes}; free {_size(disk['free'])}")
    if found["advice"]:
        console.print(found["advice"])


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _log_to(home: Home) -> None:
    """Has the supervisor write to its log file; the terminal shows progress only."""
    open_home(home)
    path: Path = home.logs / "supervisor.log"
    turn_over(path)
    handler = logging.FileHandler(path)
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger = logging.getLogger("darkroom.supervision")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
