"""Reading many photos: nothing is lost, nothing is mixed up, nobody waits for nothing."""

from concurrent.futures import Future
from threading import Condition, Event, Thread
from uuid import UUID, uuid4

import numpy as np
import pytest

from darkroom.contracts.operations import FAILURE_KINDS
from darkroom.contracts.texts import PhotoText
from darkroom.inference.pool import reading_of
from darkroom.inference.worker import PIXELS_MAX, ProviderUnavailable, TextWorker, decode
from darkroom.sdk.stores import ObjectCorrupt, ObjectMissing
from darkroom.sdk.tasks import Reading, ReadLine
from darkroom.services.feeding import LOOK_AHEAD
from darkroom.services.texts import read_texts, text_columns
from darkroom.testing.conformance.readers import TextReaderConformance
from darkroom.testing.readers import FakeTextPool, FakeTextReader, coded, jpeg
from darkroom.workers.pool import PoolClosed
from darkroom.workers.process import Reply, TaskFailed, WorkerCrashed, WorkerTimeout


class TestFake(TextReaderConformance):
    @pytest.fixture
    def reader(self) -> FakeTextReader:
        reader = FakeTextReader()
        reader.load()
        return reader

    @staticmethod
    def picture_of(text: str) -> np.ndarray:
        return coded(text)


class Recorder:
    """A reader whose futures the test ends itself."""

    def __init__(self) -> None:
        self.futures: list[Future[Reply]] = []
        self._changed = Condition()

    def submit(self, picture: bytes) -> Future[Reply]:
        with self._changed:
            self.futures.append(Future())
            self._changed.notify_all()
            return self.futures[-1]

    def finish(self, number: int, of: int) -> None:
        """Answers one picture as soon as so many were submitted, from another thread."""

        def wait_and_answer() -> None:
            with self._changed:
                self._changed.wait_for(lambda: len(self.futures) == of, timeout=10)
            self.futures[number].set_result(Reply({"rotation": 0, "lines": []}, []))

        Thread(target=wait_and_answer, daemon=True).start()


def photos_saying(*texts: str) -> dict[UUID, bytes]:
    return {uuid4(): jpeg(coded(text)) for text in texts}


def ended(error: BaseException) -> Future[Reply]:
    future: Future[Reply] = Future()
    future.set_exception(error)
    return future


def test_every_photo_gets_its_own_text():
    pictures = photos_saying(*(f"photo {n}\nof many" for n in range(3 * LOOK_AHEAD)))
    texts = {one.photo_id: one.rows[0]["text"] for one in read_texts(FakeTextPool(), list(pictures), pictures.get)}
    assert [texts[photo] for photo in pictures] == [f"photo {n}\nof many" for n in range(3 * LOOK_AHEAD)]


def test_no_photos_need_no_reader():
    assert list(read_texts(Recorder(), [], lambda _: b"")) == []


def test_a_damaged_picture_costs_only_itself():
    pictures = photos_saying("before", "after")
    damaged = uuid4()
    pictures[damaged] = jpeg(coded("cut"))[:40]
    computed = {one.photo_id: one for one in read_texts(FakeTextPool(), list(pictures), pictures.get)}
    assert computed[damaged].fault[0] == "corrupt"
    assert not computed[damaged].rows
    assert [one.rows[0]["text"] for one in computed.values() if one.fault is None] == ["before", "after"]


@pytest.mark.parametrize(
    ("error", "reason"), [(ObjectMissing("k"), "missing"), (ObjectCorrupt("k"), "damaged")], ids=["missing", "corrupt"]
)
def test_a_rendition_that_is_missing_or_damaged_costs_only_its_photo(error, reason):
    pictures = photos_saying("there")
    gone = uuid4()

    def load(photo: UUID) -> bytes:
        if photo == gone:
            raise error
        return pictures[photo]

    computed = {one.photo_id: one for one in read_texts(FakeTextPool(), [gone, *pictures], load)}
    assert computed[gone].fault == ("unreadable", f"its display rendition is {reason}")
    assert len(computed) == 2


def test_a_store_that_fails_is_no_photos_fault():
    def load(_: UUID) -> bytes:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(read_texts(FakeTextPool(), [uuid4(), uuid4()], load))


def test_a_reader_that_cannot_be_loaded_is_no_photos_fault():
    class Broken:
        def submit(self, picture: bytes) -> Future[Reply]:
            return ended(TaskFailed("ProviderUnavailable", "no weights"))

    with pytest.raises(ProviderUnavailable, match="no weights"):
        list(read_texts(Broken(), [uuid4()], lambda _: b"x"))


def test_a_pool_closed_meanwhile_is_no_photos_fault():
    class Closed:
        def submit(self, picture: bytes) -> Future[Reply]:
            raise PoolClosed("the pool is closed")

    with pytest.raises(PoolClosed):
        list(read_texts(Closed(), [uuid4()], lambda _: b"x"))


def test_reading_goes_on_while_the_caller_commits_but_not_without_bound():
    loaded = []
    enough = Event()

    def load(photo: UUID) -> bytes:
        loaded.append(photo)
        if len(loaded) == LOOK_AHEAD:
            enough.set()
        return picture

    picture = jpeg(coded("x"))
    photos = [uuid4() for _ in range(4 * LOOK_AHEAD)]
    texts = read_texts(FakeTextPool(), photos, load)
    next(texts)
    assert enough.wait(10), "nothing was read ahead while the caller was busy"
    assert len(loaded) <= LOOK_AHEAD + 1
    assert len(list(texts)) == len(photos) - 1
    assert loaded == photos


def test_a_slow_picture_does_not_hold_up_the_others():
    reader = Recorder()
    slow, quick = uuid4(), uuid4()
    texts = read_texts(reader, [slow, quick], lambda _: b"x")
    reader.finish(1, of=2)
    assert next(texts).photo_id == quick
    reader.finish(0, of=2)
    assert next(texts).photo_id == slow


def test_stopping_early_withdraws_what_has_not_begun():
    reader = Recorder()
    pictures = photos_saying(*"abcdef")
    texts = read_texts(reader, list(pictures), pictures.get)
    reader.finish(0, of=6)
    next(texts)
    texts.close()
    assert all(future.cancelled() for future in reader.futures[1:])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (WorkerTimeout("took longer than 120 s"), "timeout"),
        (WorkerCrashed("worker was ended by SIGSEGV while working", "SIGSEGV"), "crashed"),
        (TaskFailed("ValueError", "the rendition cannot be decoded"), "corrupt"),
        (TaskFailed("MemoryError", ""), "error"),
    ],
    ids=["hang", "crash", "bad picture", "bug"],
)
def test_what_happens_to_a_model_process_becomes_a_fault_of_the_contract(error, kind):
    class Failing:
        def submit(self, picture: bytes) -> Future[Reply]:
            return ended(error)

    (computed,) = read_texts(Failing(), [uuid4()], lambda _: b"x")
    assert computed.fault[0] == kind
    assert kind in FAILURE_KINDS
    assert computed.fault[1].startswith("reading its text")


def test_a_readings_columns_are_the_tables_own():
    reading = Reading((ReadLine("a", 0.5, (0.1, 0.2, 0.3, 0.4)), ReadLine("b", 1.0, (0, 0, 1, 1))), 90)
    columns = text_columns(reading)
    provenance = {"photo_id", "library_id", "batch_id", "attempt", "output_version", "provider", "computed_at"}
    assert set(columns) == set(PhotoText.model_fields) - provenance
    assert (columns["text"], columns["line_count"], columns["score"], columns["rotation"]) == ("a\nb", 2, 0.75, 90)
    assert columns["lines"][0] == {"text": "a", "score": 0.5, "x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4}


def test_a_photo_without_text_is_an_answer_not_a_hole():
    assert text_columns(Reading(())) == {"text": "", "line_count": 0, "score": None, "rotation": 0, "lines": []}


def test_a_reply_is_a_reading_again():
    future: Future[Reply] = Future()
    future.set_result(Reply({"rotation": 180, "lines": [{"text": "a", "score": 1.0, "box": [0, 0, 1, 1]}]}, []))
    assert reading_of(future) == Reading((ReadLine("a", 1.0, (0, 0, 1, 1)),), 180)


def test_a_worker_whose_reader_cannot_be_loaded_says_so_for_every_picture():
    worker = TextWorker({"provider": "no such reader"})
    with pytest.raises(ProviderUnavailable, match="no such reader"):
        worker.handle({}, [memoryview(jpeg(coded("x")))])


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"%PDF-1.4", jpeg(coded("x"))[:300]], ids=["none", "gif", "pdf", "cut"]
)
def test_what_is_no_rendition_is_not_decoded(data):
    with pytest.raises(ValueError, match="rendition"):
        decode(data)


def test_a_picture_larger_than_any_rendition_is_not_decoded():
    side = int(PIXELS_MAX**0.5) + 8
    with pytest.raises(ValueError, match="larger than any rendition"):
        decode(jpeg(np.zeros((side, side, 3), np.uint8)))
