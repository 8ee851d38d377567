"""Log files that stay bounded while their writers keep them open.

Belongs here: turning files over by size. Does not belong here: what is written (each process logs for itself).
"""

from __future__ import annotations

import shutil
from pathlib import Path

LIMIT_BYTES = 20 * 1024**2
KEPT = 3


def turn_over(path: Path, limit: int = LIMIT_BYTES) -> bool:
    """Moves the content of `path` to `path.1` (…, `path.3`) when it exceeds `limit` bytes; returns whether it did.

    The file is copied and emptied, not renamed: its writer appends to an open file and must go on doing so. Lines
    written between the two may be lost.
    """
    if not path.is_file() or path.stat().st_size <= limit:
        return False
    for number in range(KEPT, 1, -1):
        older = path.with_name(f"{path.name}.{number - 1}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number}"))
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    with path.open("r+b") as file:
        file.truncate(0)
    return True


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, or nothing when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64 * 1024))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
