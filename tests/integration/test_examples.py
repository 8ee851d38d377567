"""Uploaded examples: decoded and embedded in processes of their own, kept for a while, for their owner."""

import io
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from darkroom.inference.providers.look import Look
from darkroom.services import examples
from darkroom.services.examples import Busy, Examples, NotAPicture
from darkroom.settings import Settings
from darkroom.testing.conformance.embedders import scene
from darkroom.testing.readers import jpeg

ME, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    made = Examples(Settings(home=tmp_path_factory.mktemp("home")))
    yield made
    made.close()


def test_an_example_is_the_vector_of_the_picture_as_it_is_shown(kept: Examples) -> None:
    uploaded = kept.add(ME, jpeg(scene(1)))
    example = kept.get(ME, uploaded.example_id)
    assert example is not None
    model = Look()
    model.load()
    expected = model.embed([scene(1)])[0]
    assert np.dot(example.vector, expected) > 0.98
    assert uploaded.expires_at.timestamp() - time.time() == pytest.approx(15 * 60, abs=60)


def test_the_same_picture_again_is_the_same_example_and_is_not_decoded_again(kept: Examples, monkeypatch) -> None:
    first = kept.add(ME, jpeg(scene(2)))
    monkeypatch.setattr(kept, "_vector", lambda picture: pytest.fail("it was decoded again"))
    again = kept.add(ME, jpeg(scene(2)))
    assert again.example_id == first.example_id
    assert again.expires_at >= first.expires_at


def test_an_example_is_its_owners_alone(kept: Examples) -> None:
    mine = kept.add(ME, jpeg(scene(3)))
    assert kept.get(OTHER, mine.example_id) is None
    assert kept.get(ME, uuid.uuid4()) is None
    assert kept.add(OTHER, jpeg(scene(3))).example_id != mine.example_id


def test_an_example_expires(kept: Examples, monkeypatch) -> None:
    mine = kept.add(ME, jpeg(scene(4)))
    now = time.monotonic()
    monkeypatch.setattr(examples.time, "monotonic", lambda: now + 16 * 60)
    assert kept.get(ME, mine.example_id) is None


def test_the_oldest_examples_go_when_there_are_too_many(kept: Examples, monkeypatch) -> None:
    monkeypatch.setattr(examples, "MOST_KEPT", 2)
    monkeypatch.setattr(kept, "_vector", lambda picture: [1.0])
    made = [kept.add(ME, bytes([number])).example_id for number in range(4)]
    assert [kept.get(ME, one) is not None for one in made] == [False, False, True, True]


@pytest.mark.parametrize("bytes_", [b"", b"hello", b"\xff\xd8\xff\xe0" + b"\0" * 200, b"GIF89a", b"%PDF-1.7 x" * 50])
def test_what_is_no_picture_is_refused_and_kills_nothing(kept: Examples, bytes_: bytes) -> None:
    with pytest.raises(NotAPicture):
        kept.add(ME, bytes_)
    assert kept.add(ME, jpeg(scene(5)))


def test_too_many_bytes_or_pixels_are_refused(kept: Examples) -> None:
    with pytest.raises(NotAPicture, match="bytes"):
        kept.add(ME, b"\xff\xd8\xff" + b"\0" * examples.LARGEST_BYTES)
    wide = io.BytesIO()
    Pictures.new("L", (10_000, 10_000)).save(wide, "PNG")
    with pytest.raises(NotAPicture, match="decoded"):
        kept.add(ME, wide.getvalue())


def test_more_at_once_than_there_is_room_for_are_told_to_come_again(kept: Examples, monkeypatch) -> None:
    holding, release = threading.Semaphore(0), threading.Event()

    class Slow:
        def submit(self, *_: object, **__: object) -> None:
            holding.release()
            release.wait(10)
            raise NotAPicture("slow")

    monkeypatch.setattr(kept, "_pools", (Slow(), Slow()))
    with ThreadPoolExecutor(examples.MOST_WAITING) as threads:
        waiting = [threads.submit(kept.add, ME, bytes([9, number])) for number in range(examples.MOST_WAITING)]
        for _ in waiting:
            assert holding.acquire(timeout=10)
        with pytest.raises(Busy):
            kept.add(ME, b"one more")
        release.set()
        assert all(isinstance(one.exception(timeout=10), NotAPicture) for one in waiting)


def test_hostile_files_cost_only_themselves(kept: Examples, testdata: Path) -> None:
    files = sorted(file for file in (testdata / "hostile").iterdir() if file.is_file() and file.suffix != ".csv")[:25]
    for file in files:
        try:
            kept.add(ME, file.read_bytes())
        except NotAPicture as refused:
            assert str(refused)
    assert kept.add(ME, jpeg(scene(6)))
