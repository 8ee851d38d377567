"""Scheduled upkeep of the lake: small files merged, old snapshots forgotten, files nobody needs removed.

Steps take the commit lock one by one, so that writers wait for a table and not for the whole lake: compaction beside an
insert is a conflict no retry can mend.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from darkroom.stores.lake import durability
from darkroom.stores.lake.locks import Lock

GRACE = timedelta(days=1)
"""How long files that look unneeded are kept: a long query may still read them, a slow writer still own them."""

TABLES = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY ALL"
FLUSH = "CALL ducklake_flush_inlined_data('lake', schema_name => ?, table_name => ?)"
MERGE = "CALL ducklake_merge_adjacent_files('lake', ?, schema => ?)"


@dataclass(frozen=True)
class Upkeep:
    """What one round did: rows moved from catalog to files, files made by merging, snapshots and files removed.

    `skipped` names tables another writer (a build of marts) changed meanwhile; the next round gets them.
    """

    flushed_rows: int
    merged_files: int
    expired_snapshots: int
    removed_files: int
    skipped: tuple[str, ...]


def upkeep(
    cursor: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
    lock: Lock,
    data: Path,
    kept: timedelta,
    grace: timedelta,
) -> Upkeep:
    """One round over every table. Snapshots older than `kept` can no longer be travelled to afterwards.

    Files below `data` are removed once they have looked unneeded for `grace`.
    """

    def step(statement: str, *values: object) -> list[tuple[object, ...]]:
        with lock(), cursor() as connection:
            return connection.execute(statement, values).fetchall()

    def rewrite(statement: str, *values: object) -> int:
        with lock(), cursor() as connection:
            since = durability.now()
            connection.begin()
            rows = connection.execute(statement, values).fetchall()
            durability.flush(data, since)
            connection.commit()
        return sum(int(str(row[-1])) for row in rows)  # the last column counts

    flushed = merged = 0
    skipped = []
    for schema, table in step(TABLES):
        try:
            flushed += rewrite(FLUSH, schema, table)
            merged += rewrite(MERGE, table, schema)
        except duckdb.TransactionException:
            skipped.append(f"{schema}.{table}")
    expired = step("CALL ducklake_expire_snapshots('lake', older_than => ?)", _ago(kept))
    removed = step("CALL ducklake_cleanup_old_files('lake', older_than => ?)", _ago(grace))
    orphans = step("CALL ducklake_delete_orphaned_files('lake', older_than => ?)", _ago(grace))
    return Upkeep(flushed, merged, len(expired), len(removed) + len(orphans), tuple(skipped))


def _ago(age: timedelta) -> datetime:
    return datetime.now(UTC) - age
