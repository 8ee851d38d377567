"""Where a platform may live: a moved home, a newer one, an administrator's Postgres, an ordinary user's folder."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from darkroom.supervision.identity import processes_of
from darkroom.supervision.postgres import EmbeddedPostgres
from darkroom.testing.platform import tiny_programs
from darkroom.testing.postgres import free_port
from tests.integration.supervision import Command, run, up

pytestmark = [pytest.mark.platform, pytest.mark.timeout(400)]


@pytest.fixture
def fresh(tmp_path):
    return Command(tmp_path)


def test_a_stopped_home_is_moved_and_runs_elsewhere(fresh, tmp_path):
    with up(fresh):
        run(fresh.home.database_url("darkroom"), "CREATE TABLE kept AS SELECT 7 AS seven")
    copy = Command(tmp_path, home=tmp_path / "deeper" / "copy")
    shutil.copytree(fresh.home.root, copy.home.root)
    shutil.rmtree(fresh.home.root)
    with up(copy) as done:
        assert "dk_" not in done.stdout
        assert run(copy.home.database_url("darkroom"), "SELECT seven FROM kept") == [(7,)]


def test_a_newer_home_is_refused_and_left_as_it_is(fresh):
    fresh.home.root.mkdir()
    stamp = fresh.home.root / "home.json"
    stamp.write_text('{"layout": 1, "darkroom": "99.0.0"}')
    done = fresh("up", "--detach")
    assert done.returncode == 1
    assert "written by Darkroom 99.0.0" in done.stderr
    assert [path.name for path in fresh.home.root.iterdir()] == ["home.json"]


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """Host and port of an administrator's server, whose superuser's password is `owner`."""
    folder = tmp_path_factory.mktemp("outside")
    server = EmbeddedPostgres(folder / "postgres", folder / "log", sync=False)
    server.initialise("owner")
    port = free_port()
    process = server.start(port)
    try:
        server.wait_ready(process, server.admin_url(port, "owner"))
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(process)


def test_an_outside_server_is_used_when_settings_name_one(fresh, outside):
    address = f"postgresql://postgres:owner@{outside}/postgres"
    with up(fresh, DARKROOM_POSTGRES__URL=address):
        assert fresh.home.endpoints()["postgres"]["port"] == int(outside.split(":")[1])
        assert not (fresh.home.root / "postgres").exists()
        assert run(fresh.home.database_url("dagster"), "SELECT count(*) FROM runs") == [(0,)]
        for child in processes_of(fresh.home.root):
            assert "DARKROOM_POSTGRES__URL" not in child.environ()


@pytest.mark.parametrize("detach", [["--detach"], []])
def test_a_password_file_of_another_home_ends_the_start_at_once(fresh, detach):
    folder = fresh.home.root / "postgres"
    EmbeddedPostgres(folder, fresh.home.logs / "postgres.log", sync=False).initialise("another one")
    began = time.monotonic()
    done = fresh("up", *detach)
    assert done.returncode == 1
    assert "secrets/postgres.json is not the one this home was made with, put it back" in done.stderr
    assert "another one" not in done.stdout + done.stderr
    assert time.monotonic() - began < 60
    assert fresh.nothing_is_left()


@pytest.mark.parametrize(
    ("user", "database", "advice"),
    [
        ("postgres:mistyped", "postgres", "Correct user, password or database there."),
        ("nobody:owner", "postgres", "Correct user, password or database there."),
        ("postgres:owner", "elsewhere", "Correct user, password or database there."),
        (None, "postgres", "Start it, or name another."),
    ],
)
def test_an_outside_server_that_refuses_ends_the_start_with_what_to_do(fresh, outside, user, database, advice):
    address = f"127.0.0.1:{free_port()}" if user is None else outside
    done = fresh("up", DARKROOM_POSTGRES__URL=f"postgresql://{user or 'postgres:owner'}@{address}/{database}")
    assert done.returncode == 1
    assert "the Postgres of DARKROOM_POSTGRES__URL does not accept us" in done.stderr
    assert done.stderr.rstrip().endswith(advice)
    assert "mistyped" not in done.stderr
    assert fresh.nothing_is_left()


@pytest.mark.long
def test_an_ordinary_user_runs_everything_in_its_home(tmp_path):
    python = Path("/usr/bin") / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if os.geteuid() != 0 or not python.exists():
        pytest.skip(f"needs root and {python}, which an ordinary user may execute")
    import pwd

    nobody = pwd.getpwnam("nobody")
    folder = Path("/tmp") / f"darkroom-ordinary-{os.getpid()}"  # pytest's own folders admit root only
    folder.mkdir(mode=0o755)
    try:
        tiny_programs(folder / "code")
        (folder / "home").mkdir(mode=0o700)
        os.chown(folder / "home", nobody.pw_uid, nobody.pw_gid)
        checkout = Path(__file__).parents[2]
        packages = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))

        def command(*arguments):
            return subprocess.run(
                [python, str(folder / "code" / "tiny_main.py"), "--home", str(folder / "home"), *arguments],
                env={"PATH": "/usr/bin:/bin", "HOME": str(folder / "home"), "PYTHONPATH": f"{checkout}:{packages}"},
                user=nobody.pw_uid,
                group=nobody.pw_gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                text=True,
                timeout=300,
            )

        if "Permission" in (seen := command("--version")).stderr:
            pytest.skip(f"an ordinary user may not read this environment: {seen.stderr[-200:]}")
        done = command("up", "--detach")
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(command("status", "--json").stdout)
        assert found["state"] == "running"
        assert {psutil.Process(part["pid"]).uids().real for part in found["parts"]} == {nobody.pw_uid}
        assert command("down").returncode == 0
        assert stat.S_IMODE((folder / "home/postgres").stat().st_mode) == 0o700
    finally:
        shutil.rmtree(folder)
