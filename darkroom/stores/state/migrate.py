"""Brings the state database to the version of this code.

Belongs here: running the migrations, safely when several processes start at once. Does not belong here: what a
migration does (`migrations/versions`), or creating roles and databases (`cluster`).
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from darkroom.stores.state.engine import connect
from darkroom.stores.state.locks import Once, take

VERSION_SCHEMA = "control"
"""Schema of Alembic's own version table."""


class NewerDatabase(RuntimeError):
    """The database was migrated by a newer Darkroom than this one."""


def migrate(url: URL, revision: str = "head") -> None:
    """Upgrades to `revision` as the owner `darkroom`, in one transaction; doing it again changes nothing.

    Processes that call at once wait for each other on an advisory lock. Raises `NewerDatabase` when the database has a
    revision this code does not know.
    """
    _run(url, revision, up=True)


def downgrade(url: URL, revision: str) -> None:
    """Takes the database back to `revision` (`base` drops everything), in one transaction."""
    _run(url, revision, up=False)


def current_revision(connection: Connection) -> str | None:
    """The revision the database has, or `None` before the first migration."""
    options = {"version_table_schema": VERSION_SCHEMA}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def head_revision() -> str:
    """The revision this code needs."""
    head = _scripts(_config()).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


def _run(url: URL, revision: str, *, up: bool) -> None:
    engine = connect(url, application="darkroom-migrate", pool_size=1, overflow=0)
    try:
        with engine.begin() as connection:
            take(connection, Once.MIGRATING)
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
            config = _config(connection)
            _refuse_newer(config, connection)
            (command.upgrade if up else command.downgrade)(config, revision)
    finally:
        engine.dispose()


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts(config: Config) -> ScriptDirectory:
    return ScriptDirectory.from_config(config)


def _refuse_newer(config: Config, connection: Connection) -> None:
    current = current_revision(connection)
    known = {script.revision for script in _scripts(config).walk_revisions()}
    if current is not None and current not in known:
        raise NewerDatabase(f"the database has revision {current}, which this version of Darkroom does not know")
