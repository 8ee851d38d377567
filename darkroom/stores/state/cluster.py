"""What a Postgres cluster must hold before Darkroom can use it: five roles, three databases and who may connect.

Belongs here: the statements an administrator's connection runs, each harmless when repeated. Does not belong here:
where passwords are kept or servers started (`supervision`), or any table (`migrate`, the lake, Dagster).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg2.extensions import encrypt_password
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from darkroom.home import DATABASE_OF, Role
from darkroom.stores.state.locks import Once, keep

OWNER_OF: dict[str, Role] = {"darkroom": "darkroom", "dagster": "dagster", "lake": "lake"}
"""Owner by database."""


def prepare(admin: URL, passwords: Mapping[str, str]) -> None:
    """Makes roles with these `passwords` (by role name), databases and grants exist on the server of `admin`.

    `admin` may create roles and databases; it need not be a superuser. Callers at the same time wait for each other.
    Raises SQLAlchemy's `DBAPIError` when the server refuses.
    """
    with _session(admin) as connection:
        keep(connection, Once.PROVISIONING)
        for role in DATABASE_OF:
            _ensure_role(connection, admin, role, passwords[role])
        for database, owner in OWNER_OF.items():
            _ensure_database(connection, database, owner)
    with _session(admin.set(database="lake")) as connection:
        _let_reader_read(connection)


def logs_in(admin: URL, role: Role, password: str) -> bool:
    """Whether the server accepts `role` with `password` in the database it belongs to."""
    url = admin.set(username=role, password=password, database=DATABASE_OF[role])
    try:
        with _session(url):
            return True
    except OperationalError:
        return False


@contextmanager
def _session(url: URL) -> Iterator[Connection]:
    """A connection of its own, each statement its own transaction: CREATE DATABASE allows nothing else."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg2", query={"connect_timeout": "5", **url.query}),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args={"application_name": "darkroom-provision"},
    )
    with engine.connect() as connection:
        yield connection


def _ensure_role(connection: Connection, admin: URL, role: Role, password: str) -> None:
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    if known and logs_in(admin, role, password):
        return
    # Only the verifier travels: a statement that fails is written to the server's log as it was sent.
    raw = connection.connection.driver_connection
    # Iterations slow down who guesses; nobody guesses a password of 24 random bytes, and Dagster connects all the time.
    connection.exec_driver_sql("SET scram_iterations = 1")
    verifier = encrypt_password(password, role, scope=raw, algorithm="scram-sha-256")
    verb = "ALTER" if known else "CREATE"
    # Not text(): a verifier may hold a colon followed by letters, which would be read as a parameter.
    connection.exec_driver_sql(f"{verb} ROLE {role} LOGIN NOCREATEDB NOCREATEROLE PASSWORD '{verifier}'")


def _ensure_database(connection: Connection, database: str, owner: Role) -> None:
    if not connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar():
        # An administrator who is no superuser may give a database only to a role it is a member of.
        connection.execute(text(f"GRANT {owner} TO CURRENT_USER"))
    known = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": database}).scalar()
    if not known:
        connection.execute(text(f"CREATE DATABASE {database} OWNER {owner} ENCODING 'UTF8' TEMPLATE template0"))
    connection.execute(text(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC"))
    for role, home in DATABASE_OF.items():
        if home == database and role != owner:
            connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {role}"))


def _let_reader_read(connection: Connection) -> None:
    """`lake_reader` reads every catalog table of `lake`, present and future, and writes none."""
    rights = "ALTER DEFAULT PRIVILEGES FOR ROLE lake GRANT"
    connection.execute(text(f"{rights} USAGE ON SCHEMAS TO lake_reader"))
    connection.execute(text(f"{rights} SELECT ON TABLES TO lake_reader"))
    connection.execute(text("GRANT USAGE ON SCHEMA public TO lake_reader"))
