"""Which folders may become sources, and which paths lie inside one.

Belongs here: checks of what a caller names on this machine. Does not belong here: reading what is there (`confined`).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from darkroom.domain.paths import escape, unescape


class FolderRefused(ValueError):
    """The path cannot be used; the message says why in words for whoever named it."""


def source_folder(path: str, home: Path) -> Path:
    """The real folder behind `path`, links resolved. Raises `FolderRefused`.

    A folder inside the home, or around it, is refused: the platform would take in its own files.
    """
    if "\0" in path or not path.startswith("/"):
        raise FolderRefused("the path is not absolute")
    try:
        real = Path(path).resolve(strict=True)
        is_folder = stat.S_ISDIR(real.stat().st_mode)
    except FileNotFoundError:
        raise FolderRefused("there is nothing at this path on the machine Darkroom runs on") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "symbolic links lead in a circle"
        raise FolderRefused(f"the path cannot be followed: {reason}") from None
    if not is_folder:
        raise FolderRefused("the path is no folder")
    if not os.access(real, os.R_OK | os.X_OK):
        raise FolderRefused("Darkroom may not read the folder")
    inside = home.resolve()
    if real.is_relative_to(inside) or inside.is_relative_to(real):
        raise FolderRefused("the folder and Darkroom's own home lie in one another")
    return real


def inside_folder(root: Path, path: str) -> str | None:
    """The escaped form of a path inside `root` that exists; `None` for the folder itself. Raises `FolderRefused`.

    `path` may be escaped, as the API shows paths, or as the file system has it.
    """
    if not path.strip("/"):
        return None
    for candidate in (unescape(path.rstrip("/")), path.rstrip("/")):
        parts = candidate.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise FolderRefused("the path does not stay inside the source")
        if _is_there(root, parts):
            return escape(os.fsencode(candidate))
    raise FolderRefused("there is nothing at this path inside the source")


def _is_there(root: Path, parts: list[str]) -> bool:
    here = root
    for part in parts:
        here = here / part
        try:
            mode = here.lstat().st_mode
        except (OSError, ValueError):
            return False
        if stat.S_ISLNK(mode):
            raise FolderRefused("the path goes through a symbolic link, which imports do not follow")
    return True
