"""The index between processes: writers beside readers, writers that die, moved folders, ten thousand entries."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.domain.filters import parse
from darkroom.sdk.stores import Entry, IndexUnavailable, Parts
from darkroom.stores import vectors
from darkroom.stores.vectors import LanceVectors
from darkroom.testing.album import MINE, THEIRS, entry

DOCUMENT = Parts(document=True)

WRITER = """
import sys
from pathlib import Path
from darkroom.stores.vectors import LanceVectors
from darkroom.testing.album import entry

folder, name, rounds, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = LanceVectors(folder)
for number in range(rounds):
    store.upsert([entry(f"{name}-{number}-{place}", f"beach {name} round{number}") for place in range(size)])
    print(number, flush=True)
"""


def writer(folder: Path, name: str, rounds: int, size: int = 20) -> subprocess.Popen[str]:
    """Starts a process that upserts `rounds` times and says each round's number when it is written."""
    command = [sys.executable, "-c", WRITER, str(folder), name, str(rounds), str(size)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_two_processes_create_and_write_while_a_third_reads(tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    writers = [writer(folder, name, rounds=5) for name in ("ada", "bob")]
    reader = LanceVectors(folder)
    for number in range(5):
        for process, name in zip(writers, ("ada", "bob"), strict=True):
            assert said(process) == str(number)
            found = reader.search_words(f"{name} round{number}", libraries=[MINE], limit=20, parts=DOCUMENT)
            held = [{name, f"round{number}"} <= set(hit.document.split()) for hit in found]
            assert held == [True] * 20, "a commit is seen at once"
    assert [process.wait(30) for process in writers] == [0, 0]
    assert len(set(reader.photo_ids([MINE]))) == 200
    assert len(reader.search_words("beach", libraries=[MINE], limit=1000)) == 200


def test_writers_and_upkeep_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    keeper = LanceVectors(folder)
    process = writer(folder, "ada", rounds=12)
    for number in range(12):
        assert said(process) == str(number)
        assert keeper.upkeep()
    assert process.wait(30) == 0
    assert len(keeper.search_words("beach", libraries=[MINE], limit=1000)) == 240


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_killed_writer_leaves_whole_commits_and_a_usable_index(tmp_path: Path, after: int) -> None:
    folder = tmp_path / "vectors"
    process = writer(folder, "ada", rounds=1000, size=200)
    for _ in range(after):
        said(process)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    store = LanceVectors(folder)
    kept = list(store.photo_ids([MINE]))
    assert len(kept) % 200 == 0
    assert len(kept) >= 200 * after
    assert len(store.search_words("beach", libraries=[MINE], limit=100_000)) == len(kept)
    store.upsert([entry("later", "beach")])
    assert store.upkeep()
    assert len(store.search_words("beach", libraries=[MINE], limit=100_000)) == len(kept) + 1


def test_a_moved_index_says_the_same(tmp_path: Path) -> None:
    before = LanceVectors(tmp_path / "before")
    before.add_space("visual", 2)
    before.upsert([entry("a", "beach"), entry("b", "harbour")])
    before.upkeep()
    before.flip("now", "visual")
    shutil.move(tmp_path / "before", tmp_path / "a new place")
    after = LanceVectors(tmp_path / "a new place")
    assert [hit.photo_id for hit in after.search_words("harbour", libraries=[MINE], limit=5)] == ["b"]
    after.upsert([entry("c", "harbour")])
    assert [hit.photo_id for hit in after.search_words("harbour", libraries=[MINE], limit=5)] == ["b", "c"]
    assert after.search_vector("now", [1.0, 0.0], libraries=[MINE], limit=5) == []
    assert not (tmp_path / "before").exists()


def test_a_destroyed_index_is_unavailable_and_never_a_wrong_answer(tmp_path: Path) -> None:
    store = LanceVectors(tmp_path / "vectors")
    store.upsert([entry("a", "beach")])
    assert len(store.search_words("beach", libraries=[MINE], limit=5)) == 1
    for file in (tmp_path / "vectors").rglob("*.lance"):
        if file.is_file():
            file.write_bytes(b"broken")
    with pytest.raises(IndexUnavailable):
        LanceVectors(tmp_path / "vectors").search_words("beach", libraries=[MINE], limit=5)


def test_an_index_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexUnavailable):
        LanceVectors(tmp_path / "file").search_words("beach", libraries=[MINE], limit=5)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> LanceVectors:
    """Ten thousand entries, three quarters of them in the word index, one in a thousand with five stars."""
    chance = random.Random(7)
    store = LanceVectors(tmp_path_factory.mktemp("crowd"))
    made = []
    for number in range(10_000):
        text = f"photo word{chance.randrange(50)} word{chance.randrange(50)} unique{number}"
        made.append(entry(f"p{number:05d}", text, library_id=THEIRS if number % 10 == 3 else MINE))
    store.upsert(made[:7500])
    store.upkeep()
    store.upsert(made[7500:])
    store.patch({f"p{number:05d}": {"rating": 5.0} for number in range(0, 10_000, 1000)})
    store.patch({f"p{number:05d}": {"camera_make": "canon"} for number in range(0, 10_000, 10)})
    return store


def test_ten_thousand_entries_are_all_found(crowd: LanceVectors) -> None:
    assert len(list(crowd.photo_ids([MINE, THEIRS]))) == 10_000
    assert len(crowd.search_words("photo", libraries=[MINE, THEIRS], limit=20_000)) == 10_000
    assert len(crowd.search_words("photo", libraries=[THEIRS], limit=20_000)) == 1000
    for number in (0, 1234, 7499, 7500, 9999):
        found = crowd.search_words(f"unique{number}", libraries=[MINE, THEIRS], limit=5)
        assert [hit.photo_id for hit in found] == [f"p{number:05d}"]


@pytest.mark.parametrize(("filter", "share"), [("camera.make = canon", 10), ("rating = 5", 1000)])
def test_no_match_is_lost_under_a_filter(crowd: LanceVectors, filter: str, share: int) -> None:
    wanted = {f"p{number:05d}" for number in range(0, 10_000, share)}
    accepted = crowd.search_filter(libraries=[MINE, THEIRS], limit=20_000, filter=parse(filter))
    assert {hit.photo_id for hit in accepted} == wanted
    found = crowd.search_words("photo", libraries=[MINE, THEIRS], limit=len(wanted), filter=parse(filter))
    assert {hit.photo_id for hit in found} == wanted


def test_the_ranking_under_a_filter_is_the_ranking_without_the_others(crowd: LanceVectors) -> None:
    everything = crowd.search_words("word3 word4", libraries=[MINE], limit=20_000, parts=DOCUMENT)
    canon = {
        hit.photo_id for hit in crowd.search_filter(libraries=[MINE], limit=20_000, filter=parse("camera.make = canon"))
    }
    filtered = crowd.search_words("word3 word4", libraries=[MINE], limit=20_000, filter=parse("camera.make = canon"))
    expected = [hit for hit in everything if hit.photo_id in canon]
    assert len(filtered) == len(expected) > 20
    both = [hit.photo_id for hit in expected if {"word3", "word4"} <= set(hit.document.split())]
    assert both
    assert sorted(hit.photo_id for hit in filtered[: len(both)]) == sorted(both)
    # LanceDB counts words a little differently for entries that upkeep has not taken in yet.
    for one, other in zip(filtered, expected, strict=True):
        assert one.score == pytest.approx(other.score, rel=0.05)


def test_an_index_of_an_older_release_gains_its_missing_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vectors.schema()
    with monkeypatch.context() as older:
        older.setattr(vectors, "schema", lambda: whole.remove(whole.get_field_index("rating")))
        LanceVectors(tmp_path / "vectors").upsert([Entry("a", MINE, {"text": "beach"})])
    store = LanceVectors(tmp_path / "vectors")
    assert [hit.photo_id for hit in store.search_words("beach", libraries=[MINE], limit=5)] == ["a"]
    store.patch({"a": {"rating": 5.0}})
    assert len(store.search_filter(libraries=[MINE], limit=5, filter=parse("rating = 5"))) == 1
