"""The pool against handlers that crash, hang, eat memory, and against being closed."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import pytest

from darkroom.workers.limits import Limits
from darkroom.workers.pool import PoolClosed, WorkerPool
from darkroom.workers.process import TaskFailed, WorkerCrashed, WorkerProcess, WorkerTimeout

HANDLERS = """
import os, resource, signal, time

class Odd:
    def __init__(self, config):
        self.config = config
        if config.get("broken"):
            raise ValueError("no weights")

    def handle(self, task, blobs):
        return getattr(self, task["do"])(task, blobs)

    def echo(self, task, blobs):
        return {"sizes": [len(b) for b in blobs], "pid": os.getpid()} | task, [bytes(b[::-1]) for b in blobs]

    def configured(self, task, blobs):
        return self.config, []

    def environment(self, task, blobs):
        return dict(os.environ), []

    def limits(self, task, blobs):
        names = ("AS", "CORE", "FSIZE", "NOFILE")
        return {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0] for name in names}, []

    def privileges(self, task, blobs):
        lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
        return {"no_new_privs": int(lines["NoNewPrivs"])}, []

    def die(self, task, blobs):
        os.kill(os.getpid(), getattr(signal, task["signal"]))

    def await_death(self, task, blobs):
        if not os.path.exists(task["mark"]):
            open(task["mark"], "w").close()
            self.hang(task, blobs)
        return self.echo(task, blobs)

    def leave(self, task, blobs):
        os._exit(3)

    def hang(self, task, blobs):
        if "touch" in task:
            pipe = os.open(task["touch"], os.O_WRONLY)
            os.write(pipe, str(os.getpid()).encode())
            os.close(pipe)
        signal.pause()

    def eat(self, task, blobs):
        return {"size": len(bytearray(task["bytes"]))}, []

    def fail(self, task, blobs):
        raise KeyError("nothing here")

    def unsayable(self, task, blobs):
        return {"value": object()}, []

    def write(self, task, blobs):
        with open(task["path"], "wb") as file:
            file.write(b"leak")

    def scribble(self, task, blobs):
        blobs[0][0] = 1
"""

LIMITS = Limits(memory_bytes=1024**3, seconds=30)


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "odd_handlers.py").write_text(HANDLERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "odd_handlers:Odd"


def test_a_task_and_its_blobs_come_back_answered(entry: str) -> None:
    with WorkerPool(entry, {"a": [1, "ü"]}, 1, LIMITS) as pool:
        reply = pool.submit({"do": "echo", "n": 1}, [b"abc", memoryview(b"xy"), b""]).result(30)
        assert reply.result["sizes"] == [3, 2, 0]
        assert reply.blobs == [b"cba", b"yx", b""]
        assert pool.submit({"do": "configured"}).result(30).result == {"a": [1, "ü"]}


def test_a_worker_may_wait_for_its_first_task_longer_than_it_may_take_to_start(entry: str) -> None:
    process = WorkerProcess(entry, {}, replace(LIMITS, start_seconds=0.0))
    try:
        assert select.select([process._sock], [], [], 60)[0], "it is ready, and its time to start has passed"
        assert process.run({"do": "echo"}, [b"abc"]).blobs == [b"cba"]
    finally:
        process.release()


def test_big_blobs_arrive_whole_and_cannot_be_changed_by_the_worker(entry: str) -> None:
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        big, small = os.urandom(30_000_001), os.urandom(10)
        reply = pool.submit({"do": "echo"}, [big, small, big[:1]]).result(60)
        assert reply.blobs == [big[::-1], small[::-1], big[:1]]
        with pytest.raises(TaskFailed, match=r"read-only|modify"):
            pool.submit({"do": "scribble"}, [big]).result(30)


def test_all_workers_are_used_at_once(entry: str, tmp_path: Path) -> None:
    pipes = [tmp_path / f"p{i}" for i in range(2)]
    for pipe in pipes:
        os.mkfifo(pipe)
    with WorkerPool(entry, {}, 2, LIMITS) as pool:
        futures = [pool.submit({"do": "hang", "touch": str(pipe)}) for pipe in pipes]
        pids = {int(pipe.read_bytes()) for pipe in pipes}
        assert pids == set(pool.pids())
        assert len(pids) == 2
        assert not any(future.done() for future in futures)


def test_an_exception_in_a_handler_costs_only_its_task_and_keeps_the_worker(entry: str) -> None:
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        before = pool.submit({"do": "echo"}).result(30).result["pid"]
        with pytest.raises(TaskFailed, match="nothing here") as caught:
            pool.submit({"do": "fail"}).result(30)
        assert caught.value.kind == "KeyError"
        with pytest.raises(TaskFailed, match="not JSON serializable"):
            pool.submit({"do": "unsayable"}).result(30)
        assert pool.submit({"do": "echo"}).result(30).result["pid"] == before


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGABRT"])
def test_a_killed_worker_costs_only_its_task_and_is_replaced(entry: str, name: str) -> None:
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        crash = pool.submit({"do": "die", "signal": name})
        after = pool.submit({"do": "echo", "n": 7})
        with pytest.raises(WorkerCrashed, match=name) as caught:
            crash.result(30)
        assert caught.value.signal_name == name
        assert after.result(30).result["n"] == 7


def test_a_task_whose_worker_is_killed_from_outside_is_done_by_the_next_one(entry: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    task = {"do": "await_death", "touch": str(tmp_path / "pipe"), "mark": str(tmp_path / "mark"), "n": 7}
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        answer = pool.submit(task, [b"photo"])
        killed = int((tmp_path / "pipe").read_bytes())
        os.kill(killed, signal.SIGKILL)
        reply = answer.result(30)
    assert reply.result["n"] == 7 and reply.result["pid"] != killed
    assert [bytes(blob) for blob in reply.blobs] == [b"otohp"]


def test_a_worker_that_exits_is_a_crash_without_a_signal(entry: str) -> None:
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        with pytest.raises(WorkerCrashed, match="status 3") as caught:
            pool.submit({"do": "leave"}).result(30)
        assert caught.value.signal_name is None


def test_a_worker_that_died_idle_costs_no_task(entry: str) -> None:
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        pid = pool.submit({"do": "echo"}).result(30).result["pid"]
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert pool.submit({"do": "echo"}).result(30).result["pid"] != pid


def test_a_hanging_task_ends_at_its_limit_and_the_next_one_runs(entry: str) -> None:
    with WorkerPool(entry, {}, 1, Limits(memory_bytes=1024**3, seconds=0.5)) as pool:
        pid = pool.pids()
        hung = pool.submit({"do": "hang"})
        with pytest.raises(WorkerTimeout, match=r"0\.5 s"):
            hung.result(30)
        wait([hung])
        assert pool.submit({"do": "echo"}).result(30).result["pid"] not in pid


def test_memory_is_limited_and_the_worker_replaced(entry: str) -> None:
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        assert pool.submit({"do": "eat", "bytes": 1000}).result(30).result == {"size": 1000}
        with pytest.raises(TaskFailed) as caught:
            pool.submit({"do": "eat", "bytes": 2 * 1024**3}).result(30)
        assert caught.value.kind == "MemoryError"
        assert pool.submit({"do": "echo"}).result(30).result["sizes"] == []


def test_a_worker_is_bound_and_sees_no_secret(entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_POSTGRES__URL", "postgresql://u:secret@h/d")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with WorkerPool(entry, {}, 1, LIMITS) as pool:
        seen = pool.submit({"do": "environment"}).result(30).result
        assert "secret" not in str(seen)
        assert seen["OMP_NUM_THREADS"] == "1"
        limits = pool.submit({"do": "limits"}).result(30).result
        assert limits == {"AS": 1024**3, "CORE": 0, "FSIZE": 0, "NOFILE": 256}
        assert pool.submit({"do": "privileges"}).result(30).result == {"no_new_privs": 1}
        with pytest.raises(TaskFailed, match="too large"):
            pool.submit({"do": "write", "path": str(tmp_path / "leak")}).result(30)


def test_a_handler_that_cannot_be_built_says_why_for_every_task(entry: str) -> None:
    with WorkerPool(entry, {"broken": True}, 1, LIMITS) as pool:
        for _ in range(2):
            with pytest.raises(WorkerCrashed, match="ValueError: no weights"):
                pool.submit({"do": "echo"}).result(30)
    with WorkerPool("no_such_module:Odd", {}, 1, LIMITS) as pool, pytest.raises(WorkerCrashed, match="no_such_module"):
        pool.submit({}).result(30)


def test_threads_may_submit_together_and_get_their_own_answers(entry: str) -> None:
    wrong: list[object] = []

    def ask(base: int) -> None:
        for n in range(base, base + 50):
            reply = pool.submit({"do": "echo", "n": n}, [str(n).encode()]).result(60)
            if reply.result["n"] != n or reply.blobs != [str(n).encode()[::-1]]:
                wrong.append(reply)

    with WorkerPool(entry, {}, 2, LIMITS) as pool:
        threads = [threading.Thread(target=ask, args=(base,)) for base in (0, 1000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_submitting_waits_while_the_queue_is_full_and_closing_wakes_it(entry: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pool = WorkerPool(entry, {}, 1, LIMITS)
    running = pool.submit({"do": "hang", "touch": str(pipe)})
    pipe.read_bytes()
    waiting = [pool.submit({"do": "echo"}) for _ in range(2)]
    outcome: list[BaseException] = []
    started = threading.Event()

    def overflow() -> None:
        started.set()
        try:
            pool.submit({"do": "echo"})
        except PoolClosed as error:
            outcome.append(error)

    thread = threading.Thread(target=overflow)
    thread.start()
    started.wait()
    thread.join(0.2)
    assert thread.is_alive()
    pids = pool.pids()
    pool.close()
    thread.join(30)
    assert len(outcome) == 1
    for future in (running, *waiting):
        with pytest.raises(PoolClosed):
            future.result(30)
    with pytest.raises(PoolClosed):
        pool.submit({"do": "echo"})
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    pool.close()


def test_a_cancelled_task_is_skipped(entry: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with WorkerPool(entry, {}, 1, Limits(memory_bytes=1024**3, seconds=1)) as pool:
        pool.submit({"do": "hang", "touch": str(pipe)})
        pipe.read_bytes()
        skipped, kept = pool.submit({"do": "die", "signal": "SIGKILL"}), pool.submit({"do": "echo"})
        assert skipped.cancel()
        assert kept.result(30).result["sizes"] == []


def test_workers_die_with_their_parent_even_when_busy(entry: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from darkroom.workers.limits import Limits
from darkroom.workers.pool import WorkerPool
pool = WorkerPool({entry!r}, {{}}, 2, Limits(memory_bytes=1024**3, seconds=60))
pool.submit({{"do": "echo"}}).result()
future = pool.submit({{"do": "hang", "touch": {str(pipe)!r}}})
print(*pool.pids(), flush=True)
future.result()
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert parent.stdout is not None
    pipe.read_bytes()
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, "workers outlived their parent"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_parent_side_imports_nothing_heavy() -> None:
    script = "import sys, darkroom.workers.pool; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert not {"numpy", "PIL", "pydantic", "sqlalchemy", "pyarrow", "asyncio"} & set(done.stdout.split())
