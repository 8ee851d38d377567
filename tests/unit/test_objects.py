"""Objects in a folder: durable, confined, and clean after every kind of death."""

import errno
import fcntl
import hashlib
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from darkroom.sdk.stores import ObjectCorrupt, ObjectMissing, StoreFull
from darkroom.stores import objects
from darkroom.stores.objects import RESERVED_BYTES, FolderObjects, reserve_beside
from darkroom.testing.conformance.objects import KEY, ObjectStoreConformance, digest, stored
from darkroom.testing.objects import MemoryObjects


class TestFolderObjects(ObjectStoreConformance):
    @pytest.fixture
    def store(self, tmp_path):
        return FolderObjects(tmp_path / "not" / "yet" / "there")


class TestMemoryObjects(ObjectStoreConformance):
    @pytest.fixture
    def store(self):
        return MemoryObjects()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "objects"


@pytest.fixture
def store(root):
    return FolderObjects(root)


def leftovers(root):
    return sorted(path.name for path in (root / objects.INCOMING).iterdir())


def files(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_looking_creates_nothing(store, root):
    assert list(store.list("")) == []
    store.delete(KEY)
    with pytest.raises(ObjectMissing):
        store.open(KEY)
    assert (store.collect(), root.exists()) == (0, False)


def test_an_object_lies_under_its_key_readable_by_its_owner_only(store, root):
    stored(store, KEY, b"bytes")
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o400
    assert {stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*")) if path.is_dir()} == {0o700}
    assert leftovers(root) == []


def test_file_and_folders_are_flushed_before_put_returns(store, root, monkeypatch):
    flushed = []

    def fsync(descriptor, really=os.fsync):
        flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    stored(store, "a/b/c", b"bytes")
    assert [path.removeprefix(str(root)) or "/" for path in flushed if objects.INCOMING not in path] == [
        "/",
        "/a",
        "/",
        "/a/b",
    ]
    assert [path for path in flushed if path.startswith(f"{root}/{objects.INCOMING}/")]
    flushed.clear()
    assert stored(store, "a/b/c", b"bytes") is False
    assert flushed == [f"{root}/a/b"]  # its writer may not have come that far


@pytest.mark.parametrize("call", ["write", "fsync", "link", "mkdir"])
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_store_full_and_nothing_is_kept(store, root, monkeypatch, call, reason):
    stored(store, "other/object", b"first")
    before = files(root)

    def fail(*_, **__):
        raise OSError(reason, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(StoreFull) as caught:
            stored(store, KEY, b"bytes")
    assert (caught.value.errno, files(root)) == (reason, before)
    assert stored(store, KEY, b"bytes") is True


def test_a_really_full_file_system_keeps_what_it_has(tmp_path):
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True)
    if mount.returncode:
        pytest.skip("mounting a small file system is not allowed here: run as root to try a really full disk")
    try:
        store = FolderObjects(tmp_path / "objects")
        stored(store, "small", b"kept")
        with pytest.raises(StoreFull):
            stored(store, "large", b"x" * 2 * 1024**2)
        assert files(tmp_path / "objects") == ["small"]
        assert stored(store, "after", b"there is room again") is True
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_another_fault_of_the_disk_is_told_as_it_is(store, root, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "disk fault")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        with pytest.raises(OSError, match="disk fault") as caught:
            stored(store, KEY, b"bytes")
    assert not isinstance(caught.value, StoreFull)
    assert files(root) == []


def test_short_writes_are_continued(store, monkeypatch):
    monkeypatch.setattr(os, "write", lambda file, data, really=os.write: really(file, data[:1000]))
    data = os.urandom(100_001)
    stored(store, KEY, data)
    store.verify(KEY, digest(data))


def test_bytes_that_change_while_they_are_written_are_refused(store, root, monkeypatch):
    data = bytearray(b"a" * objects.CHUNK_BYTES * 2)

    def write(file, chunk, really=os.write):
        data[-1:] = b"z"
        return really(file, chunk)

    wanted = digest(bytes(data))
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(ObjectCorrupt):
        store.put(KEY, memoryview(data), wanted)
    assert files(root) == []


def test_bytes_that_rot_are_noticed(store, root):
    stored(store, KEY, b"precious")
    (root / KEY).chmod(0o600)
    (root / KEY).write_bytes(b"precioux")
    with pytest.raises(ObjectCorrupt):
        store.verify(KEY, digest(b"precious"))
    with pytest.raises(ObjectCorrupt):
        stored(store, KEY, b"precious")


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_link_on_the_way_leads_nowhere(store, root, tmp_path, depth):
    outside = tmp_path / "outside"
    (outside / "originals" / "ab" / "cd").mkdir(parents=True)
    (outside / "originals" / "ab" / "cd" / "abcd").write_bytes(b"not ours")
    parts = KEY.split("/")
    (root / "/".join(parts[: depth - 1])).mkdir(parents=True, exist_ok=True)
    (root / "/".join(parts[:depth])).symlink_to(outside / "/".join(parts[1:depth]))
    before = sorted(outside.rglob("*"))
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        stored(store, KEY, b"bytes")
    with pytest.raises(ObjectMissing):
        store.open(KEY)
    store.delete(KEY)
    assert list(store.list("")) == []
    assert sorted(outside.rglob("*")) == before


def test_a_link_or_a_pipe_in_place_of_an_object_is_not_read(store, root, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    root.mkdir()
    (root / "link").symlink_to(secret)
    os.mkfifo(root / "pipe")
    for key in ("link", "pipe"):
        with pytest.raises(ObjectCorrupt):
            store.open(key)
        with pytest.raises(ObjectCorrupt):
            store.put(key, b"secret", digest(b"secret"))
    assert list(store.list("")) == []
    store.delete("link")
    assert secret.read_bytes() == b"secret"


def test_the_root_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "objects").symlink_to(tmp_path / "disk")
    store = FolderObjects(tmp_path / "objects")
    assert stored(store, KEY, b"bytes") is True
    assert (tmp_path / "disk" / KEY).read_bytes() == b"bytes"


def test_what_others_of_the_disk_need_is_left_to_them(store, root):
    full = FolderObjects(root, reserve=2**60)
    with pytest.raises(StoreFull, match="the databases'"):
        stored(full, KEY, b"bytes")
    assert files(root) == []
    stored(store, KEY, b"bytes")
    assert stored(full, KEY, b"bytes") is False, "what is there takes no more room"


def test_room_is_reserved_on_a_disk_that_is_shared(tmp_path):
    assert reserve_beside(tmp_path / "not yet there", tmp_path) == RESERVED_BYTES
    assert reserve_beside(tmp_path, tmp_path) == RESERVED_BYTES
    assert reserve_beside(Path("/proc"), tmp_path) == 0


def test_what_is_no_object_is_not_listed(store, root):
    stored(store, "a/b", b"x")
    (root / "a" / "ä b").write_bytes(b"")
    (root / ".incoming" / "stray").write_bytes(b"")
    assert [info.key for info in store.list("")] == ["a/b"]


WRITER = """
import os, sys, threading
from pathlib import Path
from darkroom.stores.objects import FolderObjects
def write(file, data, really=os.write):
    really(file, data[:1000])
    sys.stdout.write("writing"); sys.stdout.flush()
    threading.Event().wait()
os.write = write
FolderObjects(Path(sys.argv[1])).put("a/b", b"x" * 5000, "0" * 64)
"""


def test_what_a_killed_writer_left_is_collected_and_what_a_living_one_writes_is_not(root):
    dead, living = (subprocess.Popen([sys.executable, "-c", WRITER, root], stdout=subprocess.PIPE) for _ in range(2))
    try:
        for writer in (dead, living):
            assert writer.stdout.read(7) == b"writing"
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert len(leftovers(root)) == 2
        stored(FolderObjects(root), "c/d", b"the first write of a process collects")
        assert len(leftovers(root)) == 1
        assert FolderObjects(root).collect() == 0
    finally:
        living.kill()
        living.wait()
    assert FolderObjects(root).collect() == 1
    assert files(root) == ["c/d"]


def test_a_collector_that_comes_between_creating_and_locking_costs_nothing(store, root, monkeypatch):
    stored(store, "a", b"first")
    raids = []

    def flock(file, how, really=fcntl.flock):
        if not raids and threading.current_thread() is threading.main_thread():
            raids.append(True)
            for path in (root / objects.INCOMING).iterdir():
                path.unlink()
        really(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert stored(store, KEY, b"bytes") is True
    assert (raids, leftovers(root)) == ([True], [])
    store.verify(KEY, digest(b"bytes"))


def test_an_odd_file_among_the_temporary_ones_stops_nobody(store, root):
    (root / objects.INCOMING / "folder").mkdir(parents=True)
    (root / objects.INCOMING / "link").symlink_to("/etc/passwd")
    assert stored(store, KEY, b"bytes") is True


def put_many(root, barrier, wins):
    store = FolderObjects(root)
    barrier.wait()
    for number in range(20):
        data = hashlib.sha256(str(number).encode()).digest() * 3000
        if stored(store, f"library/{number}", data):
            wins.put(number)


def test_of_many_processes_one_stores_each_object(root):
    context = multiprocessing.get_context("spawn")
    barrier, wins = context.Barrier(4), context.Queue()
    writers = [context.Process(target=put_many, args=(root, barrier, wins)) for _ in range(4)]
    for writer in writers:
        writer.start()
    won = sorted(wins.get(timeout=60) for _ in range(20))
    for writer in writers:
        writer.join()
    assert ([writer.exitcode for writer in writers], won, wins.empty()) == ([0] * 4, list(range(20)), True)
    assert leftovers(root) == []
    for number in range(20):
        FolderObjects(root).verify(f"library/{number}", digest(hashlib.sha256(str(number).encode()).digest() * 3000))


def test_the_fake_is_full_when_its_capacity_is_used_up():
    store = MemoryObjects(capacity_bytes=10)
    stored(store, "a", b"12345678")
    with pytest.raises(StoreFull):
        stored(store, "b", b"123")
    with pytest.raises(ObjectMissing):
        store.open("b")
    store.delete("a")
    assert stored(store, "b", b"123") is True
