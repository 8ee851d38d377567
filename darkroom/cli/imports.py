"""`darkroom import`: registers folders as sources, asks for imports, and watches them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from darkroom.cli import exits
from darkroom.cli.client import Client
from darkroom.cli.printing import counted
from darkroom.domain.paths import escape
from darkroom.domain.states import IMPORT_ENDED
from darkroom.home import Home

LINE_SECONDS = 10.0
"""How often progress is told where no bar can be drawn."""

FAILURES_TOLD = 10
FAILURES_LOOKED_AT = 200
"""Failures of outputs, which leave a file taken in, are among them."""


def _path(text: str) -> Path:
    """An empty path is a variable that a script forgot to set, never the folder it runs in."""
    if not text:
        raise typer.BadParameter("an empty path names no folder; a dot names this one")
    return Path(text)


def import_photos(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(help="Folders of photos, or single files.", parser=_path, metavar="PATH", show_default=False),
    ],
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until everything is published, and show how far it is.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the API's own import document; those of several paths as items.")
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Keep a copy of every original; otherwise it is read in place.")
    ] = False,
    watch: Annotated[
        bool | None,
        typer.Option(
            "--watch/--no-watch", help="Go on looking for new files in these folders, or stop.", show_default=False
        ),
    ] = None,
    removed: Annotated[
        bool, typer.Option("--removed", help="Files that are gone were removed on purpose, be it most of them.")
    ] = False,
) -> None:
    """Import folders of photos.

    A folder is registered once and read in place (or copied with --copy); importing it again takes in only what is
    new or changed. Files are never changed. Exit code 4: some files could not be taken in; `darkroom why PATH` tells.

    --watch has a folder looked through every five minutes from now on; --no-watch ends that, and imports nothing.
    """
    client = Client(Home(context.obj.home))
    if watch is False:
        for path in paths:
            _stop_watching(client, path)
        return
    mode = "copy" if copy else "reference"
    started = [_start(client, path, mode, watch, removed=removed) for path in paths]
    if wait:
        console = None if as_json else Console(stderr=True)
        started = [follow(client, one["id"], console) for one in started]
    if as_json:
        typer.echo(json.dumps(started[0] if len(started) == 1 else {"items": started}, indent=2))
    else:
        for one in started:
            typer.echo(sentence(one))
            _tell_failures(client, one)
        if any(one["state"] == "succeeded" and one["progress"]["photos_published"] for one in started):
            typer.echo("People, duplicates and marts are made anew within some minutes.")
    if any(one["state"] in ("failed", "cancelled") for one in started):
        raise typer.Exit(exits.FAILED)
    if any(one["progress"]["files_failed"] or one["error"] for one in started):
        raise typer.Exit(exits.PARTLY)


def _start(client: Client, path: Path, mode: str, watch: bool | None, *, removed: bool) -> Any:
    start = path.expanduser().absolute()
    if not start.exists():
        exits.stop(exits.USAGE, f"{path} does not exist.")
    folder = start if start.is_dir() else start.parent
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        exits.stop(exits.USAGE, f"The name of {escape(os.fsencode(folder))} is no UTF-8: import a folder above it.")
    source = client.post("/v1/sources", {"path": str(folder), "mode": mode, "watched": bool(watch)})
    if source["mode"] != mode:
        typer.echo(f"{folder} was registered before, with mode {source['mode']}, and stays so.", err=True)
    _tell_overlaps(client, source)
    if watch:
        client.patch(f"/v1/sources/{source['id']}", {"watched": True})
        typer.echo(f"{folder} is watched from now on.", err=True)
    part = {} if start.is_dir() else {"path": escape(os.fsencode(start.name))}
    return client.post("/v1/imports", {"source_id": source["id"], **part, "removed_on_purpose": removed})


def _tell_overlaps(client: Client, source: Any) -> None:
    """Says which other sources hold files of this one: no harm is done, but few people want it."""
    mine = PurePosixPath(source["path"])
    others = [PurePosixPath(one["path"]) for one in client.pages("/v1/sources", None) if one["id"] != source["id"]]
    for inner, outer in [*((mine, other) for other in others), *((other, mine) for other in others)]:
        if inner.is_relative_to(outer):
            typer.echo(f"{inner} lies in {outer}, and both are sources: photos in both have two files.", err=True)


def _stop_watching(client: Client, path: Path) -> None:
    """Ends watching a folder, whether it is still there or not."""
    wanted = escape(os.fsencode(path.expanduser().resolve()))
    for source in client.pages("/v1/sources", None):
        if source["path"] == wanted:
            client.patch(f"/v1/sources/{source['id']}", {"watched": False})
            typer.echo(f"{path} is not watched any more.", err=True)
            return
    exits.stop(exits.USAGE, f"{path} was never imported: give a folder as it was imported.")


def follow(client: Client, import_id: str, console: Console | None) -> Any:
    """Follows an import to its end and returns its last document.

    A terminal shows a bar, a log or a pipe a line now and then, `None` nothing. An import goes on without the API, so
    one that is away for a moment is waited for.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[eta]}"),
    )
    tell = _now_and_then(None if console is None or console.is_terminal else console)
    with Progress(*columns, console=console, disable=not (console and console.is_terminal), transient=True) as bar:
        task = bar.add_task("waiting", total=None, rate="", eta="")

        def without_the_api() -> None:
            bar.update(task, description=(told := "waiting for the API"))
            tell(told)

        while True:
            now = client.get_patiently(f"/v1/imports/{import_id}", without_the_api)
            progress = now["progress"]
            rate, eta = _speed(progress)
            bar.update(
                task,
                description=now["state"],
                completed=progress["files_done"],
                total=progress["files_new"],
                rate=rate,
                eta=eta,
            )
            if now["state"] in IMPORT_ENDED:
                return now
            tell(f"{now['state']}: " + ", ".join(filter(None, (_counts(progress), rate, eta))))
            time.sleep(0.5)


def _counts(progress: dict[str, Any]) -> str:
    if progress["files_new"] is None:
        return "looking through the folder"
    return f"{progress['files_done']} of {counted(progress['files_new'], 'new file')}"


def _speed(progress: dict[str, Any]) -> tuple[str, str]:
    """How fast an import is and how long it will take, as far as that is known."""
    rate, eta = progress["rate_per_second"], progress["eta_seconds"]
    return f"{rate:.1f}/s" if rate else "", f"about {eta:.0f} s left" if eta else ""


def _now_and_then(console: Console | None) -> Callable[[str], None]:
    """Prints of what it is given a line every `LINE_SECONDS`."""
    last = time.monotonic()

    def tell(line: str) -> None:
        nonlocal last
        if console and time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return tell


def _tell_failures(client: Client, one: Any) -> None:
    """The first files of an import that could not be taken in, and why."""
    number = one["progress"]["files_failed"]
    if one["state"] not in IMPORT_ENDED or not number:
        return
    failures = client.pages(f"/v1/imports/{one['id']}/failures", FAILURES_LOOKED_AT)
    files = [failure for failure in failures if failure["output"] == "intake"][:FAILURES_TOLD]
    for failure in files:
        typer.echo(f"  {failure['path']}: {failure['reason']}")
    if number > len(files):
        typer.echo(f"  and {number - len(files)} more")


def sentence(one: Any) -> str:
    """An import in one sentence."""
    progress = one["progress"]
    if one["state"] not in IMPORT_ENDED:
        return (
            f"import {one['id']} was accepted and goes on by itself; `darkroom import PATH --wait` waits for all of it."
        )
    counts = (
        f"{counted(progress['files_listed'] or 0, 'file')} seen, {progress['files_new'] or 0} new, "
        f"{counted(progress['photos_published'], 'photo')} published, "
        f"{counted(progress['files_failed'], 'file')} failed"
    )
    return f"import {one['state']}: {counts}" + (f"\n{one['error']}" if one["error"] else "")
