"""A lake for tests that need no Postgres: the real gateway over DuckLake, its catalog in this process's memory.

Snapshots, time travel, transactions and files are the real ones; only other processes cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.table import Table
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.lake.duck import Catalog, attach, connect
from darkroom.stores.lake.locks import process_lock


@contextmanager
def memory_lake(folder: Path, settings: LakeSettings | None = None, tables: Sequence[Table] = TABLES) -> Iterator[Lake]:
    """A migrated lake whose files are in `folder`; it ends with the context."""
    settings = settings or LakeSettings(memory_limit="256MB", threads=1)
    folder.mkdir(parents=True, exist_ok=True)
    connection = connect(settings, spill=None)
    attach(connection, Catalog(None), folder, create_encrypted=settings.encrypted)
    with Lake(connection, process_lock(), folder, settings, tables) as lake:
        lake.migrate()
        yield lake
