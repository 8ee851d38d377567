"""What an administrator's address says about the way to a server holds for every role and whatever they connect with.

The embedded server has no TLS: who asks for it must be turned away, and who forgets to ask gets in.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dagster_postgres.utils import create_pg_engine
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from darkroom.home import DATABASE_OF, Home, server_address, write_private
from darkroom.settings import LakeSettings, Settings
from darkroom.stores.lake import Lake
from darkroom.stores.lake.duck import Catalog
from darkroom.stores.lake.faults import LakeUnavailable
from darkroom.stores.lake.locks import advisory_lock
from darkroom.stores.lake.sandbox import QueryFailed, ask
from darkroom.stores.state.cluster import prepare
from darkroom.stores.state.engine import connect
from darkroom.supervision.parts import Plan, find_programs
from darkroom.supervision.postgres import connection_fault
from darkroom.testing.postgres import embedded_postgres
from orchestration import dbt_command
from orchestration.dbt_project import PROJECT, environment

TURNED_AWAY = "server does not support SSL"
LAKE = LakeSettings(memory_limit="256MB", threads=1)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A home on a server without TLS, which asks for none."""
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        Lake.open(home, LAKE).close()
        yield home


@pytest.fixture
def secured(plain, tmp_path):
    """The same, as if the administrator's address had asked for TLS."""
    home = Home(tmp_path / "home")
    write_private(home.secrets / "postgres.json", json.dumps(plain.passwords()))
    address = server_address(administrator(plain))
    write_private(home.endpoints_file, json.dumps({"postgres": address}))
    return home


def administrator(home):
    server = home.endpoints()["postgres"]
    user = f"postgres:{home.passwords()['postgres']}"
    return make_url(f"postgresql://{user}@{server['host']}:{server['port']}/postgres?sslmode=require")


def test_every_role_asks_for_it(plain, secured):
    for role in DATABASE_OF:
        with connect(plain.database_url(role)).connect():
            pass
        with pytest.raises(OperationalError, match=TURNED_AWAY):
            connect(secured.database_url(role)).connect()


def test_the_administrator_asks_for_it(plain):
    assert TURNED_AWAY in connection_fault(administrator(plain))
    with pytest.raises(OperationalError, match=TURNED_AWAY):
        prepare(administrator(plain), plain.passwords())


@pytest.mark.parametrize("read_only", [False, True])
def test_the_lake_asks_for_it(secured, read_only):
    with pytest.raises(LakeUnavailable, match=TURNED_AWAY):
        Lake.open(secured, LAKE, read_only=read_only)


def test_locks_and_the_analysts_process_ask_for_it(secured):
    with pytest.raises(LakeUnavailable, match=TURNED_AWAY), advisory_lock(secured.database_url("lake"), "lake")():
        pass
    with pytest.raises(QueryFailed, match=TURNED_AWAY):
        ask(secured, LAKE, "SELECT 1")


def test_dagster_asks_for_it(secured):
    plan = Plan(secured, Settings(home=secured.root), find_programs(), dict.fromkeys(("line", "marts"), 1), {})
    with pytest.raises(OperationalError, match=TURNED_AWAY):
        create_pg_engine(plan.environment("daemon")["DAGSTER_PG_URL"]).connect()


def test_dbt_asks_for_it(plain, secured, tmp_path):
    def debug(home):
        command = [sys.executable, "-P", dbt_command.__file__, "debug", "--connection", "--project-dir", str(PROJECT)]
        command += ["--profiles-dir", str(PROJECT), "--log-path", str(tmp_path)]
        variables = {**environment(home, LAKE), "DBT_TARGET_PATH": str(tmp_path)}
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)

    assert debug(plain).returncode == 0
    refused = debug(secured)
    assert refused.returncode == 1
    assert TURNED_AWAY in refused.stdout


def test_who_asks_is_not_passed_on_and_files_are_named_absolutely(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("it's ours.crt").touch()
    given = (
        "postgresql://u:secret@h/d?sslrootcert=it's ours.crt&sslmode=verify-ca&application_name=a&options=-c%20x%3D1"
    )
    address = server_address(make_url(given))
    assert "secret" not in str(address)
    home = Home(tmp_path)
    write_private(home.endpoints_file, json.dumps({"postgres": address}))
    write_private(home.secrets / "postgres.json", json.dumps(dict.fromkeys(DATABASE_OF, "pw")))
    url = home.database_url("lake")
    assert dict(url.query) == {"sslmode": "verify-ca", "sslrootcert": str(tmp_path / "it's ours.crt")}
    assert (url.port, url.username, url.password) == (5432, "lake", "pw")
    assert Catalog(url).path.startswith("ducklake:postgres:ssl")


@pytest.mark.parametrize("url", ["nonsense", "postgresql:///darkroom", "postgresql://u:hunter2@h:port/d"])
def test_an_address_that_names_no_host_is_refused_without_repeating_it(url):
    with pytest.raises(ValidationError, match="name a host") as caught:
        Settings(postgres={"url": url})
    assert "hunter2" not in str(caught.value)


def test_a_parameter_libpq_does_not_know_is_said(plain):
    assert "colour" in connection_fault(administrator(plain).update_query_dict({"sslmode": "disable", "colour": "red"}))
