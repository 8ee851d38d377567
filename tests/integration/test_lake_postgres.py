"""The lake with its catalog in a real Postgres: many processes, sudden deaths, moved folders, readers."""

import json
import multiprocessing
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from datetime import timedelta

import duckdb
import psycopg2
import pytest

from darkroom.contracts.arrow import arrow_schema, to_arrow
from darkroom.contracts.photos import PHOTOS
from darkroom.contracts.texts import TEXTS
from darkroom.home import Home, NotRunning, write_private
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.lake.faults import LakeMissing, LakeUnavailable
from darkroom.stores.lake.locks import LockTimeout, advisory_lock
from darkroom.testing.postgres import embedded_postgres, free_port
from darkroom.testing.rows import sample_row, sample_rows

SETTINGS = LakeSettings(memory_limit="256MB", threads=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        yield home


@pytest.fixture
def home(server, tmp_path):
    """A home of its own beside the shared server, whose lake database is empty."""
    for statement in (
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public AUTHORIZATION pg_database_owner",
        "GRANT USAGE ON SCHEMA public TO lake_reader",
    ):
        as_owner(server, statement)
    home = Home(tmp_path / "home")
    write_private(home.endpoints_file, json.dumps(server.endpoints()))
    write_private(home.secrets / "postgres.json", json.dumps(server.passwords()))
    return home


@pytest.fixture
def lake(home):
    with Lake.open(home, SETTINGS) as lake:
        lake.migrate()
        yield lake


def as_owner(home, statement, *values):
    """Runs a statement in the catalog as the superuser."""
    address = home.endpoints()["postgres"]
    with psycopg2.connect(
        host=address["host"],
        port=address["port"],
        user="postgres",
        password=home.passwords()["postgres"],
        dbname="lake",
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def count(lake, table, where="true"):
    return lake.query(f"SELECT count(*) AS n FROM core.{table.name} WHERE {where}")["n"][0].as_py()


def write_batches(root, number, batches, results):
    try:
        with Lake.open(Home(root), SETTINGS) as lake:
            lake.migrate()
            for batch in range(batches):
                rows = [sample_row(TEXTS, 100_000 * number + 100 * batch + n) for n in range(20)]
                shared = [sample_row(TEXTS, 7), sample_row(TEXTS, 8)]
                results.put(("acknowledged", number, lake.insert({"texts": rows + shared})))
    except BaseException:
        results.put(("failed", number, traceback.format_exc()))
        raise


def test_four_processes_that_start_together_lose_nothing_and_repeat_nothing(home):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    writers = [context.Process(target=write_batches, args=(home.root, number, 6, results)) for number in (1, 2, 3, 4)]
    for writer in writers:
        writer.start()
    told = [results.get(timeout=120) for _ in range(4 * 6)]
    for writer in writers:
        writer.join()
    assert [fault for outcome, _, fault in told if outcome == "failed"] == []
    snapshots = [snapshot for _, _, snapshot in told]
    assert len(set(snapshots)) == len(snapshots)
    with Lake.open(home, SETTINGS) as lake:
        assert count(lake, TEXTS) == 4 * 6 * 20 + 2
        assert lake.snapshot() == max(snapshots)


KILLED_WRITER = """
import sys
from pathlib import Path
from darkroom.contracts.arrow import arrow_schema, to_arrow
from darkroom.contracts.photos import PHOTOS
from darkroom.contracts.texts import TEXTS
from darkroom.home import Home
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.testing.rows import sample_row
lake = Lake.open(Home(Path(sys.argv[1])), LakeSettings(memory_limit="256MB", threads=1))
batch = int(sys.argv[2])
while True:
    numbers = range(1000 * batch, 1000 * batch + 50)
    name = f"00000000-0000-4000-8000-{batch:012d}"
    lake.insert({
        "photos": [sample_row(PHOTOS, n, batch_id=name) for n in numbers],
        "texts": [sample_row(TEXTS, n, batch_id=name) for n in numbers],
    })
    print(batch, flush=True)
    batch += 1
"""


def test_after_kill_9_everything_acknowledged_is_there_and_every_commit_is_whole(home, lake):
    acknowledged, batch = [], 0
    for delay in (0.0, 0.011, 0.023, 0.037):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED_WRITER, home.root, str(batch)], stdout=subprocess.PIPE, text=True
        )
        acknowledged += [int(writer.stdout.readline()) for _ in range(2)]
        time.sleep(delay)  # a different moment of the next commit each time
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().split()]
        writer.wait()
        batch = acknowledged[-1] + 2  # the one after the last was cut off or finished unheard
    began = time.monotonic()
    lake.insert({"texts": [sample_row(TEXTS, 999_999)]})
    assert time.monotonic() - began < 100, "a dead writer still holds the lock"
    found = {
        table.name: dict(
            lake.query(f"SELECT batch_id, count(*) AS n FROM core.{table.name} GROUP BY ALL")
            .to_pandas()
            .itertuples(index=False)
        )
        for table in (PHOTOS, TEXTS)
    }
    names = {f"00000000-0000-4000-8000-{batch:012d}" for batch in acknowledged}
    assert names <= set(found["photos"])
    assert len(set(found["photos"]) - names) <= 4
    assert set(found["photos"].values()) == {50}
    extra = sample_row(TEXTS, 999_999).batch_id
    assert {name: n for name, n in found["texts"].items() if name != extra} == found["photos"]


def test_files_of_a_dead_writer_are_removed_and_no_row_with_them(home, lake):
    lake.insert({"texts": sample_rows(TEXTS, 50)})
    orphan = home.lake / "core" / "texts" / "ducklake-orphan.parquet"
    orphan.write_bytes(b"never committed")
    lake.upkeep(grace=timedelta(0))
    assert not orphan.exists()
    assert count(lake, TEXTS) == 50


def test_a_moved_home_opens_where_it_is_now(home, lake, tmp_path):
    lake.insert({"texts": sample_rows(TEXTS, 50)})
    lake.close()
    moved = tmp_path / "o'ther place" / "home"
    moved.parent.mkdir()
    shutil.move(home.root, moved)
    with Lake.open(Home(moved), SETTINGS) as lake:
        lake.insert({"texts": [sample_row(TEXTS, n) for n in range(50, 90)]})
        assert count(lake, TEXTS) == 90
        kept = lake.query("FROM core.texts").select(arrow_schema(TEXTS).names)
        assert lake.digest(kept) == lake.digest(to_arrow(TEXTS, sample_rows(TEXTS, 90)))
    assert len(list(moved.rglob("*.parquet"))) == 2
    assert not home.root.exists()


def test_encryption_is_decided_when_the_lake_is_created_and_a_later_setting_changes_nothing(home):
    with Lake.open(home, SETTINGS) as lake:
        lake.migrate()
    with Lake.open(home, SETTINGS.model_copy(update={"encrypted": False})) as lake:
        lake.insert({"texts": sample_rows(TEXTS, 50)})
    assert [file.read_bytes()[:4] for file in home.lake.rglob("*.parquet")] == [b"PARE"]


def test_a_lake_created_without_encryption_has_plain_files(home):
    plain = SETTINGS.model_copy(update={"encrypted": False})
    with Lake.open(home, plain) as lake:
        lake.migrate()
        lake.insert({"texts": sample_rows(TEXTS, 50)})
    assert [file.read_bytes()[:4] for file in home.lake.rglob("*.parquet")] == [b"PAR1"]


def test_upkeep_beside_inserts_disturbs_neither(home, lake):
    faults, done = [], threading.Event()

    def insert(number):
        try:
            with Lake.open(home, SETTINGS) as mine:
                for batch in range(8):
                    mine.insert({"texts": [sample_row(TEXTS, 10_000 * number + 100 * batch + n) for n in range(30)]})
        except duckdb.Error as error:
            faults.append(error)

    def tend():
        try:
            with Lake.open(home, SETTINGS) as mine:
                while not done.is_set():
                    mine.upkeep(grace=timedelta(minutes=5))
        except duckdb.Error as error:
            faults.append(error)

    writers = [threading.Thread(target=insert, args=(number,)) for number in (1, 2)]
    keeper = threading.Thread(target=tend)
    for thread in (*writers, keeper):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    keeper.join()
    assert faults == []
    assert count(lake, TEXTS) == 2 * 8 * 30
    lake.upkeep()
    assert count(lake, TEXTS) == 2 * 8 * 30


def test_a_reader_sees_each_commit_at_once_also_the_rows_kept_in_the_catalog(home, lake):
    lake.insert({"texts": sample_rows(TEXTS, 40)})
    with Lake.open(home, SETTINGS, read_only=True) as reader:
        assert count(reader, TEXTS) == 40
        lake.insert({"texts": [sample_row(TEXTS, 100)]})
        assert list(home.lake.rglob("*.parquet")) == list((home.lake / "core" / "texts").glob("*.parquet"))
        assert count(reader, TEXTS) == 41
        assert reader.snapshot() == lake.snapshot()


def test_a_reader_cannot_write_through_the_lake_nor_through_the_catalog(home, lake):
    with Lake.open(home, SETTINGS, read_only=True) as reader:
        with pytest.raises(duckdb.Error, match="read-only"):
            reader.insert({"texts": sample_rows(TEXTS, 1)})
        with pytest.raises(duckdb.Error, match=r"(?i)read-only|permission denied"):
            reader.query("CALL postgres_execute('__ducklake_metadata_lake', 'DROP TABLE ducklake_snapshot CASCADE')")
    rights = as_owner(
        home,
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'lake_reader' AND privilege_type <> 'SELECT'",
    )
    assert rights == []
    assert count(lake, TEXTS) == 0


def test_a_reader_before_the_first_writer_is_told_so(home):
    with pytest.raises(LakeMissing, match="no lake yet"):
        Lake.open(home, SETTINGS, read_only=True)
    assert not home.lake.exists()


def test_a_home_that_never_ran_is_told_so(tmp_path):
    with pytest.raises(NotRunning):
        Lake.open(Home(tmp_path), SETTINGS)


@pytest.mark.parametrize("fault", ["wrong password", "nobody listens"])
def test_a_catalog_out_of_reach_is_told_without_the_password(home, lake, fault):
    passwords = home.passwords() | {"lake": 'hunter2\'s "secret"'}
    write_private(home.secrets / "postgres.json", json.dumps(passwords))
    if fault == "nobody listens":
        write_private(home.endpoints_file, json.dumps({"postgres": {"host": "127.0.0.1", "port": free_port()}}))
    with pytest.raises(LakeUnavailable) as caught:
        Lake.open(home, SETTINGS)
    told = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in told
    assert ("authentication failed" if fault == "wrong password" else "refused") in told


def test_the_password_is_not_shown_by_the_connection(home, lake):
    shown = [
        lake.query(f"FROM {what}").to_pylist()
        for what in ("duckdb_databases()", "duckdb_secrets()", "duckdb_settings()")
    ]
    assert "lake_catalog" in str(shown)
    assert home.passwords()["lake"] not in str(shown)


def test_connections_that_die_between_two_inserts_are_replaced(home, lake):
    lake.insert({"texts": sample_rows(TEXTS, 20)})
    as_owner(home, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lake'")
    lake.insert({"texts": [sample_row(TEXTS, n) for n in range(20, 40)]})
    assert count(lake, TEXTS) == 40


def test_a_catalog_that_is_gone_is_told_and_one_that_comes_back_in_time_is_not_noticed(home, lake, monkeypatch):
    really, tries = psycopg2.connect, []

    def refuse(**options):
        tries.append(options)
        if len(tries) <= refusals:
            raise psycopg2.OperationalError("connection refused")
        return really(**options)

    monkeypatch.setattr(psycopg2, "connect", refuse)
    refusals = 2
    lake.insert({"texts": sample_rows(TEXTS, 20)})
    assert len(tries) == 3
    refusals = 1000
    with pytest.raises(LakeUnavailable, match="connection refused"):
        lake.insert({"texts": [sample_row(TEXTS, 100)]})
    assert count(lake, TEXTS) == 20


def test_a_lock_has_one_holder_and_is_free_when_that_one_dies(home):
    url = home.database_url("lake")
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, home.root], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockTimeout, match="'lake' was not free"), advisory_lock(url, "lake", seconds=0.2)():
            raise AssertionError("two holders")
        with advisory_lock(url, "marts", seconds=5)():
            holder.kill()
            holder.wait()
        with advisory_lock(url, "lake", seconds=20)():
            assert holder.returncode == -signal.SIGKILL
    finally:
        holder.kill()
        holder.wait()


HOLDER = """
import sys, threading
from pathlib import Path
from darkroom.home import Home
from darkroom.stores.lake.locks import advisory_lock
with advisory_lock(Home(Path(sys.argv[1])).database_url("lake"), "lake")():
    print("held", flush=True)
    threading.Event().wait()
"""
