"""Opening a file by a path that others chose, without ever leaving the folder it must be in.

Checking a path and opening it afterwards leaves a gap in which a link can be put in its place; here every step is
opened from the one before, and a link anywhere is refused.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


class OutsideError(PermissionError):
    """The path leads, or could lead, out of its folder, or to something that is no regular file."""


def open_confined(root: Path, relative: str) -> BinaryIO:
    """The regular file at `relative` (parts separated by `/`) under `root`, unbuffered, for reading.

    Raises `OutsideError`, or the `OSError` of a file that is missing or unreadable.
    """
    *folders, name = relative.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in (*folders, name)):
        raise OutsideError(f"{relative!r} is no path inside a folder")
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            inner = _open(part, os.O_RDONLY | os.O_DIRECTORY, here)
            os.close(here)
            here = inner
        handle = _open(name, os.O_RDONLY | os.O_NONBLOCK, here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OutsideError(f"{relative!r} is no regular file")
    return os.fdopen(handle, "rb", buffering=0)


def _open(part: str, flags: int, folder: int) -> int:
    try:
        return os.open(part, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        if _is_link(part, folder):
            raise OutsideError(f"{part!r} is a symbolic link") from None
        raise


def _is_link(part: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
