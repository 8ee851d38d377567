"""The supervisor against real processes: start, crash of each part and of all, stop, busy ports."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time

import psutil
import pytest

from darkroom.supervision.identity import processes_of
from darkroom.supervision.postgres import EmbeddedPostgres
from darkroom.testing.platform import tiny_command, tiny_programs
from darkroom.testing.postgres import free_port
from tests.integration.supervision import Command, run, until, up

pytestmark = [pytest.mark.platform, pytest.mark.timeout(400)]
PARTS = ["postgres", "line", "marts", "api", "daemon", "dagster"]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    darkroom = Command(tmp_path_factory.mktemp("platform"))
    with up(darkroom) as done:
        darkroom.said = done.stdout
        yield darkroom


@pytest.fixture
def fresh(tmp_path):
    return Command(tmp_path)


# a platform that runs


def test_every_part_serves_and_status_says_where(running):
    done = running("status", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["state"] == "running"
    assert {part["name"]: part["health"] for part in found["parts"]} == dict.fromkeys(PARTS, "ok")
    assert found["disk"]["postgres"] > 10_000_000
    assert found["disk"]["free"] > 0
    endpoints = running.home.endpoints()
    assert str(endpoints["api"]["port"]) in running("status").stdout
    assert endpoints["dagster"]["host"] == "127.0.0.1"


def test_the_first_start_prints_the_key_once_and_logs_it_nowhere(running):
    assert running.said.count("dk_first") == 1
    for path in running.home.logs.rglob("*"):
        assert not path.is_file() or "dk_first" not in path.read_text()


def test_no_secret_is_in_arguments_or_logs_and_all_is_private(running):
    secrets = list(running.home.passwords().values())
    server = EmbeddedPostgres(running.home.root / "postgres", running.home.logs / "postgres.log")
    for process in (*processes_of(running.home.root), *server._remnants()):
        assert not any(secret in " ".join(process.cmdline()) for secret in secrets)
    for path in running.home.root.rglob("*"):
        if path.is_relative_to(running.home.root / "postgres") or path.is_symlink():
            continue
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        if path.suffix == ".log":
            assert not any(secret in path.read_text() for secret in secrets)


def test_a_second_up_says_that_it_runs_and_where(running):
    before = running.supervisor()
    for arguments in (["up"], ["up", "--detach"]):
        done = running(*arguments)
        assert done.returncode == 0
        assert "runs already" in done.stdout
        assert running.home.endpoints()["api"]["url"] in done.stdout
        assert "dk_" not in done.stdout
    assert running.supervisor() == before


def test_the_instance_has_our_configuration(running):
    written = (running.home.dagster / "dagster.yaml").read_text()
    assert "ProcessLauncher" in written
    assert "max_concurrent_runs: 4" in written
    assert run(running.home.database_url("dagster"), "SELECT count(*) FROM runs") is not None
    assert not list(running.home.dagster.rglob("*.db"))


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_part_is_started_again(running, name):
    before = running.parts()[name]
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: running.parts()[name]["restarts"] > before["restarts"])
    until(lambda: running.status()["state"] == "running")
    assert running.parts()[name]["pid"] != before["pid"]
    assert f"{name} ended (SIGKILL)" in (running.home.logs / "supervisor.log").read_text()


def test_all_parts_killed_at_once_come_back(running):
    before = running.parts()
    for part in before.values():
        os.kill(part["pid"], signal.SIGKILL)
    until(lambda: all(running.parts()[name]["restarts"] > before[name]["restarts"] for name in PARTS))
    until(lambda: running.status()["state"] == "running")


def test_doctor_finds_a_running_platform_well(running):
    done = running("doctor", "--json")
    broken = [found for found in json.loads(done.stdout) if found["verdict"] == "broken"]
    assert [found["name"] for found in broken if found["name"] not in ("lake", "text reader")] == []


# lives that end badly


def test_when_everything_is_killed_the_next_start_recovers(fresh):
    assert fresh("up", "--detach").returncode == 0
    run(fresh.home.database_url("darkroom"), "CREATE TABLE kept AS SELECT 42 AS answer")
    postgres = fresh.parts()["postgres"]["pid"]
    for pid in (fresh.supervisor(), postgres, *(process.pid for process in processes_of(fresh.home.root))):
        os.kill(pid, signal.SIGKILL)
    assert fresh("status").returncode == 3
    with up(fresh) as done:
        assert "dk_" not in done.stdout
        assert run(fresh.home.database_url("darkroom"), "SELECT answer FROM kept") == [(42,)]


def test_a_killed_supervisor_is_seen_and_the_next_one_ends_what_it_left(fresh):
    assert fresh("up", "--detach").returncode == 0
    orphans = fresh.parts()
    os.kill(fresh.supervisor(), signal.SIGKILL)
    until(lambda: fresh.status()["state"] == "abandoned")
    assert fresh("status").returncode == 1
    with up(fresh):
        assert not {part["pid"] for part in fresh.parts().values()} & {part["pid"] for part in orphans.values()}
        for name in PARTS:
            assert not psutil.pid_exists(orphans[name]["pid"]) or name == "postgres"
        assert fresh.home.endpoints()["postgres"]["port"] > 0


def test_down_cleans_up_after_a_killed_supervisor(fresh):
    assert fresh("up", "--detach").returncode == 0
    os.kill(fresh.supervisor(), signal.SIGKILL)
    done = fresh("down")
    assert (done.returncode, "what it had left is stopped" in done.stdout) == (0, True)
    assert fresh.nothing_is_left()
    assert fresh("status").returncode == 3
    again = fresh("down")
    assert (again.returncode, "was not running" in again.stdout) == (0, True)


def test_an_interrupt_ends_a_platform_in_the_foreground(fresh):
    command = tiny_command(fresh.code, fresh.home.root, "up")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Postgres"):
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 0
    assert any("dk_first" in line for line in lines)
    assert fresh.nothing_is_left()
    assert not fresh.home.endpoints_file.exists()


def test_a_supervisor_that_was_started_deaf_to_interrupts_still_stops_its_children(fresh):
    """A shell's background job ignores SIGINT, and children inherit that; Dagster then ignores SIGTERM as well."""
    command = tiny_command(fresh.code, fresh.home.root, "up")
    deaf = f"import os, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv({command[0]!r}, {command!r})"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, text=True)
    next(line for line in process.stdout if line.startswith("Postgres"))
    began = time.monotonic()
    assert fresh("down").returncode == 0
    assert process.wait(10) == 0
    assert "is killed" not in (fresh.home.logs / "supervisor.log").read_text()
    assert time.monotonic() - began < 60
    assert fresh.nothing_is_left()


@pytest.mark.parametrize("wait", ["starting Postgres|creating the database cluster", "preparing", "services"])
def test_a_start_can_be_stopped_at_any_moment(fresh, wait):
    command = tiny_command(fresh.code, fresh.home.root, "up")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    next(line for line in process.stdout if any(word in line for word in wait.split("|")))
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(60) == 0
    assert fresh.nothing_is_left()


# starts that fail


def test_a_preparation_that_fails_ends_the_start_with_its_reason(fresh):
    tiny_programs(fresh.code)
    text = 'import sys; sys.exit("the stores are too new")'
    done = with_module(fresh, "tiny_preparation", text)
    assert done.returncode == 1
    assert "the stores are too new" in done.stderr
    assert fresh.nothing_is_left()
    assert fresh("status").returncode == 3


def test_a_part_that_cannot_start_is_named_and_the_rest_serves(fresh):
    done = with_module(fresh, "tiny_api", 'raise RuntimeError("no API today")')
    try:
        assert done.returncode == 1
        assert "api does not serve" in done.stderr
        found = fresh.status()
        assert found["state"] == "unwell"
        assert {part["name"] for part in found["parts"] if part["health"] != "ok"} == {"api"}
        assert "no API today" in (fresh.home.logs / "api.log").read_text()
    finally:
        assert fresh("down").returncode == 0
    assert fresh.nothing_is_left()


def with_module(darkroom, name, text):
    """`up --detach` with one of the tiny modules replaced."""
    command = tiny_command(darkroom.code, darkroom.home.root, "up", "--detach")
    (darkroom.code / f"{name}_broken.py").write_text(text)
    main = (darkroom.code / "tiny_main.py").read_text()
    patched = main.replace(
        "tiny_programs(Path(__file__).parent)",
        f"__import__('dataclasses').replace(tiny_programs(Path(__file__).parent), "
        f"{'api' if name == 'tiny_api' else 'preparation'}="
        f"{name + '_broken' + (':create_app' if name == 'tiny_api' else '')!r})",
    )
    (darkroom.code / "broken_main.py").write_text(patched)
    command[1] = str(darkroom.code / "broken_main.py")
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_a_busy_default_port_gives_way_and_a_busy_explicit_one_is_an_error(fresh, monkeypatch):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = fresh("up", "--detach", DARKROOM_API__PORT=str(port))
        assert done.returncode == 1
        assert f"port {port} asked for api cannot be used (it is in use)" in done.stderr
        assert fresh.nothing_is_left()
    mine = free_port()
    with up(fresh, DARKROOM_API__PORT=str(mine)):
        assert fresh.home.endpoints()["api"]["port"] == mine


def test_two_homes_run_beside_each_other(running, fresh):
    with up(fresh):
        ours, theirs = fresh.home.endpoints(), running.home.endpoints()
        for part in ours:
            assert ours[part]["port"] != theirs[part]["port"]
