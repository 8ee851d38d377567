"""The lake's gateway: contract tables in DuckLake (Parquet files, a Postgres catalog), read and written through DuckDB.

`Lake` speaks in tables and rows of contracts; one object per process, safe to share between threads.
Belongs here: inserts, reads and snapshots. Does not belong here: opening DuckDB (`duck`), making tables (`schema`),
compaction (`maintenance`), what analysts may run (`sandbox`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.ddl import newest_attempt
from darkroom.contracts.table import Row, Table
from darkroom.home import Home
from darkroom.settings import LakeSettings
from darkroom.stores.lake import durability
from darkroom.stores.lake.digest import content_digest
from darkroom.stores.lake.duck import Catalog, attach, connect
from darkroom.stores.lake.faults import LakeMissing, LakeUnavailable
from darkroom.stores.lake.locks import Lock, advisory_lock
from darkroom.stores.lake.maintenance import GRACE, Upkeep, upkeep
from darkroom.stores.lake.schema import migrate
from darkroom.stores.lake.staging import staged

TRIES = 5
OVERTAKEN = (duckdb.TransactionException, duckdb.IOException, LakeUnavailable)
"""Faults another try may mend: a writer beside us, a catalog that is just restarting."""


class Lake:
    """The tables of the lake. `lock` is taken around every commit, which names only files of `data` on disk."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        lock: Lock,
        data: Path,
        settings: LakeSettings,
        tables: Sequence[Table] = TABLES,
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._data = data
        self._settings = settings
        self._tables = {table.name: table for table in tables}

    @classmethod
    def open(cls, home: Home, settings: LakeSettings, *, read_only: bool = False) -> Self:
        """The lake of a home whose Postgres runs, created if need be; `read_only` connects as the role that only reads.

        Raises `NotRunning` without an address, `LakeUnavailable` when the catalog cannot be reached, `LakeMissing` when
        a reader comes before the first writer.
        """
        url = home.database_url("lake_reader" if read_only else "lake")
        catalog, lock = Catalog(url), advisory_lock(url, "lake")
        connection = connect(settings, spill=home.run / "spill")
        try:
            try:
                attach(connection, catalog, home.lake, read_only=read_only)
            except LakeMissing:
                if read_only:
                    raise
                home.lake.mkdir(parents=True, exist_ok=True, mode=0o700)
                with lock():
                    attach(connection, catalog, home.lake, create_encrypted=settings.encrypted)
        except BaseException:
            connection.close()
            raise
        return cls(connection, lock, home.lake, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; what other threads still run fails."""
        self._connection.close()

    def migrate(self) -> None:
        """Creates schemas, tables and `core.current_<table>` views where missing; new nullable columns are added.

        Raises `LakeSchemaMismatch` when a table differs from its contract in any other way.
        """
        with self._lock(), self._cursor() as cursor:
            migrate(cursor, list(self._tables.values()))

    def insert(self, rows: Mapping[str, Sequence[Row] | pa.Table], *, message: str = "") -> int:
        """Adds rows to several tables in one transaction and returns the snapshot in which all of them are visible.

        A row whose primary key is there already is left out, so that repeating a call changes nothing; of rows with
        equal keys in one call one is kept. Raises `KeyError` for an unknown table, `LakeSchemaMismatch` for columns
        that are not the contract's, `LockTimeout` behind a writer that takes too long, `LakeUnavailable` or DuckDB's
        error when several tries failed. The rows are then there all together or not at all; the call can be repeated.
        """
        ready = [(self._table(name), staged(self._table(name), given)) for name, given in rows.items()]
        for attempt in Retrying(
            retry=retry_if_exception_type(OVERTAKEN),
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential_jitter(initial=0.2, max=5),
            reraise=True,
        ):
            with attempt, self._lock(), self._cursor() as cursor:
                return _insert(cursor, ready, message, self._data)
        raise AssertionError("Retrying ends in a return or an exception")

    def rows(self, table: str, photo_ids: Sequence[str], version: str | None = None) -> pa.Table:
        """The rows of these photos that count: of the newest attempt at `version`, or at the current version.

        Columns are the contract's; the order of rows means nothing. A table without an output has no versions:
        `version` is then a `ValueError`.
        """
        described = self._table(table)
        chosen = "WHERE photo_id IN (SELECT unnest($photo_ids::VARCHAR[]))"
        values: dict[str, Any] = {"photo_ids": list(photo_ids)}
        if version is None:
            sql = f"SELECT * FROM core.current_{described.name} {chosen}"  # noqa: S608
        elif described.output is None:
            raise ValueError(f"{table} has no output version")
        else:
            values["version"] = version
            sql = (
                f"SELECT * FROM core.{described.name} {chosen} AND output_version = $version"  # noqa: S608
                f" QUALIFY {newest_attempt(described)}"
            )
        return self._as_contract(described, sql, values)

    def rows_at(self, table: str, keys: Sequence[tuple[str, str, int]]) -> pa.Table:
        """The rows of these photos, output versions and attempts, in the contract's columns: what was published."""
        described = self._table(table)
        photos, versions, attempts = (list(column) for column in zip(*keys, strict=True)) if keys else ([], [], [])
        sql = (
            f"SELECT * FROM core.{described.name} SEMI JOIN (SELECT unnest($photos::VARCHAR[]) AS photo_id,"  # noqa: S608
            " unnest($versions::VARCHAR[]) AS output_version, unnest($attempts::BIGINT[]) AS attempt)"
            " USING (photo_id, output_version, attempt)"
        )
        return self._as_contract(described, sql, {"photos": photos, "versions": versions, "attempts": attempts})

    def rows_of_batch(self, table: str, batch_id: str) -> pa.Table:
        """Every row a batch wrote, in the contract's columns."""
        described = self._table(table)
        sql = f"SELECT * FROM core.{described.name} WHERE batch_id = $batch_id"  # noqa: S608
        return self._as_contract(described, sql, {"batch_id": batch_id})

    def rows_of_generation(self, table: str, generation: int) -> pa.Table:
        """Every row of a generation, in the contract's columns."""
        described = self._table(table)
        sql = f"SELECT * FROM core.{described.name} WHERE generation = $generation"  # noqa: S608
        return self._as_contract(described, sql, {"generation": generation})

    def held_alone(self, table: str, column: str, photo_ids: Sequence[str]) -> list[str]:
        """Values of a text column that only rows of these photos have in their library, in order.

        Raises `KeyError` for a table or a column that no contract has.
        """
        described = self._table(table)
        if column not in described.row.model_fields:
            raise KeyError(f"{table} has no column {column!r}")
        sql = (
            f"WITH rows AS (SELECT library_id, {column}, photo_id IN (SELECT unnest($photo_ids::VARCHAR[])) AS mine"  # noqa: S608
            f" FROM core.{described.name} WHERE {column} IS NOT NULL)"
            f" SELECT DISTINCT {column} FROM (FROM rows WHERE mine)"
            f" ANTI JOIN (FROM rows WHERE NOT mine) USING (library_id, {column}) ORDER BY {column}"
        )
        return [str(value) for value in self.query(sql, {"photo_ids": list(photo_ids)})[column].to_pylist()]

    def forget_photos(self, table: str, photo_ids: Sequence[str]) -> int:
        """Removes every row of these photos; returns how many there were. Raises `KeyError` for an unknown table."""
        chosen = "photo_id IN (SELECT unnest($photo_ids::VARCHAR[]))"
        return self._delete(self._table(table), chosen, {"photo_ids": list(photo_ids)})

    def forget_generations(self, table: str, kept: Sequence[int]) -> int:
        """Removes the rows of all generations but these; returns how many there were."""
        return self._delete(self._table(table), "NOT list_contains($kept::BIGINT[], generation)", {"kept": list(kept)})

    @staticmethod
    def digest(rows: pa.Table) -> str:
        """SHA-256 over the content of rows, whatever their order."""
        return content_digest(rows)

    def snapshot(self) -> int:
        """The newest snapshot; `FROM core.t AT (VERSION => n)` reads an older one until upkeep expires it."""
        with self._cursor() as cursor:
            return _snapshot(cursor)

    def query(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> pa.Table:
        """Runs one statement of ours, `$name` or `?` bound, and returns all its rows; `core.x` means the lake's.

        For statements of others see `darkroom.stores.lake.sandbox`.
        """
        with self._cursor() as cursor:
            return cursor.execute(sql, parameters).to_arrow_table()

    def upkeep(self, grace: timedelta = GRACE) -> Upkeep:
        """Merges small files, expires snapshots past the settings' age, removes files unneeded for `grace`."""
        return upkeep(self._cursor, self._lock, self._data, timedelta(days=self._settings.snapshots_kept_days), grace)

    def _table(self, name: str) -> Table:
        try:
            return self._tables[name]
        except KeyError:
            raise KeyError(f"no table is called {name!r}; there are {', '.join(self._tables)}") from None

    def _delete(self, table: Table, chosen: str, values: Mapping[str, Any]) -> int:
        with self._lock(), self._cursor() as cursor:
            since = durability.now()
            cursor.begin()
            (row,) = cursor.execute(f"DELETE FROM core.{table.name} WHERE {chosen}", values).fetchall()  # noqa: S608
            durability.flush(self._data, since)
            cursor.commit()
        return int(row[0])

    def _as_contract(self, table: Table, sql: str, values: Mapping[str, Any]) -> pa.Table:
        schema = arrow_schema(table)
        return self.query(sql, values).select(schema.names).cast(schema)

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A session of its own on the shared connection, which rolls back what it has not committed."""
        cursor = self._connection.cursor()
        try:
            cursor.execute("USE lake")
            yield cursor
        finally:
            cursor.close()


def _insert(
    cursor: duckdb.DuckDBPyConnection, ready: Sequence[tuple[Table, pa.Table]], message: str, data: Path
) -> int:
    for table, rows in ready:
        cursor.register(f"staged_{table.name}", rows)
    since = durability.now()
    cursor.begin()
    for table, _ in ready:
        key = ", ".join(table.primary_key)
        # An insert, not a MERGE: the same rows, and few of them stay in the catalog instead of making a tiny file.
        cursor.execute(
            f"INSERT INTO core.{table.name} BY NAME"  # noqa: S608
            f" SELECT DISTINCT ON ({key}) * FROM staged_{table.name} ANTI JOIN core.{table.name} USING ({key})"
        )
    if message:
        cursor.execute("CALL lake.set_commit_message('darkroom', ?)", [message])
    durability.flush(data, since)
    cursor.commit()
    return _snapshot(cursor)


def _snapshot(cursor: duckdb.DuckDBPyConnection) -> int:
    (row,) = cursor.execute("SELECT id FROM lake.current_snapshot()").fetchall()
    return int(row[0])
