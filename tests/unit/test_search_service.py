"""The search service over the index in memory: depth, visibility, order, rankings that only grow, threads."""

import threading
import time
import uuid
from collections.abc import Sequence

import pytest

from darkroom.domain.filters import parse
from darkroom.domain.words import query_words
from darkroom.sdk.stores import Hit, IndexUnavailable
from darkroom.services.ranking import Found
from darkroom.services.reasons import reasons
from darkroom.services.search import AT_ONCE, DEEPEST, FIRST_DEPTH, Query, Results, SearchService
from darkroom.testing.album import MINE, entry
from darkroom.testing.searching import MemoryServing
from darkroom.testing.vectors import MemoryVectors


class CountingVectors(MemoryVectors):
    """Remembers how deep it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.depths: list[int] = []

    def search_words(self, words, *, limit, among=None, **scope) -> list[Hit]:
        if among is None:
            self.depths.append(limit)
        return super().search_words(words, limit=limit, among=among, **scope)


@pytest.fixture
def index() -> CountingVectors:
    return CountingVectors()


def asked(text: str, epoch: int = 1, filter: str = "") -> Query:
    return Query(query_words(text), parse(filter), (MINE,), epoch)


everything = MemoryServing()


def shown(results: Results) -> tuple[list[Found], bool]:
    return results.found, results.more


def ids(found: Sequence[Found]) -> list[str]:
    return [one.photo_id for one in found]


def test_invisible_candidates_are_skipped_however_many_come_first(index):
    index.upsert([entry(f"ghost{number}", "sunset sunset sunset") for number in range(2000)])
    index.upsert([entry(f"real{number}", "sunset") for number in range(3)])
    serving = MemoryServing(lambda photo_id: photo_id.startswith("real"))
    found, more = shown(SearchService(index).page(asked("sunset"), serving, 0, 10))
    assert ids(found) == ["real0", "real1", "real2"]
    assert not more
    assert index.depths == sorted(set(index.depths))
    assert index.depths[0] == FIRST_DEPTH


def test_one_page_of_a_common_word_asks_once(index):
    index.upsert([entry(f"p{number:04d}", "sunset") for number in range(1000)])
    found, more = shown(SearchService(index).page(asked("sunset"), everything, 0, 20))
    assert len(found) == 20
    assert more
    assert index.depths == [FIRST_DEPTH]


def test_deep_pages_skip_and_repeat_nothing_and_never_rise(index):
    index.upsert([entry(f"p{number:04d}", "sunset " * (1 + number % 5) + "x " * (number % 7)) for number in range(900)])
    service = SearchService(index)
    found: list[Found] = []
    more = True
    while more:
        page, more = shown(service.page(asked("sunset x"), everything, len(found), 70))
        found += page
    assert len(found) == len(set(ids(found))) == 900
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_a_ranking_is_kept_while_the_index_changes(index):
    index.upsert([entry(f"p{number}", "sunset") for number in range(10)])
    service = SearchService(index)
    first, _ = shown(service.page(asked("sunset"), everything, 0, 5))
    index.upsert([entry(f"a{number}", "sunset sunset") for number in range(10)])
    second, more = shown(service.page(asked("sunset"), everything, 5, 5))
    assert sorted(ids(first) + ids(second)) == [f"p{number}" for number in range(10)]
    assert not more
    newer, _ = shown(service.page(asked("sunset", epoch=2), everything, 0, 50))
    assert len(newer) == 20


def test_candidates_that_answer_too_little_end_the_search(index):
    index.upsert([entry(f"p{number:05d}", "img") for number in range(3000)])
    index.upsert([entry("wanted", "harbour sunset")])
    found, more = shown(SearchService(index).page(asked("img harbour sunset"), everything, 0, 10))
    assert ids(found) == ["wanted"]
    assert not more
    assert max(index.depths) < 3000


def test_nothing_is_asked_without_words_or_libraries(index):
    service = SearchService(index)
    assert shown(service.page(asked("!!"), everything, 0, 10)) == ([], False)
    assert shown(service.page(Query(("sunset",), None, (), 1), everything, 0, 10)) == ([], False)
    assert index.depths == []


def test_the_deepest_page_is_bounded(index):
    service = SearchService(index)
    index.upsert([entry("p", "sunset")])
    assert shown(service.page(asked("sunset"), everything, 10**9, 10)) == ([], False)
    assert max(index.depths) <= DEEPEST


def test_an_unavailable_index_is_told_and_tried_again(index):
    index.upsert([entry("p", "sunset")])
    service = SearchService(index)
    index.available = False
    with pytest.raises(IndexUnavailable):
        service.page(asked("sunset"), everything, 0, 10)
    index.available = True
    found, _ = shown(service.page(asked("sunset"), everything, 0, 10))
    assert ids(found) == ["p"]


def test_queries_with_another_filter_or_library_share_nothing(index):
    index.upsert([entry("p", "sunset")])
    service = SearchService(index)
    assert shown(service.page(asked("sunset", filter="rating = 5"), everything, 0, 10)) == ([], False)
    assert ids(service.page(asked("sunset"), everything, 0, 10).found) == ["p"]
    assert shown(service.page(Query(("sunset",), None, (str(uuid.UUID(int=5)),), 1), everything, 0, 10)) == ([], False)


def test_threads_asking_the_same_see_the_same(index):
    index.upsert([entry(f"p{number:04d}", "sunset") for number in range(1200)])
    service = SearchService(index)
    seen: list[list[str]] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        found, _ = shown(service.page(asked("sunset"), everything, 0, 800))
        seen.append(ids(found))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert all(one == seen[0] for one in seen)
    assert len(index.depths) == 1


def test_no_more_searches_ask_the_index_at_once_than_there_are_cores_and_a_failure_gives_its_turn_back(index):
    class Slow(CountingVectors):
        asking = most = 0
        lock = threading.Lock()

        def search_words(self, words, **scope) -> list[Hit]:
            with self.lock:
                self.asking += 1
                self.most = max(self.most, self.asking)
            time.sleep(0.05)
            with self.lock:
                self.asking -= 1
            return super().search_words(words, **scope)

    slow = Slow()
    service = SearchService(slow)
    slow.available = False
    for number in range(AT_ONCE + 1):
        with pytest.raises(IndexUnavailable):
            service.page(asked(f"word{number}"), everything, 0, 10)
    slow.available = True
    threads = [
        threading.Thread(target=service.page, args=(asked(f"word{number}"), everything, 0, 10))
        for number in range(4 * AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slow.most == AT_ONCE


def test_missing_outputs_are_counted_once_per_epoch(index):
    counts: list[int] = []

    def count() -> dict[str, int]:
        counts.append(1)
        return {"index": 3}

    service = SearchService(index)
    assert [service.missing(asked("sunset"), count), service.missing(asked("other"), count)] == [{"index": 3}] * 2
    assert len(counts) == 1
    assert service.missing(asked("sunset", epoch=2), count) == {"index": 3}
    assert len(counts) == 2


def test_reasons_name_each_property_best_first():
    known = {"title": "Harbour", "text": "harbour at sunset", "description": "nothing"}
    found = Found("p", 1.0, ("harbour", "sunset"))
    made = reasons(asked("harbour sunset"), found, known, [])
    assert [(reason.kind, reason.detail) for reason in made] == [
        ("words", "harbour, sunset in text"),
        ("words", "harbour in title"),
    ]
    assert made[0].score == 1.0 > made[1].score > 0
    assert made[1].excerpt is not None
    assert made[1].excerpt.spans == ((0, 7),)
