"""Objects in memory: what tests use where no disk is meant. Passes the same conformance suite as the folder."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from darkroom.sdk.stores import ObjectCorrupt, ObjectInfo, ObjectMissing, StoreFull
from darkroom.stores.objects import key_parts


class MemoryObjects:
    """An object store in this process, full once it holds `capacity_bytes`."""

    def __init__(self, capacity_bytes: int | None = None) -> None:
        self._capacity = capacity_bytes
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes | memoryview, sha256: str) -> bool:
        """Stores `data`; false when the key held it. Raises `ObjectCorrupt`, `StoreFull`, `ValueError`."""
        key_parts(key)
        kept = bytes(data)
        _expect(kept, sha256, key)
        with self._lock:
            if key in self._objects:
                _expect(self._objects[key][0], sha256, key)
                return False
            held = sum(len(other) for other, _ in self._objects.values())
            if self._capacity is not None and held + len(kept) > self._capacity:
                raise StoreFull(errno.ENOSPC, f"no room for {key}")
            self._objects[key] = kept, datetime.now(UTC)
            return True

    def open(self, key: str) -> BinaryIO:
        """The object's bytes as a seekable stream. Raises `ObjectMissing`."""
        return BytesIO(self._get(key)[0])

    def info(self, key: str) -> ObjectInfo:
        """Size and time of an object. Raises `ObjectMissing`."""
        data, stored_at = self._get(key)
        return ObjectInfo(key, len(data), stored_at)

    def verify(self, key: str, sha256: str) -> None:
        """Raises `ObjectMissing` or `ObjectCorrupt`."""
        _expect(self._get(key)[0], sha256, key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in key order."""
        with self._lock:
            keys = sorted(key for key in self._objects if key.startswith(prefix))
        for key in keys:
            yield self.info(key)

    def delete(self, key: str) -> None:
        """Removes an object; a key without one is no error."""
        key_parts(key)
        with self._lock:
            self._objects.pop(key, None)

    def collect(self) -> int:
        """Nothing: no write is ever left unfinished."""
        return 0

    def _get(self, key: str) -> tuple[bytes, datetime]:
        key_parts(key)
        with self._lock:
            try:
                return self._objects[key]
            except KeyError:
                raise ObjectMissing(key) from None


def _expect(data: bytes, sha256: str, key: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ObjectCorrupt(f"{key} has the digest {found}, not {sha256}")
