"""Objects in a folder: immutable files that are either whole and durable or not there.

A write goes to a file of its own in `.incoming`, is flushed, and is then linked to its key: of many writers of one key
one wins and the others find it done. A temporary file is locked by its writer for as long as that one lives, so what a
dead writer left can be told apart and is collected.
Folders are walked by descriptor and links are never followed: no key, and nobody who can write into the folder, leads
outside of it. Does not belong here: which keys there are (`domain/identity.py`).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import stat
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from darkroom.sdk.stores import ObjectCorrupt, ObjectInfo, ObjectMissing, StoreFull

INCOMING = ".incoming"
CHUNK_BYTES = 1024**2
KEY_CHARACTERS_MAX = 1024
RESERVED_BYTES = 256 * 1000**2
"""Room that photos leave on a disk they share with Postgres, which everything is recorded in and which dies without.

Its log grows to 80 MB before old parts of it are used again.
"""
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", re.ASCII)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def key_parts(key: str) -> list[str]:
    """The parts of a key: letters, digits, `.`, `_` and `-`, no `.` in front. Raises `ValueError` for anything else."""
    parts = key.split("/")
    if len(key) > KEY_CHARACTERS_MAX or not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(f"not an object key: {key[:200]!r}")
    return parts


def reserve_beside(objects: Path, databases: Path) -> int:
    """Bytes the store in `objects` must leave free for what is in `databases`: none on a disk of its own."""
    shared = not objects.exists() or objects.stat().st_dev == databases.stat().st_dev
    return RESERVED_BYTES if shared else 0


class FolderObjects:
    """An object store in the folder `root`, which is made when something is stored. Shared by threads and processes.

    The store is full, too, when a new object would leave less than `reserve` bytes to others of the disk.
    """

    def __init__(self, root: Path, reserve: int = 0) -> None:
        self._root = root
        self._reserve = reserve
        self._collected = threading.Event()

    def put(self, key: str, data: bytes | memoryview, sha256: str) -> bool:
        """Stores `data` under `key`, on disk when it returns; false when the key held it already.

        The digest is taken of the very bytes handed to the disk, since `data` may be a file somebody is changing.
        Raises `ObjectCorrupt` when that is not `sha256` or the key holds other bytes, `StoreFull` without room,
        `ValueError` for a bad key; the key is then unchanged and nothing is left behind.
        """
        *folders, name = key_parts(key)
        with _no_room_is_store_full(key), self._folder([], create=True) as root:
            if not self._collected.is_set():
                self._collected.set()
                self.collect()
            with _folder_at(root, folders, create=True) as folder:
                if not _exists(folder, name):
                    return self._write(root, folder, key, data, sha256)
                _expect(hashlib.sha256(data).hexdigest(), sha256, key)
                return self._found(folder, key, sha256)

    def open(self, key: str) -> BufferedReader:
        """The object's bytes as a seekable stream. Raises `ObjectMissing`, or `ObjectCorrupt` when it is no file."""
        *folders, name = key_parts(key)
        try:
            with self._folder(folders) as folder:
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            raise ObjectMissing(key) from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise ObjectCorrupt(f"{key} is a link, not an object") from None
            raise
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise ObjectMissing(key)
        raise ObjectCorrupt(f"{key} is no plain file")

    def info(self, key: str) -> ObjectInfo:
        """Size and time of an object. Raises `ObjectMissing`."""
        with self.open(key) as file:
            return _info(key, os.fstat(file.fileno()))

    def verify(self, key: str, sha256: str) -> None:
        """Reads the object whole. Raises `ObjectMissing` or `ObjectCorrupt`."""
        with self.open(key) as file:
            # From the disk, not from memory, where a fault would not show.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            _expect(hashlib.file_digest(file, "sha256").hexdigest(), sha256, key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in key order. What comes or goes meanwhile may show or not."""
        with suppress(FileNotFoundError), self._folder([]) as root:
            yield from _walk(root, "", prefix)

    def delete(self, key: str) -> None:
        """Removes an object, for good when it returns; a key without one is no error."""
        *folders, name = key_parts(key)
        with suppress(FileNotFoundError, NotADirectoryError), self._folder(folders) as folder:
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)

    def collect(self) -> int:
        """Removes what writers left that died while writing, and returns how many files that were."""
        removed = 0
        with suppress(FileNotFoundError), self._folder([INCOMING]) as incoming:
            for name in list(_names(incoming)):
                # Whatever is odd about one of them, it must not keep anybody from storing.
                with suppress(OSError), _locked(incoming, name, os.O_RDONLY):
                    os.unlink(name, dir_fd=incoming)
                    removed += 1
        return removed

    def _leave_room(self, root: int, size: int) -> None:
        """Raises an `OSError` for a disk that is full when this many bytes more would leave others too little."""
        disk = os.fstatvfs(root)
        if self._reserve and disk.f_bavail * disk.f_frsize < size + self._reserve:
            raise OSError(errno.ENOSPC, f"the last {self._reserve / 1e6:.0f} MB of the disk are the databases'")

    def _write(self, root: int, folder: int, key: str, data: bytes | memoryview, sha256: str) -> bool:
        name = key.rsplit("/", 1)[-1]
        self._leave_room(root, memoryview(data).nbytes)
        with _folder_at(root, [INCOMING], create=True) as incoming, _temporary(incoming) as (temporary, file):
            _expect(_store(file, memoryview(data).cast("B")), sha256, key)
            try:
                os.link(temporary, name, src_dir_fd=incoming, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                return self._found(folder, key, sha256)
            os.fsync(folder)
            return True

    def _found(self, folder: int, key: str, sha256: str) -> bool:
        self.verify(key, sha256)
        # Its writer may not have come this far yet, and we are about to say that it is safe.
        os.fsync(folder)
        return False

    @contextmanager
    def _folder(self, parts: Sequence[str], *, create: bool = False) -> Iterator[int]:
        if create:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The root itself may be a link: where the administrator put the store is trusted, what is in it is not.
        root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with _folder_at(root, parts, create=create) as folder:
                yield folder
        finally:
            os.close(root)


@contextmanager
def _folder_at(root: int, parts: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """Descriptor of the folder `parts` below `root`, made durable on the way when `create`."""
    folder = os.dup(root)
    try:
        for part in parts:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=folder)
                    os.fsync(folder)
            below = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _temporary(incoming: int) -> Iterator[tuple[str, int]]:
    """Name and descriptor of a locked new file, which is gone afterwards."""
    while True:
        name = uuid.uuid4().hex
        try:
            # A collector may come between creating and locking; then the file is its, and we take another.
            with suppress(BlockingIOError), _locked(incoming, name, os.O_RDWR | os.O_CREAT | os.O_EXCL) as file:
                if os.fstat(file).st_nlink:
                    yield name, file
                    return
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=incoming)


@contextmanager
def _locked(folder: int, name: str, flags: int) -> Iterator[int]:
    """The file, locked against every other process; `BlockingIOError` when another holds it."""
    file = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    finally:
        os.close(file)


@contextmanager
def _no_room_is_store_full(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreFull(error.errno, f"no room for {key}: {error.strerror}") from error
        raise


def _store(file: int, data: memoryview) -> str:
    """Writes `data` down to the disk and returns the digest of what was written."""
    digest = hashlib.sha256()
    for start in range(0, data.nbytes, CHUNK_BYTES):
        # A copy: the view may show a file that changes between the digest and the write.
        chunk = bytes(data[start : start + CHUNK_BYTES])
        digest.update(chunk)
        written = 0
        while written < len(chunk):
            written += os.write(file, chunk[written:] if written else chunk)
    os.fchmod(file, 0o400)
    os.fsync(file)
    return digest.hexdigest()


def _expect(found: str, sha256: str, key: str) -> None:
    if found != sha256:
        raise ObjectCorrupt(f"{key} has the digest {found}, not {sha256}")


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _walk(folder: int, above: str, prefix: str) -> Iterator[ObjectInfo]:
    """Objects below `folder`, whose keys start with `above`. A folder sorts as its name and "/", as its keys do."""
    for name in sorted(_names(folder)):
        path = above + name
        with suppress(FileNotFoundError, NotADirectoryError):
            if not name.endswith("/"):
                if path.startswith(prefix):
                    yield _info(path, os.stat(name, dir_fd=folder, follow_symlinks=False))
            elif path.startswith(prefix) or prefix.startswith(path):
                below = os.open(name.rstrip("/"), _FOLDER, dir_fd=folder)
                try:
                    yield from _walk(below, path, prefix)
                finally:
                    os.close(below)


def _names(folder: int) -> Iterator[str]:
    """What may be an object or lead to one; folders end in "/", links and odd files are left out."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if _PART.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                yield entry.name
            elif _PART.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                yield f"{entry.name}/"
