"""The running platform as people use it: its command line and its API, in a home of its own.

Belongs here: starting, stopping, importing, asking. Does not belong here: what must hold afterwards (`oracle`), or
breaking it (`faults`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from darkroom.domain.states import IMPORT_ENDED
from darkroom.home import Home
from darkroom.supervision.identity import processes_of
from darkroom.supervision.postgres import EmbeddedPostgres

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class User:
    """Who runs the command line: this process' own user, or another one with an interpreter it may execute."""

    python: str = sys.executable
    options: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Darkroom:
    """One home and whoever drives it. `variables` are settings and whatever else its processes inherit."""

    home: Home
    variables: Mapping[str, str] = field(default_factory=dict)
    user: User = field(default_factory=User)

    def __call__(self, *arguments: str | Path, seconds: float = 400) -> subprocess.CompletedProcess[str]:
        """Runs `darkroom --home HOME …` to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=seconds,
            **self.user.options,
        )

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line."""
        return [self.user.python, "-m", "darkroom.cli.main", "--home", str(self.home.root), *map(str, arguments)]

    def environment(self) -> dict[str, str]:
        """This process' variables without settings of Darkroom's, and those of this home."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DARKROOM_", "DAGSTER_"))}
        return {**kept, **self.user.variables, **self.variables}

    def up(self) -> None:
        """Starts the platform; returns when everything serves."""
        done = self("up", "--detach")
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        """Stops it; nothing of it may be left."""
        done = self("down")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not processes_of(self.home.root)
        assert not EmbeddedPostgres(self.home.root / "postgres", self.home.logs / "postgres.log").running()

    def status(self) -> dict[str, Any]:
        """What `darkroom status --json` says."""
        return dict(json.loads(self("status", "--json").stdout))

    def client(self) -> httpx.Client:
        """A client of the API where it listens now."""
        key = {"Authorization": f"Bearer {self.home.cli_key()}"}
        return httpx.Client(base_url=str(self.home.endpoints()["api"]["url"]), headers=key, timeout=60)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON answer of a GET that must succeed."""
        with self.client() as client:
            return _answer(client.get(path, params=params))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer of a POST that must succeed."""
        with self.client() as client:
            return _answer(client.post(path, json=body))

    def take_in(self, *arguments: str | Path, code: int = 0) -> Any:
        """`darkroom import … --wait --json`, which must end with `code`; returns the import (or imports)."""
        done = self("import", *arguments, "--wait", "--json")
        assert done.returncode == code, f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def ask(self, folder: Path, *, mode: str = "reference", watched: bool = False) -> str:
        """Asks for an import of a folder; its id acknowledges it."""
        source = self.post("/v1/sources", {"path": str(folder), "mode": mode, "watched": watched})
        return str(self.post("/v1/imports", {"source_id": source["id"]})["id"])

    def ended(self, import_id: str, seconds: float = 300) -> Any:
        """The import once it has ended, whatever happens to the API meanwhile."""

        def look() -> Any:
            try:
                found = self.get(f"/v1/imports/{import_id}")
            except (httpx.TransportError, Unavailable):
                return None
            return found if found["state"] in IMPORT_ENDED else None

        return until(look, seconds, f"import {import_id} did not end")

    def photos(self, filter_: str | None = None) -> list[Any]:
        """Every published photo, page by page."""
        found, cursor = [], None
        with self.client() as client:
            while True:
                given = {"limit": 200, "filter": filter_, "cursor": cursor}
                page = _answer(
                    client.get("/v1/photos", params={name: one for name, one in given.items() if one is not None})
                )
                found += page["items"]
                cursor = page["next_cursor"]
                if cursor is None:
                    return found

    def photos_below(self, folder: Path) -> dict[str, Any]:
        """Published photos by path, for files whose source is `folder`; one photo may be under several paths."""
        known = {one["id"]: one for one in self.get("/v1/sources", limit=200)["items"]}
        return {
            file["path"]: photo
            for photo in self.photos()
            for file in photo["files"]
            if known[file["source_id"]]["path"] == str(folder.resolve())
        }

    def failures(self, import_id: str) -> list[Any]:
        """Why files of an import were not taken in or outputs not made."""
        found, cursor = [], None
        while True:
            page = self.get(f"/v1/imports/{import_id}/failures", limit=200, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            if (cursor := page["next_cursor"]) is None:
                return found

    def why(self, subject: str | Path) -> Any:
        """What `darkroom why` knows."""
        done = self("why", subject, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


class Unavailable(Exception):
    """The API answered that something is away."""


def _answer(response: httpx.Response) -> Any:
    if response.status_code >= 500:
        raise Unavailable(f"{response.status_code}: {response.text[:500]}")
    assert response.is_success, f"{response.request.url}: {response.status_code}: {response.text[:500]}"
    return response.json()


def until(look: Callable[[], Any], seconds: float, otherwise: str, every: float = 0.1) -> Any:
    """The first true answer of `look`; an `AssertionError` saying `otherwise` when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{otherwise} within {seconds:.0f} s"
        time.sleep(every)
    return found


@contextmanager
def running(darkroom: Darkroom) -> Iterator[Darkroom]:
    """The platform, up; taken down afterwards, which must leave nothing."""
    try:
        darkroom.up()
        yield darkroom
    finally:
        darkroom.down()
