"""Looking through a source: every regular file once, whatever its name, and no way out of the folder.

Belongs here: walking and describing files. Does not belong here: opening them (`files`), or deciding what is new
(`imports`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from darkroom.domain.paths import escape, unescape
from darkroom.stores.state.sources import SeenFile

JUNK = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir", ".picasa.ini", ".stfolder", ".Trash-1000"})
"""Names that file managers and other systems leave beside photos."""


def list_files(root: Path, below: str | None = None) -> Iterator[SeenFile]:
    """Regular files under `root`, or under the escaped path `below` in it: folder by folder, in name order.

    Symbolic links are not followed: what they point to is listed where it is, or lies outside the source.
    A folder that cannot be read, or vanishes while it is listed, is skipped. Raises `FileNotFoundError` or
    `NotADirectoryError` when the start itself is not there.
    """
    start = root / unescape(below) if below else root
    if not start.resolve().is_relative_to(root.resolve()):
        raise FileNotFoundError(f"{below} is not inside {root}")
    if stat.S_ISREG(start.lstat().st_mode):
        yield _describe(start, root, start.lstat())
    else:
        yield from _walk(start, root)


def _walk(folder: Path, root: Path) -> Iterator[SeenFile]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        if folder == root:
            raise
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


def _describe(path: Path, root: Path, info: os.stat_result) -> SeenFile:
    relative = os.fsencode(path.relative_to(root))
    return SeenFile(
        path=escape(relative),
        path_raw=relative,
        device=str(info.st_dev),
        inode=str(info.st_ino),
        size_bytes=info.st_size,
        mtime_ns=info.st_mtime_ns,
        ctime_ns=info.st_ctime_ns,
    )
