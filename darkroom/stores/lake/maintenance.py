"""Scheduled upkeep of the lake: small files merged, old snapshots forgotten, files nobody needs removed.

Steps take the commit lock one by one, so that writers wait for a table and not for the whole lake: compaction beside an
insert is a conflict no retry can mend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from darkroom.contracts.table import Table
from darkroom.stores.lake.locks import Lock

GRACE = timedelta(days=1)
"""How long files that look unneeded are kept: a long query may still read them, a slow writer still own them."""


@dataclass(frozen=True)
class Upkeep:
    """What one round did: rows moved from catalog to files, files made by merging, snapshots and files removed."""

    flushed_rows: int
    merged_files: int
    expired_snapshots: int
    removed_files: int


def upkeep(
    cursor: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
    lock: Lock,
    tables: Sequence[Table],
    kept: timedelta,
    grace: timedelta = GRACE,
) -> Upkeep:
    """One round. Snapshots older than `kept` can no longer be travelled to afterwards."""
    now = datetime.now(UTC)

    def step(call: str, *values: object) -> list[tuple[object, ...]]:
        with lock(), cursor() as connection:
            return connection.execute(call, values).fetchall()

    flushed = merged = 0
    for table in tables:
        flushed += _total(
            step(f"CALL ducklake_flush_inlined_data('lake', schema_name => 'core', table_name => '{table.name}')")
        )
        merged += _total(step(f"CALL ducklake_merge_adjacent_files('lake', '{table.name}', schema => 'core')"))
    expired = step("CALL ducklake_expire_snapshots('lake', older_than => ?::TIMESTAMPTZ)", now - kept)
    removed = step("CALL ducklake_cleanup_old_files('lake', older_than => ?::TIMESTAMPTZ)", now - grace)
    orphans = step("CALL ducklake_delete_orphaned_files('lake', older_than => ?::TIMESTAMPTZ)", now - grace)
    return Upkeep(flushed, merged, len(expired), len(removed) + len(orphans))


def _total(rows: list[tuple[object, ...]]) -> int:
    """Sum of the last column, which counts."""
    return sum(int(str(row[-1])) for row in rows)
