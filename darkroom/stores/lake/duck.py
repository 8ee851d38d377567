"""How DuckDB is opened: extensions from their packages, a bounded share of the machine, UTC, the lake attached.

The only place that connects DuckDB. The catalog's password travels as a DuckDB secret, never in an ATTACH string that
`duckdb_databases()` would show. Does not belong here: any table, what a reader may ask (`statements`).
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import duckdb
from psycopg2.extensions import make_dsn
from sqlalchemy.engine import URL

from darkroom.settings import LakeSettings
from darkroom.stores.lake.faults import LakeMissing, LakeUnavailable

EXTENSIONS = ("httpfs", "postgres_scanner", "ducklake")
"""httpfs brings the cipher that encrypted files need."""

RETRIES = 200
"""How often DuckLake tries a commit that another writer overtook; its default of 10 loses some under load."""


@dataclass(frozen=True)
class Catalog:
    """Where DuckLake keeps its catalog: a Postgres database, or the memory of this process when `url` is None."""

    url: URL | None

    @property
    def path(self) -> str:
        """What ATTACH names: also how the server is reached. Nothing secret."""
        if self.url is None:
            return "ducklake::memory:"
        return "ducklake:postgres:" + make_dsn(**{name: str(value) for name, value in self.url.query.items()})


def extension_file(name: str) -> Path:
    """The extension's file inside its package, so that nothing is ever fetched.

    Raises `LakeUnavailable` when the package is absent or was built for another DuckDB.
    """
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    file = folder and folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if file is None or not file.is_file():
        raise LakeUnavailable(
            f"DuckDB {duckdb.__version__} needs the package duckdb-extension-{name.replace('_', '-')}"
        )
    return file


def connect(settings: LakeSettings, spill: Path | None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with the lake's extensions, within the settings' memory and threads.

    `spill` is the folder for intermediate results larger than memory; without one such queries fail.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(spill) if spill else "",
            "temp_file_encryption": settings.encrypted,
            "python_enable_replacements": False,
        },
    )
    for name in EXTENSIONS:
        connection.execute(f"LOAD {_quoted(str(extension_file(name)))}")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute(f"SET GLOBAL ducklake_max_retry_count = {RETRIES}")
    return connection


def scratch() -> duckdb.DuckDBPyConnection:
    """A DuckDB with nothing in it and no way out: for parsing statements and reading sizes."""
    return duckdb.connect(
        ":memory:", config={"enable_external_access": False, "threads": 1, "lock_configuration": True}
    )


def memory_bytes(settings: LakeSettings) -> int:
    """The memory limit in bytes."""
    with scratch() as connection:
        (row,) = connection.execute("SELECT parse_formatted_bytes(?)", [settings.memory_limit]).fetchall()
    return int(row[0])


def attach(
    connection: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    data: Path,
    *,
    read_only: bool = False,
    create_encrypted: bool | None = None,
) -> None:
    """Attaches the lake as `lake`, its files in `data` wherever they were when it was created.

    `create_encrypted` None expects a lake and raises `LakeMissing` when there is none; a truth value creates one.
    Raises `LakeUnavailable` when the catalog cannot be reached.
    """
    options = [f"DATA_PATH {_quoted(str(data) + '/')}", "OVERRIDE_DATA_PATH true"]
    if catalog.url is not None:
        options.append("META_SECRET lake_catalog")
        connection.execute(_secret(catalog.url))
    if read_only:
        options.append("READ_ONLY")
    if create_encrypted is None:
        options.append("CREATE_IF_NOT_EXISTS false")
    elif create_encrypted:
        options.append("ENCRYPTED")
    try:
        connection.execute(f"ATTACH {_quoted(catalog.path)} AS lake ({', '.join(options)})")
    except duckdb.Error as error:
        if "creating a new DuckLake is explicitly disabled" in str(error):
            raise LakeMissing("there is no lake yet: run `darkroom up` once") from None
        raise LakeUnavailable(f"the lake cannot be opened: {_redacted(str(error), catalog)}") from None


def _secret(url: URL) -> str:
    facts = {
        "HOST": url.host,
        "PORT": url.port or 5432,
        "DATABASE": url.database,
        "USER": url.username,
        "PASSWORD": url.password,
    }
    listed = ", ".join(f"{name} {_quoted(str(value))}" for name, value in facts.items())
    return f"CREATE OR REPLACE SECRET lake_catalog (TYPE postgres, {listed})"


def _quoted(text: str) -> str:
    """A SQL string literal: ATTACH, LOAD and CREATE SECRET take no bound parameters."""
    return "'" + text.replace("'", "''") + "'"


def _redacted(message: str, catalog: Catalog) -> str:
    password = str(catalog.url.password) if catalog.url is not None and catalog.url.password else None
    return message.replace(password, "…") if password else message
