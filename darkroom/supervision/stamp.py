"""The home's version stamp: which Darkroom wrote it, so that an older one does not damage it.

Belongs here: creating a home's folders with the right modes, the stamp, the supervisor's lock. Does not belong here:
migrating what is inside (each store does).
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from darkroom.home import Home, write_private

LAYOUT = 1
"""Raised when the folders of a home change so that an older Darkroom would misread them."""

_OURS = frozenset(
    {"run", "secrets", "logs", "objects", "lake", "vectors", "dagster", "postgres", "home.json"}
    | {"settings.toml", "models", "backups", "cache", "lost+found"}
)


class HomeFault(RuntimeError):
    """The folder cannot serve as a home; the message says why and what to do."""


class AlreadyRunning(RuntimeError):
    """Another supervisor holds the home."""


def version() -> tuple[int, ...]:
    """This Darkroom's release as numbers."""
    return _numbers(importlib.metadata.version("darkroom"))


def check_home(home: Home) -> None:
    """Raises `HomeFault` when the folder is a newer Darkroom's, holds something else, or cannot be written."""
    root = home.root
    if root.exists() and not root.is_dir():
        raise HomeFault(f"{root} is no folder: name another home with --home or DARKROOM_HOME")
    stamp = home.root / "home.json"
    if stamp.is_file():
        _check_stamp(home, stamp.read_text())
    elif root.is_dir() and (strangers := sorted(entry.name for entry in root.iterdir() if entry.name not in _OURS)):
        raise HomeFault(
            f"{root} is not empty and no Darkroom home (it holds {strangers[0]!r}): "
            "name an empty or new folder with --home or DARKROOM_HOME; photos are imported, not kept there by hand"
        )
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise HomeFault(f"{existing} cannot be written by this user: name another home with --home or DARKROOM_HOME")


def open_home(home: Home) -> bool:
    """Creates what is missing of the home's folders and stamps it; returns whether it is new.

    The home and its private folders get mode 0700 when made; an existing home keeps its mode. Raises `HomeFault`.
    """
    check_home(home)
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (home.run, home.secrets, home.logs, home.dagster):
        folder.mkdir(exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    stamp = home.root / "home.json"
    new = not stamp.exists()
    text = json.dumps({"layout": LAYOUT, "darkroom": ".".join(map(str, version()))})
    if new or stamp.read_text() != text:
        write_private(stamp, text)
    return new


@contextmanager
def held(home: Home) -> Iterator[None]:
    """Keeps every other supervisor out of the home; ends with the process whatever happens to it.

    Raises `AlreadyRunning`.
    """
    home.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(home.run / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(handle, home)
        yield
    finally:
        os.close(handle)


def is_held(home: Home) -> bool:
    """Whether a supervisor of this home lives."""
    try:
        with held(home):
            return False
    except AlreadyRunning:
        return True


def _lock(handle: int, home: Home) -> None:
    """Takes the lock; tried for half a second, since `is_held` takes it for a moment to look."""
    for attempt in range(6):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if attempt == 5:
                raise AlreadyRunning(f"{home.root} is already in use") from error
            time.sleep(0.1)


def _check_stamp(home: Home, text: str) -> None:
    try:
        stamp = json.loads(text)
        layout, release = int(stamp["layout"]), str(stamp["darkroom"])
    except (ValueError, KeyError, TypeError) as error:
        raise HomeFault(
            f"the stamp {home.root / 'home.json'} is damaged ({error}): restore it from a backup"
        ) from error
    if layout > LAYOUT or _numbers(release) > version():
        ours = ".".join(map(str, version()))
        raise HomeFault(
            f"{home.root} was written by Darkroom {release} (layout {layout}), this is {ours} (layout {LAYOUT}): "
            f"install Darkroom {release} or newer, or restore a backup made by {ours}"
        )


def _numbers(release: str) -> tuple[int, ...]:
    """`1.2.3rc1` → (1, 2, 3)."""
    digits = ["".join(c for c in part if c.isdigit()) for part in release.split("+")[0].split(".")]
    return tuple(int(part) for part in digits[:3] if part)
