"""Looking through a source: every regular file once, whatever its name, and no way out of the folder.

Belongs here: walking and describing files. Does not belong here: opening them (`files`), or deciding what is new
(`imports`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from darkroom.domain.paths import escape, unescape
from darkroom.stores.state.sources import SeenFile

JUNK = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir", ".picasa.ini", ".stfolder", ".Trash-1000"})
"""Names that file managers and other systems leave beside photos."""


PATH_BYTES_MAX = 2600
"""Longer escaped paths do not fit into the indexes of the state database."""


@dataclass(frozen=True)
class Unlisted:
    """A folder or file nothing can be said about, and why: what is below it is neither there nor gone."""

    path: str
    reason: str


def list_files(root: Path, below: str | None = None) -> Iterator[SeenFile | Unlisted]:
    """Regular files under `root`, or under the escaped path `below` in it: folder by folder, in name order.

    Symbolic links are not followed: what they point to is listed where it is, or lies outside the source.
    A folder that cannot be read, and a file whose path is too long, are `Unlisted`; what vanishes while it is listed is
    skipped. Raises `OSError` when the start itself cannot be read.
    """
    start = root / unescape(below) if below else root
    if not start.resolve().is_relative_to(root.resolve()):
        raise FileNotFoundError(f"{below} is not inside {root}")
    if stat.S_ISREG(start.lstat().st_mode):
        yield _describe(start, root, start.lstat())
    else:
        yield from _walk(start, root)


def _walk(folder: Path, root: Path) -> Iterator[SeenFile | Unlisted]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        if folder == root:
            raise
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            yield Unlisted(escape(os.fsencode(folder.relative_to(root))), (error.strerror or str(error)).lower())
        return
    folders = []
    for entry in entries:
        if entry.name in JUNK or entry.name.startswith("._"):
            continue
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISDIR(info.st_mode):
            folders.append(Path(entry.path))
        elif stat.S_ISREG(info.st_mode):
            yield _describe(Path(entry.path), root, info)
    for inner in folders:
        yield from _walk(inner, root)


def _describe(path: Path, root: Path, info: os.stat_result) -> SeenFile | Unlisted:
    relative = os.fsencode(path.relative_to(root))
    escaped = escape(relative)
    if len(escaped.encode()) > PATH_BYTES_MAX:
        return Unlisted(escaped, f"its path is longer than {PATH_BYTES_MAX} bytes")
    return SeenFile(
        path=escaped,
        path_raw=relative,
        device=str(info.st_dev),
        inode=str(info.st_ino),
        size_bytes=info.st_size,
        mtime_ns=info.st_mtime_ns,
        ctime_ns=info.st_ctime_ns,
    )
