"""The embedded Postgres against real servers: first start, crash, wrong neighbours, rights."""

import json
import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from darkroom.home import DATABASE_OF, Home
from darkroom.supervision.binaries import PostgresFault
from darkroom.supervision.postgres import EmbeddedPostgres, connection_fault
from darkroom.supervision.provision import ensure_passwords, provision
from darkroom.testing.postgres import embedded_postgres, free_port

PASSWORD = "a password with 'quotes' and spaces"


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory):
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        yield home


@contextmanager
def running(server, password=PASSWORD, port=None):
    port = port or free_port()
    process = server.start(port)
    try:
        server.wait_ready(process, server.admin_url(port, password), 30)
        yield process, server.admin_url(port, password)
    finally:
        server.stop(process)


@pytest.fixture
def server(tmp_path):
    server = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "postgres.log", sync=False)
    server.initialise(PASSWORD)
    return server


def run(url, statement, **values):
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        reply = connection.execute(text(statement), values)
        return reply.fetchall() if reply.returns_rows else []


def test_a_new_cluster_has_checksums_scram_and_utf8(server):
    with running(server) as (_, admin):
        for name, value in {"data_checksums": "on", "server_encoding": "UTF8", "listen_addresses": "127.0.0.1"}.items():
            assert run(admin, f"SHOW {name}") == [(value,)]
        assert run(admin, "SELECT datcollate FROM pg_database WHERE datname = 'template1'") == [("C.UTF-8",)]
        rules = run(admin, "SELECT DISTINCT auth_method FROM pg_hba_file_rules")
        assert rules == [("scram-sha-256",)]
        assert "password" in connection_fault(admin.set(password="wrong"))


def test_the_password_is_neither_in_arguments_nor_in_files(server):
    with running(server) as (process, _):
        assert PASSWORD not in " ".join(psutil.Process(process.pid).cmdline())
        secret = PASSWORD.encode()
        assert not [path for path in server.folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_initialising_again_keeps_the_cluster(server):
    with running(server) as (_, admin):
        run(admin, "CREATE TABLE kept AS SELECT 1 AS one")
    server.initialise("another password")
    with running(server) as (_, admin):
        assert run(admin, "SELECT one FROM kept") == [(1,)]


def test_an_initialisation_that_was_cut_short_is_begun_anew(tmp_path):
    server = EmbeddedPostgres(tmp_path / "postgres", tmp_path / "log", sync=False)
    (tmp_path / "postgres/data.new/base").mkdir(parents=True)
    assert not server.initialised
    server.initialise(PASSWORD)
    with running(server) as (_, admin):
        assert run(admin, "SELECT 1") == [(1,)]


def test_a_killed_server_loses_no_acknowledged_row_and_starts_again(server):
    with running(server) as (process, admin):
        run(admin, "CREATE TABLE acknowledged (n int)")
        connection = psycopg2.connect(
            host=admin.host, port=admin.port, user=admin.username, password=admin.password, dbname="postgres"
        )
        connection.autocommit = True
        for number in range(50):
            connection.cursor().execute("INSERT INTO acknowledged VALUES (%s)", (number,))
        process.kill()  # left unreaped: its pid still exists when the next life begins
        with running(server) as (_, again):
            assert run(again, "SELECT count(*) FROM acknowledged") == [(50,)]


def test_a_pid_file_that_names_somebody_else_does_not_stop_the_start(server):
    (server.data / "postmaster.pid").write_text(f"{os.getppid()}\n{server.data}\n1\n5432\n\n127.0.0.1\n")
    with running(server) as (_, admin):
        assert run(admin, "SELECT 1") == [(1,)]
    assert psutil.pid_exists(os.getppid())


def test_a_server_left_by_a_former_life_is_ended_before_the_next(server):
    port = free_port()
    former = server.start(port)
    server.wait_ready(former, server.admin_url(port, PASSWORD))
    with running(server, port=port) as (process, admin):
        assert former.wait(5) == 0
        assert process.poll() is None
        assert run(admin, "SELECT 1") == [(1,)]


def test_backends_that_outlive_a_killed_server_are_ended(server):
    port = free_port()
    former = server.start(port)
    admin = server.admin_url(port, PASSWORD)
    server.wait_ready(former, admin)
    children = psutil.Process(former.pid).children()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.suspend()  # a stopped process notices nothing, as one busy in a long computation
    former.kill()
    former.wait()
    try:
        with running(server) as (_, again):
            assert run(again, "SELECT 1") == [(1,)]
    finally:
        for child in children:
            if child.is_running():
                child.kill()


def test_stopping_cuts_open_sessions_and_leaves_nothing(server):
    port = free_port()
    process = server.start(port)
    admin = server.admin_url(port, PASSWORD)
    server.wait_ready(process, admin)
    engine = create_engine(admin)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        began = time.monotonic()
        server.stop(process)
        assert time.monotonic() - began < 10
        assert process.returncode == 0
        assert not (server.data / "postmaster.pid").exists()
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    engine.dispose()


def test_a_busy_port_is_reported_with_the_servers_own_words(server, tmp_path):
    other = EmbeddedPostgres(tmp_path / "other", tmp_path / "other.log", sync=False)
    other.initialise(PASSWORD)
    with running(other) as (_, admin):
        process = server.start(admin.port)
        with pytest.raises(PostgresFault, match="could not bind"):
            server.wait_ready(process, server.admin_url(admin.port, "not the other server's password"))


def test_a_cluster_of_another_major_version_is_refused(server):
    with pytest.raises(PostgresFault, match="was written by Postgres 18"):
        EmbeddedPostgres(server.folder, server.log, version="16").start(free_port())


def test_an_unknown_version_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(PostgresFault, match="one of 16, 18"):
        EmbeddedPostgres(tmp_path / "p", tmp_path / "log", version="9").initialise(PASSWORD)


def test_a_home_that_only_its_owner_may_enter_works_and_no_parent_changes(tmp_path):
    deep = tmp_path / "private" / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    (tmp_path / "private").chmod(0o700)
    before = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in deep.parents}
    server = EmbeddedPostgres(deep / "postgres", deep / "log", sync=False)
    server.initialise(PASSWORD)
    with running(server) as (process, admin):
        assert run(admin, "SELECT 1") == [(1,)]
        assert psutil.Process(process.pid).uids().effective != 0
    assert {parent: stat.S_IMODE(parent.stat().st_mode) for parent in deep.parents} == before
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_a_copied_cluster_runs_elsewhere(server, tmp_path):
    with running(server) as (_, admin):
        run(admin, "CREATE TABLE moved AS SELECT 7 AS seven")
    shutil.copytree(server.folder, tmp_path / "elsewhere" / "postgres")  # as root this also changes the owner
    copy = EmbeddedPostgres(tmp_path / "elsewhere" / "postgres", tmp_path / "copy.log")
    with running(server), running(copy) as (_, admin):
        assert run(admin, "SELECT seven FROM moved") == [(7,)]


def test_every_role_reaches_its_own_database_and_no_other(provisioned):
    for role, database in DATABASE_OF.items():
        url = provisioned.database_url(role)
        assert run(url, "SELECT current_user, current_database()") == [(role, database)]
        for other in {"dagster", "lake", "darkroom"} - {database}:
            with pytest.raises(OperationalError, match="permission denied"):
                run(url.set(database=other), "SELECT 1")


def test_no_role_is_powerful_and_the_api_owns_nothing(provisioned):
    url = provisioned.database_url("darkroom")
    powers = "rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls"
    rows = run(url, f"SELECT rolname FROM pg_roles WHERE rolname = ANY(:names) AND ({powers})", names=list(DATABASE_OF))
    assert rows == []
    with pytest.raises(DBAPIError, match="permission denied"):
        run(provisioned.database_url("darkroom_api"), "CREATE SCHEMA mine")


def test_the_reader_sees_later_catalog_tables_and_changes_none(provisioned):
    owner, reader = provisioned.database_url("lake"), provisioned.database_url("lake_reader")
    run(owner, "CREATE SCHEMA catalog")
    run(owner, "CREATE TABLE catalog.files AS SELECT 1 AS id")
    run(owner, "CREATE TABLE public.files AS SELECT 2 AS id")
    assert run(reader, "SELECT id FROM catalog.files UNION SELECT id FROM public.files ORDER BY 1") == [(1,), (2,)]
    for statement in ("DELETE FROM catalog.files", "CREATE TABLE public.mine ()", "CREATE SCHEMA mine"):
        with pytest.raises(DBAPIError, match="permission denied"):
            run(reader, statement)


def test_passwords_are_private_and_survive_provisioning_again(provisioned):
    path = provisioned.secrets / "postgres.json"
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(provisioned.secrets.stat().st_mode) == 0o700
    admin = EmbeddedPostgres(provisioned.root / "postgres", provisioned.logs / "x").admin_url(
        int(provisioned.endpoints()["postgres"]["port"]), json.loads(before)["postgres"]
    )
    provision(admin, provisioned)
    assert path.read_bytes() == before
    log = (provisioned.logs / "postgres.log").read_text()
    assert not [role for role, password in json.loads(before).items() if password in log]


def test_an_outside_server_is_provisioned_by_an_administrator_who_is_no_superuser(provisioned, tmp_path):
    with embedded_postgres(tmp_path / "outside") as outside:
        root = EmbeddedPostgres(outside.root / "postgres", outside.logs / "x").admin_url(
            int(outside.endpoints()["postgres"]["port"]), outside.passwords()["postgres"]
        )
        for database in ("darkroom", "dagster", "lake"):
            run(root, f"DROP DATABASE {database}")
        for role in DATABASE_OF:
            run(root, f"DROP ROLE {role}")
        run(root, "CREATE ROLE dba LOGIN CREATEDB CREATEROLE PASSWORD 'dba'")
        home = Home(tmp_path / "home")
        for _ in range(2):
            provision(root.set(username="dba", password="dba"), home)
        passwords = ensure_passwords(home)
        for role, database in DATABASE_OF.items():
            url = root.set(username=role, password=passwords[role], database=database)
            assert run(url, "SELECT current_user") == [(role,)]


def test_a_lost_password_file_gives_the_roles_new_passwords(provisioned, tmp_path):
    with embedded_postgres(tmp_path / "home") as home:
        kept = home.passwords()
        admin = EmbeddedPostgres(home.root / "postgres", home.logs / "x").admin_url(
            int(home.endpoints()["postgres"]["port"]), kept["postgres"]
        )
        Path(home.secrets / "postgres.json").write_text(json.dumps({"postgres": kept["postgres"]}))
        provision(admin, home)
        assert home.passwords()["darkroom"] != kept["darkroom"]
        assert run(home.database_url("darkroom"), "SELECT 1") == [(1,)]
