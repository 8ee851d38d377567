"""The home's stamp and lock, ports, logs, process identities, what settings do to dagster.yaml."""

import json
import os
import socket
import stat
import subprocess
import sys
import time

import psutil
import pytest

from darkroom.home import Home
from darkroom.settings import DagsterSettings, Settings
from darkroom.supervision.identity import PART_VARIABLE, ProcessIdentity, end, processes_of
from darkroom.supervision.logfiles import tail, turn_over
from darkroom.supervision.parts import Plan, PlatformFault, find_programs
from darkroom.supervision.ports import DEFAULTS, PortBusy, Ports
from darkroom.supervision.stamp import LAYOUT, AlreadyRunning, HomeFault, check_home, held, is_held, open_home
from darkroom.testing.postgres import free_port


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_a_new_home_is_private_and_stamped(home):
    assert open_home(home)
    assert not open_home(home)
    for folder in (home.root, home.run, home.secrets, home.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert json.loads((home.root / "home.json").read_text())["layout"] == LAYOUT


@pytest.mark.parametrize(
    "stamp", ['{"layout": 1, "darkroom": "99.1"}', f'{{"layout": {LAYOUT + 1}, "darkroom": "0.0.1"}}']
)
def test_a_newer_home_is_refused(home, stamp):
    open_home(home)
    (home.root / "home.json").write_text(stamp)
    with pytest.raises(HomeFault, match="was written by Darkroom"):
        open_home(home)
    assert (home.root / "home.json").read_text() == stamp


def test_an_older_home_is_taken_over(home):
    open_home(home)
    ours = (home.root / "home.json").read_text()
    (home.root / "home.json").write_text(f'{{"layout": {LAYOUT}, "darkroom": "0.0.1"}}')
    assert not open_home(home)
    assert (home.root / "home.json").read_text() == ours


@pytest.mark.parametrize("stamp", ["", "{}", '{"layout": "x", "darkroom": "1"}', "[1]"])
def test_a_damaged_stamp_is_said_and_not_overwritten(home, stamp):
    open_home(home)
    (home.root / "home.json").write_text(stamp)
    with pytest.raises(HomeFault, match="is damaged"):
        open_home(home)


def test_a_folder_with_other_things_in_it_is_no_home(home):
    home.root.mkdir()
    (home.root / "holiday.jpg").touch()
    with pytest.raises(HomeFault, match="holiday"):
        check_home(home)
    assert [path.name for path in home.root.iterdir()] == ["holiday.jpg"]


def test_a_folder_with_settings_only_becomes_a_home(home):
    home.root.mkdir()
    (home.root / "settings.toml").touch()
    assert open_home(home)


def test_a_file_is_no_home(home):
    home.root.touch()
    with pytest.raises(HomeFault, match="is no folder"):
        check_home(home)


def test_a_home_has_one_holder_at_a_time(home):
    with held(home):
        assert is_held(home)
        with pytest.raises(AlreadyRunning), held(home):
            raise AssertionError("held twice")
    assert not is_held(home)


def test_a_lock_ends_with_its_process(home):
    open_home(home)
    code = (
        "import sys, pathlib; from darkroom.home import Home; from darkroom.supervision.stamp import held\n"
        "with held(Home(pathlib.Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home.root)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    process.stdout.readline()
    assert is_held(home)
    process.kill()
    process.wait()
    assert not is_held(home)


def test_a_busy_default_gives_way_and_a_busy_explicit_port_does_not(monkeypatch):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        monkeypatch.setitem(DEFAULTS, "api", port)
        ports = Ports()
        assert ports.choose("api") not in (port, 0)
        with pytest.raises(PortBusy, match=f"port {port} asked for api .*in use"):
            ports.choose("api", explicit=port)
        ports.release()


def test_a_port_the_system_forbids_or_does_not_have_is_said():
    with pytest.raises(PortBusy, match="no such port"):
        Ports().choose("api", explicit=70000)
    with pytest.raises(PortBusy, match="cannot assign"):
        Ports().choose("api", explicit=free_port(), host="203.0.113.1")


def test_two_platforms_do_not_choose_the_same_port_before_they_listen(monkeypatch):
    wanted = free_port()
    monkeypatch.setitem(DEFAULTS, "api", wanted)
    one, two = Ports(), Ports()
    assert one.choose("api") == wanted
    assert two.choose("api") != wanted
    one.release()
    assert Ports().choose("api") == wanted
    two.release()


def test_a_former_port_is_taken_when_the_default_is_busy(monkeypatch):
    former = free_port()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        monkeypatch.setitem(DEFAULTS, "api", busy.getsockname()[1])
        ports = Ports({"api": former})
        assert ports.choose("api") == former
        ports.release()


def test_a_log_turns_over_while_its_writer_goes_on(tmp_path):
    path = tmp_path / "part.log"
    with path.open("ab", buffering=0) as writer:
        for round_ in range(6):
            writer.write(b"%d" % round_ * 100)
            assert turn_over(path, limit=50)
            assert path.stat().st_size == 0
        writer.write(b"last\n")
    assert tail(path) == "last"
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == ["part.log", "part.log.1", "part.log.2", "part.log.3"]
    assert kept[1].read_bytes() == b"5" * 100
    assert not turn_over(path, limit=50)
    assert tail(tmp_path / "absent.log") == ""


def test_an_identity_is_one_process_for_ever(home):
    process = subprocess.Popen(["/bin/sleep", "60"], env={PART_VARIABLE: "x", "DARKROOM_HOME": str(home.root)})
    identity = ProcessIdentity.of(process.pid)
    assert identity.alive()
    assert ProcessIdentity.from_json(json.loads(json.dumps(identity.to_json()))) == identity
    assert not ProcessIdentity(identity.pid, identity.started + 1, identity.boot).alive()
    assert not ProcessIdentity(identity.pid, identity.started, "another boot").alive()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.alive()  # a zombie is no life
    process.wait()
    assert ProcessIdentity.of(process.pid) is None


def test_only_marked_processes_of_the_home_are_found_and_ended(home, tmp_path):
    def start(**variables):
        process = subprocess.Popen(["/bin/sleep", "60"], env=variables)
        while not psutil.Process(process.pid).environ():
            time.sleep(0.01)  # the kernel shows it a moment after Popen has returned
        return process

    ours = start(**{PART_VARIABLE: "api", "DARKROOM_HOME": str(home.root)})
    run = start(**{PART_VARIABLE: "run", "DARKROOM_HOME": str(home.root)})
    others = [
        start(DARKROOM_HOME=str(home.root)),  # somebody's shell
        start(**{PART_VARIABLE: "api", "DARKROOM_HOME": str(tmp_path)}),
    ]
    try:
        assert {process.pid for process in processes_of(home.root)} == {ours.pid, run.pid}
        assert [process.pid for process in processes_of(home.root, parts=frozenset({"run"}))] == [run.pid]
        ours.send_signal(19)  # stopped: would not hear a polite request
        assert end(processes_of(home.root), 5.0) == 0
        assert ours.poll() is not None
        assert run.poll() is not None
        assert all(psutil.pid_exists(other.pid) for other in others)
    finally:
        for process in (ours, run, *others):
            process.kill()
            process.wait()


def test_settings_decide_how_many_runs_the_queue_allows(home, tmp_path):
    settings = Settings(home=home.root, dagster=DagsterSettings(batches_at_once=5))
    plan = Plan(home, settings, find_programs(), {}, {"host": "127.0.0.1", "port": 1})
    plan.write_dagster_home()
    written = (home.dagster / "dagster.yaml").read_text()
    assert "max_concurrent_runs: 7 " in written
    assert "value: bulk, limit: 4}" in written


def test_a_dagster_yaml_without_the_marked_numbers_is_refused(home, tmp_path):
    from dataclasses import replace

    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}")
    plan = Plan(
        home, Settings(home=home.root), replace(find_programs(), folder=tmp_path), {}, {"host": "127.0.0.1", "port": 1}
    )
    with pytest.raises(PlatformFault, match="settings: N"):
        plan.write_dagster_home()
