"""Reading a source's file once, safely: confined to the source, whole, and unchanged while it was read.

Belongs here: opening and reading bytes of sources. Does not belong here: what the bytes mean (`intake`).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from darkroom.domain.media import HEAD_BYTES, is_sidecar, sniff
from darkroom.security.confined import OutsideError, open_confined


class FileFault(Exception):
    """A file could not be taken in. `kind` is a failure kind of the contract; a sidecar is no failure and has none."""

    def __init__(self, kind: str | None, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.transient = transient


@dataclass(frozen=True)
class FileBytes:
    """A file's whole content, its digest, and how the file system described it when it was read."""

    data: bytes
    sha256: str
    media_type: str
    size_bytes: int
    mtime_ns: int
    modified_at: datetime


def read_photo_file(root: Path, path_raw: bytes, max_bytes: int) -> FileBytes:
    """Reads a file that looks like a photo by its first bytes.

    Raises `FileFault` for anything else: vanished, unreadable, empty, larger than `max_bytes`, no photo, changing.
    """
    path = os.fsdecode(path_raw)
    try:
        file = open_confined(root, path)
    except FileNotFoundError:
        raise FileFault("vanished", "the file is no longer there", transient=True) from None
    except OutsideError:
        raise FileFault("unsupported", "it is no regular file inside its source") from None
    except OSError as error:
        raise FileFault("unreadable", f"the file cannot be opened: {error.strerror}", transient=True) from None
    with file:
        before = os.fstat(file.fileno())
        if before.st_size == 0:
            raise FileFault("corrupt", "the file is empty")
        if before.st_size > max_bytes:
            raise FileFault("too_large", f"the file has {before.st_size:,} bytes; the limit is {max_bytes:,}")
        try:
            head = file.read(HEAD_BYTES)
            media_type = sniff(head)
            if media_type is None:
                sidecar = is_sidecar(path.rpartition("/")[2], head)
                raise FileFault(None if sidecar else "unsupported", "its content is no photo in a format known here")
            parts = [head]
            while part := file.read(8 * 1024 * 1024):
                parts.append(part)
        except OSError as error:
            raise FileFault("unreadable", f"reading failed: {error.strerror}", transient=True) from None
        after = os.fstat(file.fileno())
    data = b"".join(parts)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or len(data) != after.st_size:
        raise FileFault("changed", "the file changed while it was read", transient=True)
    return FileBytes(
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type,
        size_bytes=after.st_size,
        mtime_ns=after.st_mtime_ns,
        modified_at=datetime.fromtimestamp(after.st_mtime, UTC),
    )
