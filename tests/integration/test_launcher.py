"""Runs as processes of their own, under the real supervisor, Postgres, daemon and web server; tiny definitions."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

import psutil
import pytest

from darkroom.home import Home
from darkroom.testing.platform import tiny_command

pytestmark = [pytest.mark.platform, pytest.mark.timeout(300)]

LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
TERMINATE = "mutation($i: String!) { terminateRun(runId: $i) { __typename ... on PythonError { message } } }"
RUN = """query($i: ID!) { runOrError(runId: $i) { ... on Run { status tags { key value }
  eventConnection { events { ... on MessageEvent { timestamp eventType message } } } } } }"""


class TinyPlatform:
    def __init__(self, folder):
        self.folder = folder
        self.home = Home(folder / "home")

    def command(self, *arguments, **options):
        return subprocess.run(
            tiny_command(self.folder / "code", self.home.root, *arguments), capture_output=True, text=True, **options
        )

    def ask(self, query, **variables):
        body = json.dumps({"query": query, "variables": variables}).encode()
        url = f"{self.home.endpoints()['dagster']['url']}/graphql"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        for _ in range(10):  # the web server's pooled connections do not survive a restart of Postgres
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)["data"]
            except urllib.error.HTTPError as error:
                assert error.code == 500
        raise AssertionError("the web server does not recover")

    def launch(self, job, file, tags=(), **config):
        op = {"waiting": "wait", "deaf": "stuck"}[job]
        given = {
            "selector": {
                "repositoryLocationName": "darkroom",
                "repositoryName": "__repository__",
                "jobName": job,
            },
            "runConfigData": {"ops": {op: {"config": {"file": str(file), **config}}}},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in dict(tags).items()]},
        }
        return self.ask(LAUNCH, p=given)["launchRun"]["run"]["runId"]

    def run(self, run_id):
        return self.ask(RUN, i=run_id)["runOrError"]

    def status(self, run_id):
        return self.run(run_id)["status"]

    def worker(self, run_id):
        tags = {tag["key"]: tag["value"] for tag in self.run(run_id)["tags"]}
        return psutil.Process(json.loads(tags["darkroom/worker"])["pid"])

    def parts(self):
        return {part["name"]: part for part in json.loads(self.command("status", "--json").stdout)["parts"]}


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    platform = TinyPlatform(tmp_path_factory.mktemp("platform"))
    done = platform.command("up", "--detach")
    assert done.returncode == 0, done.stdout + done.stderr
    yield platform
    done = platform.command("down")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def file(tmp_path):
    return tmp_path / "started"


def test_a_run_is_a_process_of_its_own_that_is_known(platform, file):
    run = platform.launch("waiting", file, seconds=60)
    until(file.exists)
    worker = platform.worker(run)
    assert worker.pid == int(file.read_text())
    assert os.getsid(worker.pid) == worker.pid
    assert worker.environ()["DARKROOM_PART"] == "run"
    file.with_suffix(".go").touch()
    until(lambda: platform.status(run) == "SUCCESS")
    until(lambda: not worker.is_running())
    assert (platform.home.logs / "runs" / f"{run}.log").stat().st_mode & 0o077 == 0


def test_a_killed_worker_is_noticed_at_once_and_its_slot_is_free(platform, file, tmp_path):
    background = {"darkroom/slot": "background"}  # of which dagster.yaml allows one at a time
    first = platform.launch("waiting", file, background, seconds=120)
    until(file.exists)
    second = platform.launch("waiting", tmp_path / "second", background, seconds=0)
    time.sleep(3)
    assert platform.status(second) == "QUEUED"
    os.kill(int(file.read_text()), signal.SIGKILL)
    until(lambda: platform.status(first) == "FAILURE", 5)
    assert "ended before the run did" in str(platform.run(first)["eventConnection"])
    until(lambda: platform.status(second) == "SUCCESS", 40)


def test_a_run_outlives_the_daemon(platform, file):
    run = platform.launch("waiting", file, seconds=120)
    until(file.exists)
    daemon = platform.parts()["daemon"]["pid"]
    os.kill(daemon, signal.SIGKILL)
    until(lambda: platform.parts()["daemon"]["pid"] not in (None, daemon))
    time.sleep(8)  # more than one round of the monitoring daemon
    assert platform.status(run) == "STARTED"
    assert platform.worker(run).pid == int(file.read_text())
    file.with_suffix(".go").touch()
    until(lambda: platform.status(run) == "SUCCESS")


def test_a_worker_that_dies_with_the_daemon_is_noticed_by_the_next_one(platform, file):
    run = platform.launch("waiting", file, seconds=120)
    until(file.exists)
    os.kill(platform.parts()["daemon"]["pid"], signal.SIGKILL)
    os.kill(int(file.read_text()), signal.SIGKILL)
    until(lambda: platform.status(run) == "FAILURE", 60)


def test_a_run_outlives_its_code_server(platform, file):
    run = platform.launch("waiting", file, seconds=120)
    until(file.exists)
    os.kill(platform.parts()["line"]["pid"], signal.SIGKILL)
    until(lambda: platform.parts()["line"]["health"] == "ok" and platform.parts()["line"]["restarts"] > 0)
    file.with_suffix(".go").touch()
    until(lambda: platform.status(run) == "SUCCESS")


def test_a_run_outlives_a_restart_of_postgres(platform, file):
    run = platform.launch("waiting", file, seconds=120)
    until(file.exists)
    before = platform.parts()["postgres"]["pid"]
    os.kill(before, signal.SIGKILL)
    until(lambda: platform.parts()["postgres"]["health"] == "ok" and platform.parts()["postgres"]["pid"] != before)
    file.with_suffix(".go").touch()
    until(lambda: platform.status(run) == "SUCCESS")


def test_terminating_ends_the_worker_and_cancels_the_run(platform, file):
    run = platform.launch("waiting", file, seconds=120)
    until(file.exists)
    worker = platform.worker(run)
    assert platform.ask(TERMINATE, i=run)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    until(lambda: platform.status(run) == "CANCELED", 10)
    until(lambda: not worker.is_running(), 10)


def test_a_worker_that_hears_no_signal_is_killed_and_its_run_canceled(platform, file):
    run = platform.launch("deaf", file)
    until(file.exists)
    worker = platform.worker(run)
    platform.ask(TERMINATE, i=run)
    until(lambda: platform.status(run) == "CANCELED", 40)
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 5)


def test_runs_are_forked_from_a_warm_process_and_start_without_it_too(platform, file, tmp_path):
    def servers():
        found = [p for p in psutil.process_iter(["cmdline"]) if "orchestration.forkserver" in (p.info["cmdline"] or [])]
        return [p for p in found if p.environ().get("DARKROOM_HOME") == str(platform.home.root)]

    platform.launch("waiting", tmp_path / "warms up", seconds=0)
    until(lambda: servers() and servers()[0].cpu_times().user > 0.5)
    time.sleep(6)
    run = platform.launch("waiting", file, seconds=120)
    until(file.exists)
    assert platform.worker(run).ppid() in {server.pid for server in servers()}
    for server in servers():
        if server.pid != int(file.read_text()):
            server.kill()
    file.with_suffix(".go").touch()
    until(lambda: platform.status(run) == "SUCCESS")
    after = platform.launch("waiting", tmp_path / "cold", seconds=0)
    until(lambda: platform.status(after) == "SUCCESS")
