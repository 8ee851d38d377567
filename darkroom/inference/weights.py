"""Weights that come in Python packages: where their files are, and what they are.

Belongs here: finding a package's files without importing it, and their digest.
Does not belong here: loading weights, which every provider does itself (`providers/`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path


class WeightsMissing(RuntimeError):
    """A file of weights is not where its package should have put it, or is another one."""


def packaged(package: str, *names: str) -> tuple[Path, ...]:
    """Paths of files inside an installed package, `/`-separated names relative to its folder.

    The package is not imported. Raises `WeightsMissing` saying what to install.
    """
    spec = find_spec(package)
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    paths = tuple(folder / name for name in names) if folder else ()
    absent = [path.name for path in paths if not path.is_file()]
    if folder is None or absent:
        what = f"lacks {', '.join(absent)}" if folder else "is not installed"
        raise WeightsMissing(f"the package {package} {what}: install it again into this environment")
    return paths


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 over names and contents of the files, in order; a file is read once per process while it is unchanged."""
    whole = hashlib.sha256()
    for path in paths:
        stat = path.stat()
        whole.update(f"{path.name}\0{_file_digest(path, stat.st_size, stat.st_mtime_ns)}\n".encode())
    return whole.hexdigest()


def pinned(path: Path, sha256: str) -> None:
    """Raises `WeightsMissing` when the file is not the very one with this SHA-256 (lower-case hex)."""
    stat = path.stat()
    found = _file_digest(path, stat.st_size, stat.st_mtime_ns)
    if found != sha256:
        raise WeightsMissing(
            f"{path.name} is not the file that was checked (SHA-256 {found}, not {sha256}): "
            "install its package again, in the version that the lock file names"
        )


@cache
def _file_digest(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
