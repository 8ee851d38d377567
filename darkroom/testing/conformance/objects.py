"""What every object store does: subclass `ObjectStoreConformance` in a test module and give it a fixture `store`."""
# ruff: noqa: S101 — a suite of tests asserts

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from darkroom.sdk.stores import ObjectCorrupt, ObjectMissing, ObjectStore

KEY = "11111111-1111-4111-8111-111111111111/originals/ab/cd/abcd"
BAD_KEYS = (
    "",
    "/",
    "/etc/passwd",
    "a/",
    "/a",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "a/..",
    ".hidden",
    "a/.hidden",
    "a\\b",
    "a b",
    "ä",
    "a\n",
    "a\x00b",
    "a/" * 600 + "a",
    "x" * 300,
)


def digest(data: bytes) -> str:
    """What `put` must be told about `data`."""
    return hashlib.sha256(data).hexdigest()


def stored(store: ObjectStore, key: str, data: bytes) -> bool:
    """Puts `data` under its own digest."""
    return store.put(key, data, digest(data))


class ObjectStoreConformance:
    """Tests of the protocol; `store` is an empty store with room for a few megabytes."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        """The store under test."""
        raise NotImplementedError

    @pytest.mark.parametrize("size", [0, 1, 1024**2 - 1, 1024**2, 1024**2 + 1, 3 * 1024**2])
    def test_bytes_come_back_as_they_were_put(self, store: ObjectStore, size: int) -> None:
        """Sizes around the chunks a store may write in, and none at all."""
        data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        assert stored(store, KEY, data) is True
        with store.open(KEY) as file:
            assert file.read() == data
        store.verify(KEY, digest(data))

    def test_a_view_of_bytes_is_as_good_as_bytes(self, store: ObjectStore) -> None:
        """Also one that starts in the middle."""
        data = memoryview(b"head, body")[6:]
        assert store.put(KEY, data, digest(b"body")) is True
        assert store.open(KEY).read() == b"body"

    def test_the_same_object_again_is_no_write(self, store: ObjectStore) -> None:
        """And its time stays."""
        assert stored(store, KEY, b"bytes") is True
        before = store.info(KEY)
        assert stored(store, KEY, b"bytes") is False
        assert store.info(KEY) == before

    def test_a_key_keeps_its_bytes_when_others_are_offered(self, store: ObjectStore) -> None:
        """Objects are immutable."""
        stored(store, KEY, b"first")
        with pytest.raises(ObjectCorrupt):
            stored(store, KEY, b"other")
        assert store.open(KEY).read() == b"first"

    def test_bytes_without_their_digest_are_refused_and_nothing_is_kept(self, store: ObjectStore) -> None:
        """Whether the key is free or not."""
        with pytest.raises(ObjectCorrupt):
            store.put(KEY, b"bytes", digest(b"other bytes"))
        with pytest.raises(ObjectMissing):
            store.info(KEY)
        assert stored(store, KEY, b"bytes") is True
        with pytest.raises(ObjectCorrupt):
            store.put(KEY, b"odd bytes", digest(b"bytes"))

    def test_a_stream_can_be_read_in_parts(self, store: ObjectStore) -> None:
        """As ranges ask for."""
        stored(store, KEY, b"0123456789")
        with store.open(KEY) as file:
            file.seek(4)
            assert file.read(3) == b"456"
            assert file.seek(-1, 2) == 9
            assert file.read() == b"9"

    def test_info_tells_size_and_time(self, store: ObjectStore) -> None:
        """The time is aware and now."""
        stored(store, KEY, b"12345")
        info = store.info(KEY)
        assert (info.key, info.size_bytes) == (KEY, 5)
        assert abs(datetime.now(UTC) - info.stored_at) < timedelta(minutes=1)

    def test_what_is_not_there_is_missing(self, store: ObjectStore) -> None:
        """For every way of asking, also where a folder would be."""
        stored(store, "a/b/c", b"x")
        for key in (KEY, "a", "a/b", "a/b/c/d"):
            with pytest.raises(ObjectMissing):
                store.open(key)
            with pytest.raises(ObjectMissing):
                store.info(key)
            with pytest.raises(ObjectMissing):
                store.verify(key, digest(b"x"))

    def test_verify_notices_another_digest(self, store: ObjectStore) -> None:
        """A digest that is not the object's."""
        stored(store, KEY, b"bytes")
        with pytest.raises(ObjectCorrupt):
            store.verify(KEY, digest(b"other"))

    def test_objects_are_listed_in_key_order_by_prefix(self, store: ObjectStore) -> None:
        """Whole keys count: `-` and `.` sort before `/`; a prefix may end within a part."""
        keys = ["a/b", "a-b/c", "a.b", "a/b-c", "b/x/y", "b/x-y", "b/xy", "c"]
        for key in keys:
            stored(store, key, key.encode())
        for prefix in ("", "a", "a/", "a-", "b/x", "b/x/", "c", "nothing", "a/b/c"):
            wanted = sorted(key for key in keys if key.startswith(prefix))
            assert [info.key for info in store.list(prefix)] == wanted
        assert next(store.list("c")).size_bytes == 1

    def test_a_deleted_object_is_gone_and_can_come_back(self, store: ObjectStore) -> None:
        """Deleting what is not there is no error."""
        stored(store, KEY, b"bytes")
        store.delete(KEY)
        store.delete(KEY)
        store.delete("never/was")
        with pytest.raises(ObjectMissing):
            store.open(KEY)
        assert list(store.list("")) == []
        assert stored(store, KEY, b"bytes") is True

    def test_a_reader_keeps_what_it_opened(self, store: ObjectStore) -> None:
        """A download does not break when the object is deleted."""
        stored(store, KEY, b"bytes")
        with store.open(KEY) as file:
            store.delete(KEY)
            assert file.read() == b"bytes"

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_a_bad_key_is_refused_by_every_method(self, store: ObjectStore, key: str) -> None:
        """Nothing outside of the store can be named."""
        with pytest.raises(ValueError, match="not an object key"):
            stored(store, key, b"x")
        for method in (store.open, store.info, store.delete):
            with pytest.raises(ValueError, match="not an object key"):
                method(key)
        with pytest.raises(ValueError, match="not an object key"):
            store.verify(key, digest(b"x"))
        assert list(store.list("")) == []

    def test_of_many_writers_of_one_key_exactly_one_stores(self, store: ObjectStore) -> None:
        """And nobody ever reads half of it."""
        data = b"photo" * 200_000
        with ThreadPoolExecutor(8) as pool:
            wins = list(pool.map(lambda _: stored(store, KEY, data), range(24)))
        assert wins.count(True) == 1
        store.verify(KEY, digest(data))
        assert [info.key for info in store.list("")] == [KEY]
