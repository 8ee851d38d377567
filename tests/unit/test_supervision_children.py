"""One child under real processes: restart with growing pauses, silence, stubbornness, groups."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from darkroom.supervision.children import Child, Pace, Part

QUICK = Pace(starting_every=0.01, ready_every=0.01, misses=3, first_pause=0.05, longest_pause=0.2, calm=0.0)


@pytest.fixture
def executor():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def build(executor):
    children = []

    def build(code="import time; time.sleep(60)", probe=lambda: None, pace=QUICK, **options):
        def launch():
            return subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE)

        child = Child(Part("part", launch, probe, **options), executor, pace)
        children.append(child)
        return child

    yield build
    for child in children:
        child.request_stop()
        child.wait_stopped()


def drive(child, condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, child.to_json()
        child.tick()
        time.sleep(0.005)


def test_a_child_is_ready_when_its_probe_says_so(build):
    answers = iter(["not yet", "not yet"])
    child = build(probe=lambda: next(answers, None))
    child.start()
    assert child.state == "starting"
    drive(child, lambda: child.state == "ready")
    assert child.to_json()["fault"] is None


def test_a_dead_child_is_started_again_with_growing_pauses(build):
    child = build("raise SystemExit(3)", probe=lambda: "no", pace=QUICK)
    child.start()
    pauses = []
    for round_ in range(4):
        drive(child, lambda: child.state == "waiting")
        assert child.fault == "ended (status 3)"
        pauses.append(child._pause)
        drive(child, lambda round_=round_: child.restarts == round_ + 1)
    assert pauses == [0.05, 0.1, 0.2, 0.2]


def test_a_killed_child_is_named_by_its_signal_and_its_group_is_ended(build):
    code = "import subprocess, time; p = subprocess.Popen(['/bin/sleep', '60']); print(p.pid, flush=True); p.wait()"
    child = build(code)
    child.start()
    grandchild = int(child._process.stdout.readline())
    os.kill(child._process.pid, signal.SIGKILL)
    drive(child, lambda: child.state == "waiting")
    assert child.fault == "ended (SIGKILL)"
    deadline = time.monotonic() + 5
    while psutil.pid_exists(grandchild) and psutil.Process(grandchild).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline


def test_a_child_that_falls_silent_is_unwell_and_then_replaced(build):
    well = threading.Event()
    well.set()
    child = build(probe=lambda: None if well.is_set() else "silence")
    child.start()
    drive(child, lambda: child.state == "ready")
    first = child._process.pid
    well.clear()
    drive(child, lambda: child.state == "unwell")
    assert child.fault == "silence"
    drive(child, lambda: child.state == "waiting")
    assert "did not answer 3 times (silence)" in child.fault
    well.set()
    drive(child, lambda: child.state == "ready")
    assert child._process.pid != first


def test_a_patient_part_is_never_killed_for_being_silent(build):
    child = build(probe=lambda: "in recovery", patient=True, ready_seconds=0.0)
    child.start()
    first = child._process.pid
    end = time.monotonic() + 0.5
    drive(child, lambda: time.monotonic() > end)
    assert (child.state, child._process.pid) == ("starting", first)
    assert child.fault == "in recovery"


def test_a_child_that_never_becomes_ready_is_replaced(build):
    child = build(probe=lambda: "refused", ready_seconds=0.1)
    child.start()
    drive(child, lambda: child.state == "waiting")
    assert "was not ready after" in child.fault


def test_a_probe_that_raises_counts_as_a_fault(build):
    def broken():
        raise OSError("the probe is broken")

    child = build(probe=broken, ready_seconds=0.1)
    child.start()
    drive(child, lambda: child.state == "waiting")
    assert "the probe is broken" in child.fault


def test_a_program_that_does_not_exist_is_tried_again(executor):
    def launch():
        return subprocess.Popen(["/nonexistent/program"])

    child = Child(Part("part", launch, lambda: None), executor, QUICK)
    child.start()
    assert child.state == "waiting"
    assert "cannot be started" in child.fault
    drive(child, lambda: child.restarts == 2)
    child.wait_stopped()


def test_a_child_that_ignores_the_request_is_killed_after_its_patience(build):
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    child = build(code, stop_seconds=0.3)
    child.start()
    child._process.stdout.readline()
    process = psutil.Process(child._process.pid)
    child.request_stop()
    child.wait_stopped()
    assert child.state == "stopped"
    assert not process.is_running()


def test_a_suspended_child_is_woken_to_hear_the_request(build):
    code = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); print('up', flush=True); time.sleep(60)"
    )
    child = build(code, stop_seconds=10)
    child.start()
    child._process.stdout.readline()
    os.kill(child._process.pid, signal.SIGSTOP)
    began = time.monotonic()
    child.request_stop()
    child.wait_stopped()
    assert time.monotonic() - began < 5
