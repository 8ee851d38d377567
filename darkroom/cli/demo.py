"""`darkroom demo`: the sample library through the whole platform, in a home of its own.

Belongs here: the order of the show and its wording. Does not belong here: samples (`darkroom.samples`), or how parts
are started (`supervision`).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from darkroom.cli import exits
from darkroom.cli.client import Client
from darkroom.cli.imports import follow, sentence
from darkroom.cli.search import hits_table
from darkroom.home import Home
from darkroom.samples.library import write_library
from darkroom.supervision.status import supervisor_of

SEARCHES: tuple[dict[str, str], ...] = (
    {"text": "lemon cake"},
    {"text": "lindenstrasse"},
    {"text": "total", "filter": 'taken_at >= 2019 AND keywords:"receipt"'},
    {"text": "temple in Asia"},
)
AFTERWARDS_SECONDS = 600
"""What is made across batches starts when publishing has been quiet for a while."""


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the summary instead of serving on.")] = False,
    folder: Annotated[Path, typer.Option(help="Where its home and samples are kept.")] = Path(".darkroom-demo"),
) -> None:
    """Import a sample library into a home of its own and show what was found.

    Running it again is harmless and fast. The exit code is 0 only if every gate passed and every search
    found something.
    """
    console = Console()
    home, library = Home(folder.absolute() / "home"), folder.absolute() / "sample-library"
    started = time.monotonic()
    with running(home, stop=once):
        console.print(f"[bold]Darkroom is up[/] after {time.monotonic() - started:.0f} s, in {home.root}")
        paths = write_library(library)
        console.print(f"Importing {len(paths)} photos from {library}")
        client = Client(home)
        source = client.post("/v1/sources", {"path": str(library), "mode": "copy"})
        done = follow(client, client.post("/v1/imports", {"source_id": source["id"]})["id"], console)
        console.print(sentence(done))
        again = not done["progress"]["photos_published"]
        grouped = _until(console, lambda: _grouped(client, again=again), "grouping faces and duplicates")
        marts_built = _until(console, lambda: _marts_built(home, client), "building marts")
        photos = list(client.pages("/v1/photos", None))
        _found(console, photos)
        _checks(console, client, done)
        _groups(console, client)
        if marts_built:
            names = [mart["name"] for mart in client.get("/v1/marts")["items"]]
            console.print(f"marts       {', '.join(names)}")
        answered = [_search(console, client, asked) for asked in SEARCHES]
        _addresses(console, client, home)
        imported = done["state"] == "succeeded" and not done["progress"]["files_failed"]
        passed = imported and grouped and marts_built and all(answered)
        console.print(f"{time.monotonic() - started:.0f} s in all.")
        if not passed:
            exits.stop(exits.FAILED, "Something did not pass; `darkroom --home … status` and the Dagster UI say more.")
        if once:
            console.print("Stopping. Without --once (`make demo`) it goes on serving at these addresses.")
        else:
            console.print("Serving until Ctrl-C.")
            _serve(home)
            console.print("Darkroom was stopped.")


@contextmanager
def running(home: Home, *, stop: bool) -> Iterator[None]:
    """The platform of a home, up; taken down afterwards when `stop`, or when the show is interrupted or terminated.

    Raises `KeyboardInterrupt` in that case, so that who waits for the show learns that it did not come to its end.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # what is started in the background may ignore interrupts
        signal.signal(number, signal.default_int_handler)
    _darkroom(home, "up", "--detach")
    try:
        yield
    except KeyboardInterrupt:
        stop = True
        raise
    finally:
        if stop:
            _darkroom(home, "down")


def _serve(home: Home) -> None:
    """Waits until the platform is stopped by somebody, or stops it when interrupted."""
    try:
        while supervisor_of(home):
            time.sleep(1)
    except KeyboardInterrupt:
        _darkroom(home, "down")


def _darkroom(home: Home, *arguments: str) -> None:
    command = [sys.executable, "-m", "darkroom.cli.main", "--home", str(home.root), *arguments]
    done = subprocess.run(command, check=False)  # noqa: S603 (our own program)
    if done.returncode:
        exits.stop(done.returncode, f"`darkroom {' '.join(arguments)}` failed; the logs are in {home.logs}.")


def _until(console: Console, true: Callable[[], bool], doing: str) -> bool:
    """Whether it became true within some minutes."""
    deadline = time.monotonic() + AFTERWARDS_SECONDS
    if not console.is_terminal:
        console.print(f"{doing} …")
    with console.status(doing):
        while time.monotonic() < deadline:
            if true():
                return True
            time.sleep(1)
    return False


def _grouped(client: Client, *, again: bool) -> bool:
    """Whether there are people and duplicates. In a demo that runs `again`, those may be hidden and these dismissed."""
    people = any(client.get("/v1/people", hidden=hidden, limit=1)["items"] for hidden in ("false", "true"))
    return people and (again or bool(client.get("/v1/duplicates", limit=1)["items"]))


def _marts_built(home: Home, client: Client) -> bool:
    built = home.run / "marts.json"
    if not built.exists():
        return False
    told = json.loads(built.read_text())
    return bool(told["ok"] and told["epoch"] >= client.post("/v1/search", {"limit": 1})["epoch"])


def _found(console: Console, photos: list[dict[str, Any]]) -> None:
    cameras = Counter(
        " ".join(filter(None, (p["camera"]["make"], p["camera"]["model"]))) for p in photos if p["camera"]
    )
    cameras.pop("", None)
    dates = sorted(p["taken_at"]["local"][:10] for p in photos if p["taken_at"])
    read = [p for p in photos if p["text"]]
    console.rule("What was found")
    console.print(f"photos      {len(photos)}")
    console.print(f"cameras     {', '.join(f'{name} ({count})' for name, count in cameras.most_common())}")
    console.print(f"dates       {dates[0]} to {dates[-1]}" if dates else "dates       none")
    console.print(f"texts       in {len(read)} photos, {sum(len(p['text'].split()) for p in read)} words")


def _checks(console: Console, client: Client, done: dict[str, Any]) -> None:
    """What gates said of this import, or, when nothing was new and they had nothing to look at, of all there were."""
    counts, where = Counter(done["gates"]), "this import"
    if not counts.total():
        where = "all imports so far"
        for one in client.pages("/v1/imports", None):
            counts.update(one["gates"])
    if counts.total():
        console.print(f"checks      {counts['passed']} gates passed, {counts['failed']} failed in {where}")


def _groups(console: Console, client: Client) -> None:
    people = [person for person in client.pages("/v1/people", None) if person["photos"] > 1]
    seen = ", ".join(f"{person['name'] or person['id'][:8]} in {person['photos']} photos" for person in people)
    console.print(f"people      {seen or 'nobody was seen twice'}")
    groups = list(client.pages("/v1/duplicates", None))
    wasted = sum(group["wasted_bytes"] for group in groups)
    kinds = ", ".join(f"{count} × {kind}" for kind, count in Counter(group["kind"] for group in groups).items())
    console.print(f"duplicates  {kinds or 'none'}, {wasted / 1e6:.1f} MB wasted")


def _search(console: Console, client: Client, asked: dict[str, str]) -> bool:
    """Shows the best results; whether there are any."""
    items = client.post("/v1/search", {**asked, "limit": 3})["items"]
    console.rule(f"search {asked['text']!r}" + (f" where {asked['filter']}" if "filter" in asked else ""))
    console.print(hits_table(items) if items else "Nothing relevant was found.")
    return bool(items)


def _addresses(console: Console, client: Client, home: Home) -> None:
    endpoints, gallery = home.endpoints(), client.post("/v1/sessions/codes", {})["address"]
    console.rule("Where to go from here")
    console.print(f"Gallery     {gallery} (signs one browser in)", soft_wrap=True)
    console.print(f"API docs    {endpoints['api']['url']}/docs")
    console.print(f"Dagster UI  {endpoints['dagster']['url']}")
    console.print(f"CLI         {sys.argv[0]} --home {home.root} search coffee", soft_wrap=True)
