"""Model processes with the bundled reader: what one picture does to its process is felt by nobody else."""

import os
import signal
from collections.abc import Iterator
from threading import Event
from uuid import uuid4

import pytest

from darkroom.inference.pool import ModelFault, TextPool, reading_of
from darkroom.inference.worker import ProviderUnavailable
from darkroom.services.texts import read_texts
from darkroom.settings import InferenceSettings
from darkroom.testing.readers import jpeg, written
from darkroom.workers.channel import send

PAGE = jpeg(written("ONE LINE", size=48))


@pytest.fixture
def pool() -> Iterator[TextPool]:
    pool = TextPool(InferenceSettings(workers=1, seconds_per_photo=60))
    yield pool
    pool.close()


def text(pool: TextPool) -> str:
    return "\n".join(line.text for line in reading_of(pool.submit(PAGE)).lines)


def test_a_batch_is_read_by_several_processes(pool):
    pictures = {uuid4(): jpeg(written(f"PHOTO NUMBER {n}", size=48)) for n in range(6)}
    with_damage = {**pictures, uuid4(): PAGE[:200]}
    computed = {one.photo_id: one for one in read_texts(pool, list(with_damage), with_damage.get)}
    assert [computed[photo].rows[0]["text"] for photo in pictures] == [f"PHOTO NUMBER {n}" for n in range(6)]
    assert [one.fault[0] for one in computed.values() if one.fault] == ["corrupt"]


def test_a_picture_that_kills_its_process_costs_only_itself(pool, monkeypatch):
    assert text(pool) == "ONE LINE"
    (pid,) = pool._pool.pids()
    os.kill(pid, signal.SIGSTOP)
    handed_over = Event()

    def telling(*args, **options):
        send(*args, **options)
        handed_over.set()

    monkeypatch.setattr("darkroom.workers.process.send", telling)
    lost, next_one = pool.submit(PAGE), pool.submit(PAGE)
    assert handed_over.wait(30)
    os.kill(pid, signal.SIGSEGV)
    os.kill(pid, signal.SIGCONT)
    with pytest.raises(ModelFault, match="SIGSEGV") as fault:
        reading_of(lost)
    assert fault.value.kind == "crashed"
    assert reading_of(next_one).lines[0].text == "ONE LINE"


def test_a_picture_that_hangs_costs_only_itself():
    pool = TextPool(InferenceSettings(workers=1, seconds_per_photo=5))
    try:
        assert text(pool) == "ONE LINE"
        (pid,) = pool._pool.pids()
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(ModelFault, match="took longer than 5 s") as fault:
            reading_of(pool.submit(PAGE))
        assert fault.value.kind == "timeout"
        assert text(pool) == "ONE LINE"
    finally:
        pool.close()


def test_a_reader_that_does_not_exist_fails_loudly_instead_of_failing_every_photo():
    pool = TextPool(InferenceSettings(workers=1, text_reader="surya"))
    try:
        with pytest.raises(ProviderUnavailable, match=r"'surya'.*installed: "):
            list(read_texts(pool, [uuid4()], lambda _: PAGE))
    finally:
        pool.close()
