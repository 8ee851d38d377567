"""Advisory locks in the catalog's Postgres: one holder at a time among all processes of the platform.

DuckLake's own retries keep writers correct; taking turns keeps them fast, and makes "insert what is not there" see what
the writer before it wrote. A lock is a session of its own: it ends with its holder, however that one dies.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg2
from sqlalchemy.engine import URL

from darkroom.stores.lake.faults import LakeUnavailable

Lock = Callable[[], AbstractContextManager[None]]
"""Called and entered, it holds the lock."""


class LockTimeout(TimeoutError):
    """Somebody else held the lock for longer than we wait."""


def advisory_lock(url: URL, name: str, seconds: float = 600.0) -> Lock:
    """The lock called `name` in the database of `url`. Entering waits at most `seconds`, then raises `LockTimeout`.

    Raises `LakeUnavailable` when the server cannot be reached.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)

    @contextmanager
    def held() -> Iterator[None]:
        session = _session(url, name)
        try:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", (f"{int(seconds * 1000)}ms",))
                try:
                    cursor.execute("SELECT pg_advisory_lock(%s)", (key,))
                except psycopg2.errors.LockNotAvailable as error:
                    raise LockTimeout(f"the lock {name!r} was not free within {seconds:g} s") from error
            yield
        finally:
            session.close()

    return held


def _session(url: URL, name: str) -> psycopg2.extensions.connection:
    try:
        given = url.translate_connect_args(username="user", database="dbname")
        named = {"connect_timeout": 5, **url.query, **given, "application_name": f"darkroom-lock-{name}"}
        session: psycopg2.extensions.connection = psycopg2.connect(**named)
    except psycopg2.OperationalError as error:
        raise LakeUnavailable(f"the lake's catalog cannot be reached: {error}") from None
    return session


def process_lock() -> Lock:
    """A lock among the threads of this process, for a lake that no other process can open."""
    lock = threading.Lock()

    @contextmanager
    def held() -> Iterator[None]:
        with lock:
            yield

    return held
