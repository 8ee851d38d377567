"""Legs together: each finds by itself, two agree to more than either, one that is missing leaves the others."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from darkroom.domain.calibration import Calibration
from darkroom.domain.filters import parse
from darkroom.domain.words import normalise, query_words
from darkroom.sdk.stores import NO_PARTS, Entry, Hit, IndexUnavailable
from darkroom.services import search
from darkroom.services.ranking import Found, Lacking
from darkroom.services.reasons import reasons
from darkroom.services.search import FIRST_DEPTH, Example, Query, SearchService
from darkroom.testing.album import MINE
from darkroom.testing.searching import FakeMeanings, MemoryServing, vector_of
from darkroom.testing.vectors import MemoryVectors


class Alike:
    """Pictures of two numbers."""

    calibration = Calibration(middles=(0.8,), width=0.05, cut_off=0.5)
    space = "visual_fake"


class CountingVectors(MemoryVectors):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lists = self.fetches = 0

    def search_words(self, words, **scope) -> list[Hit]:
        self.lists += 1
        return super().search_words(words, **scope)

    def search_vector(self, space, vector, **scope) -> list[Hit]:
        self.lists += 1
        return super().search_vector(space, vector, **scope)

    def fetch(self, photo_ids, parts=NO_PARTS) -> list[Hit]:
        self.fetches += 1
        return super().fetch(photo_ids, parts)


@pytest.fixture
def index() -> CountingVectors:
    store = CountingVectors()
    store.add_space("document_fake", 64)
    store.add_space("visual_fake", 2)
    return store


@pytest.fixture
def service(index) -> SearchService:
    return SearchService(index, FakeMeanings(), Alike())


def photo(photo_id: str, title: str = "", meant: str = "", look: tuple[float, float] | None = None, **values) -> Entry:
    """An entry whose document means `meant`, whatever its words are."""
    vectors = {"document_fake": vector_of(meant)} if meant else {}
    vectors |= {"visual_fake": look} if look else {}
    return Entry(photo_id, MINE, {"title": normalise(title)} if title else {}, values, vectors)


def asked(
    text: str = "", example: tuple[float, float] | Example | None = None, filter: str = "", person_id: str | None = None
) -> Query:
    like = Example("key", example) if isinstance(example, tuple) else example
    return Query(query_words(text), parse(filter), (MINE,), 1, text, like, person_id)


def found(service: SearchService, query: Query, serving: MemoryServing | None = None) -> dict[str, Found]:
    return {one.photo_id: one for one in service.page(query, serving or MemoryServing(), 0, 100).found}


def test_each_leg_finds_by_itself(index, service):
    index.upsert(
        [
            photo("written", title="sunset harbour"),
            photo("meant", title="dusk", meant="sunset harbour"),
            photo("alike", look=(1.0, 0.1)),
            photo("other", title="receipt", meant="receipt", look=(0.0, 1.0)),
        ]
    )
    serving = MemoryServing(people={"anna": "Anna Berg"}, faces={"face": ["anna"]})
    hits = found(service, asked("sunset harbour"))
    assert set(hits) == {"written", "meant"}
    assert hits["written"].matched == ("sunset", "harbour")
    assert hits["meant"].meaning > 0.5 and not hits["meant"].matched
    assert set(found(service, asked(example=(1.0, 0.0)))) == {"alike"}
    assert found(service, replace(asked("anna"), epoch=2), serving)["face"].named == ("anna",)


def test_what_two_legs_find_stands_above_what_either_found(index, service):
    index.upsert(
        [
            photo("both", title="sunset", meant="sunset", look=(1.0, 0.4)),
            photo("words", title="sunset"),
            photo("meaning", title="dusk", meant="sunset"),
            photo("look", look=(1.0, 0.4)),
        ]
    )
    hits = found(service, asked("sunset harbour", example=(1.0, 0.0)))
    assert next(iter(hits)) == "both"
    assert all(hits["both"].score > hits[one].score for one in ("words", "look"))
    assert [one.score for one in hits.values()] == sorted((one.score for one in hits.values()), reverse=True)
    assert all(0 < one.score <= 1 for one in hits.values())


def test_a_name_and_a_word_answer_together(index, service):
    index.upsert(
        [photo("anna there", title="beach"), photo("anna", title="kitchen"), photo("bob there", title="beach")]
    )
    serving = MemoryServing(
        people={"1": "Anna", "2": "Bob"}, faces={"anna there": ["1"], "anna": ["1"], "bob there": ["2"]}
    )
    hits = found(service, asked("anna beach"), serving)
    assert next(iter(hits)) == "anna there"
    assert (hits["anna there"].matched, hits["anna there"].named) == (("beach",), ("anna",))
    assert hits["anna there"].score > hits["bob there"].score
    assert found(service, asked("annas"), serving) == {}


def test_every_leg_judges_what_one_of_them_has_listed_at_one_question_to_each(index, service):
    index.upsert([photo(f"p{number:04d}", title="sunset sunset", meant="x") for number in range(FIRST_DEPTH * 5)])
    index.upsert([photo("deep", title="sunset " + "word " * 30, meant="sunset", look=(1.0, 0.0))])
    hits = found(service, asked("sunset harbour", example=(1.0, 0.0)))
    assert hits["deep"].matched == ("sunset",)
    assert next(iter(hits)) == "deep"
    assert hits["deep"].meaning > 0.5 < hits["deep"].look
    assert (index.lists, index.fetches) == (3, 0)


def test_a_photo_that_only_a_leg_outside_the_index_lists_is_fetched_for_the_others(index, service):
    index.upsert([photo(f"p{number:04d}", title="beach") for number in range(FIRST_DEPTH * 5)])
    index.upsert([photo("z", title="with anna at the beach " + "word " * 30, meant="anna beach")])
    hits = found(service, asked("anna beach"), MemoryServing(people={"1": "Anna"}, faces={"z": ["1"], "gone": ["1"]}))
    assert (hits["z"].matched, hits["z"].named) == (("anna", "beach"), ("anna",))
    assert hits["z"].meaning > 0.5
    assert hits["gone"].named == ("anna",)
    assert index.fetches == 1


def test_words_of_a_photo_that_no_list_of_words_has_reached_count_less_than_those_of_any_listed(index, service):
    listed = [photo(f"p{n:04d}", title="sunset " + "x " * (n % 9), meant="x") for n in range(FIRST_DEPTH * 5)]
    index.upsert([*listed, photo("deep", title="sunset " + "word " * 30, meant="sunset")])
    by_words = found(SearchService(index), asked("sunset"))
    assert "deep" not in by_words
    deep = found(service, asked("sunset"))["deep"]
    assert deep.matched == ("sunset",)
    assert 0.6 < 1 - (1 - deep.score) / (1 - deep.meaning) < min(one.score for one in by_words.values())


def test_every_page_asks_the_serving_of_its_own_request(index, service):
    """A ranking outlives the request that began it, whose connection is closed then."""

    class OnePage(MemoryServing):
        over = False

        def photos_of(self, person_ids, limit):
            assert not self.over
            return super().photos_of(person_ids, limit)

        def people_in(self, photo_ids, person_ids):
            assert not self.over
            return super().people_in(photo_ids, person_ids)

    index.upsert([photo(f"p{n:04d}", title="beach") for n in range(500)])
    faces = {f"p{n:04d}": ["1"] for n in range(500)}
    pages: list[str] = []
    while len(pages) < 500:
        serving = OnePage(people={"1": "Anna"}, faces=faces)
        pages += [one.photo_id for one in service.page(asked("anna"), serving, len(pages), 50).found]
        serving.over = True
    assert len(set(pages)) == 500


def test_a_search_that_failed_half_way_finds_everything_when_it_is_asked_again(index, service):
    index.upsert([photo("a", title="beach", meant="anna beach"), photo("b", title="beach")])
    serving = MemoryServing(people={"1": "Anna"}, faces={"gone": ["1"], "a": ["1"]})
    fetch = index.fetch
    index.fetch = Mock(side_effect=IndexUnavailable("away"))
    with pytest.raises(IndexUnavailable):
        found(service, asked("anna beach"), serving)
    index.fetch = fetch
    assert set(found(service, asked("anna beach"), serving)) == {"a", "b", "gone"}


def test_lists_deeper_than_what_is_brought_find_the_same(index, service, monkeypatch):
    index.upsert(
        [
            photo(
                f"p{n:04d}", title="sunset " + "x " * (n % 7), meant="sunset x" if n % 2 else "x", look=(1.0, n / 900)
            )
            for n in range(700)
        ]
    )
    query = asked("sunset x", example=(1.0, 0.0))
    brought = service.page(query, MemoryServing(), 0, 600).found
    monkeypatch.setattr(search, "_BROUGHT", 50)
    fetched = SearchService(index, FakeMeanings(), Alike()).page(query, MemoryServing(), 0, 600).found
    assert fetched == brought
    assert index.fetches > 10


def test_pages_of_two_legs_skip_and_repeat_nothing_and_never_rise(index, service):
    index.upsert(
        [
            photo(f"p{n:04d}", title="sunset " + "x " * (n % 9), look=(1.0, 0.5 + n / 4000) if n % 3 else None)
            for n in range(700)
        ]
    )
    query, pages, more = asked("sunset", example=(1.0, 0.0)), [], True
    while more:
        page = service.page(query, MemoryServing(), len(pages), 60)
        pages, more = pages + page.found, page.more
    assert len(pages) == len({one.photo_id for one in pages}) == 700
    assert [one.score for one in pages] == sorted((one.score for one in pages), reverse=True)


def test_nothing_relevant_is_an_answer_of_every_leg(index, service):
    index.upsert([photo("a", title="receipt", meant="receipt", look=(0.0, 1.0))])
    assert found(service, asked("sunset", example=(1.0, 0.0))) == {}
    assert found(service, asked("🎂")) == {}


def test_an_example_does_not_find_itself(index, service):
    index.upsert([photo("a", look=(1.0, 0.0)), photo("b", look=(1.0, 0.1))])
    query = asked(example=(1.0, 0.0))
    assert set(found(service, query)) == {"a", "b"}
    mine = replace(query, example=Example("photo a", photo_id="a"))
    assert set(found(service, mine)) == {"b"}


def test_an_example_photo_without_a_vector_is_told_and_words_still_find(index, service):
    index.upsert([photo("a", title="sunset"), photo("b", title="sunset", look=(1.0, 0.0))])
    results = service.page(asked("sunset", example=Example("photo a", photo_id="a")), MemoryServing(), 0, 10)
    assert [one.photo_id for one in results.found] == ["b"]
    assert [one.leg for one in results.lacking] == ["look"]


def test_a_filter_holds_for_every_leg(index, service):
    for number, stars in enumerate((1.0, 5.0)):
        index.upsert([photo(f"{number}", title="sunset", meant="sunset", look=(1.0, 0.0), rating=stars)])
    assert set(found(service, asked("sunset", example=(1.0, 0.0), filter="rating = 5"))) == {"1"}


@pytest.mark.parametrize("photos", [10, 305])
def test_a_person_restricts_every_leg_however_many_photos_they_have(index, service, monkeypatch, photos):
    monkeypatch.setattr(search, "MOST_NAMED", 300)
    index.upsert([photo(f"p{number:04d}", title="beach") for number in range(photos)])
    index.upsert([photo(f"q{number:04d}", title="beach beach beach") for number in range(300)])
    serving = MemoryServing(faces={f"p{number:04d}": ["anna"] for number in range(photos)}, person_id="anna")
    hits = found(service, asked("beach", person_id="anna"), serving)
    assert len(hits) == min(photos, 100)
    assert {one[0] for one in hits} == {"p"}


def test_meaning_that_is_not_there_is_told_and_words_still_find(index):
    meanings = FakeMeanings()
    meanings.fault = "its model cannot be loaded"
    index.upsert([photo("a", title="sunset")])
    results = SearchService(index, meanings, Alike()).page(asked("sunset"), MemoryServing(), 0, 10)
    assert [one.photo_id for one in results.found] == ["a"]
    assert results.lacking == (Lacking("meaning", "its model cannot be loaded"),)


def test_a_first_page_asks_a_leg_again_that_could_not_answer_and_later_pages_go_on_as_they_began(index):
    meanings = FakeMeanings()
    service = SearchService(index, meanings, Alike())
    index.upsert([photo(f"w{number}", title="sunset " * (1 + number)) for number in range(4)])
    index.upsert([photo("meant", title="dusk", meant="sunset")])
    meanings.fault = "its model cannot be loaded"
    first = service.page(asked("sunset"), MemoryServing(), 0, 2)
    meanings.fault = None
    counted = service.page(asked("sunset"), MemoryServing(), 0, 100, anew=False)
    later = service.page(asked("sunset"), MemoryServing(), 2, 2)
    assert {one.leg for one in (*first.lacking, *later.lacking, *counted.lacking)} == {"meaning"}
    walked = [one.photo_id for one in (*first.found, *later.found)]
    assert walked == [one.photo_id for one in counted.found] and set(walked) == {"w0", "w1", "w2", "w3"}
    again = service.page(asked("sunset"), MemoryServing(), 0, 100)
    assert again.lacking == ()
    assert {one.photo_id for one in again.found} == {*walked, "meant"}
    lists = index.lists
    assert service.page(asked("sunset"), MemoryServing(), 0, 100).found == again.found
    assert index.lists == lists


def test_a_space_the_index_has_not_is_told_and_words_still_find(index):
    index.upsert([photo("a", title="sunset")])
    service = SearchService(index, FakeMeanings("document_newer"), Alike())
    for _ in range(2):
        results = service.page(asked("sunset"), MemoryServing(), 0, 10)
        assert [one.photo_id for one in results.found] == ["a"]
        (lacking,) = results.lacking
        assert lacking.leg == "meaning" and "document_newer" in lacking.reason


def test_an_example_nobody_can_compare_is_told(index):
    results = SearchService(index).page(asked(example=(1.0, 0.0)), MemoryServing(), 0, 10)
    assert (results.found, results.more) == ([], False)
    assert [one.leg for one in results.lacking] == ["look"]


def test_stages_say_how_long_they_took(index, service):
    index.upsert([photo("a", title="sunset")])
    results = service.page(asked("sunset"), MemoryServing(), 0, 10)
    assert {"person", "embed", "words", "meaning", "serving"} <= set(results.milliseconds)
    assert all(took >= 0 for took in results.milliseconds.values())


def test_reasons_name_every_leg_that_found_it(index, service):
    index.upsert([photo("a", title="beach at sunset", meant="anna beach", look=(1.0, 0.2))])
    serving = MemoryServing(people={"1": "Anna Berg"}, faces={"a": ["1"]})
    query = asked("anna beach", example=(1.0, 0.0))
    (hit,) = found(service, query, serving).values()
    made = reasons(query, hit, {"title": "Beach at sunset"}, [], ["Anna Berg"])
    assert {reason.kind: reason.detail for reason in made} == {
        "words": "beach in title",
        "person": "Anna Berg",
        "meaning": "its texts mean alike",
        "look": "it looks alike",
    }
    assert [reason.score for reason in made] == sorted((reason.score for reason in made), reverse=True)
    assert all(0 < reason.score <= 1 for reason in made)
    assert hit.score > 0.9


def test_names_are_asked_for_once_per_epoch(index, service):
    class Counting(MemoryServing):
        asked = 0

        def names(self):
            Counting.asked += 1
            return super().names()

    serving = Counting(people={"1": "Anna"}, faces={"a": ["1"]})
    for text in ("anna", "berta", "anna beach"):
        found(service, asked(text), serving)
    assert Counting.asked == 1
    found(service, replace(asked("anna"), epoch=2), serving)
    assert Counting.asked == 2


def test_a_leg_that_fails_leaves_the_others_in_every_combination(index, service):
    """Legs are asked in threads: whichever ends first, the answer is the same."""
    index.upsert([photo("a", title="sunset", meant="sunset", look=(1.0, 0.0))])
    broken = SearchService(index, FakeMeanings("document_newer"), Alike())
    for epoch in range(20):
        query = replace(asked("sunset", example=(1.0, 0.0)), epoch=epoch)
        results = broken.page(query, MemoryServing(), 0, 10)
        assert [one.photo_id for one in results.found] == ["a"]
        assert [one.leg for one in results.lacking] == ["meaning"]
        assert results.legs == ("words", "look")


def test_of_photos_with_the_same_words_those_where_they_stand_as_asked_come_first(index, service):
    index.upsert([photo("a", title="old town hall bridge"), photo("b", title="the old bridge by the town hall, again")])
    hits = found(service, asked("old bridge"))
    assert list(hits) == ["b", "a"]
    assert hits["b"].score > hits["a"].score > 0.7


def test_a_name_and_a_word_answer_wholly_though_they_stand_nowhere_together(index, service):
    index.upsert([photo("anna there", title="beach"), photo("other", title="kitchen")])
    serving = MemoryServing(people={"1": "Anna"}, faces={"anna there": ["1"]})
    hits = found(service, asked("anna beach"), serving)
    assert hits["anna there"].score == 1.0
