"""Brings the lake's files down to the disk before the commit that names them.

DuckDB writes Parquet without flushing it, while Postgres flushes the catalog: after a power cut an acknowledged commit
could name a file that is torn or not there, and one such file makes its whole table unreadable.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CLOCK_SECONDS = 2.0
"""Time stamps of files lag behind the clock; flushing a file too many costs nothing."""


def now() -> float:
    """The moment a transaction starts, for `flush`."""
    return time.time() - CLOCK_SECONDS


def flush(data: Path, since: float) -> int:
    """Flushes the files below `data` written since that moment and the folders that name them; returns how many files.

    A file that is gone by now belongs to somebody else and is none of our commit's.
    """
    folders: set[Path] = set()
    flushed = 0
    for file in _written(data, since):
        with suppress(FileNotFoundError):
            _flush(file)
            flushed += 1
            folders.update(folder for folder in file.parents if folder == data or data in folder.parents)
    for folder in sorted(folders, reverse=True):
        _flush(folder)
    return flushed


def _written(folder: Path, since: float) -> Iterator[Path]:
    """Plain files below `folder` changed since that moment."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    yield from _written(Path(entry.path), since)
                elif entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime >= since:
                    yield Path(entry.path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
