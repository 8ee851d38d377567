"""What only serving can tell of photos: few that match are named to the index, of many the end is not claimed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from darkroom.domain.fields import FilterField
from darkroom.domain.filters import Filter, parse
from darkroom.domain.matching import matches
from darkroom.domain.words import query_words
from darkroom.services import search
from darkroom.services.search import Query, Results, SearchService
from darkroom.testing.album import MINE, THEIRS, entry
from darkroom.testing.searching import MemoryServing
from darkroom.testing.vectors import MemoryVectors

BEST = 700
"""Photos that answer best and do not match."""
DEEPEST, MOST_NAMED = 400, 30


class ScopeVectors(MemoryVectors):
    """Remembers which photos were named to it, and how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.named: list[Sequence[str] | None] = []

    def search_words(self, words, *, among=None, **scope):
        self.named.append(among)
        return super().search_words(words, among=among, **scope)


@dataclass
class Library:
    """Photos with a path and stars each, in serving and in the index; the index holds the stars only."""

    index: ScopeVectors = field(default_factory=ScopeVectors)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, photo_id: str, path: str, title: str, rating: int = 0, library_id: str = MINE) -> None:
        """A photo: the longer its title, the worse it answers a word of it."""
        made = entry(photo_id, library_id=library_id, title=title)
        self.index.upsert([replace(made, properties={"rating": float(rating)})])
        if library_id == MINE:
            self.known[photo_id] = {"path": [path], "rating": float(rating)}

    def serving(self, filter: Filter | None, faces: dict[str, Collection[str]] | None = None) -> MemoryServing:
        """Serving as a caller sees it, restricted by this filter."""

        def shown(photo_id: str) -> bool:
            def value(one: FilterField) -> Any:
                return self.known[photo_id][one.name]

            return photo_id in self.known and matches(filter, value)

        return MemoryServing(shown, faces=faces, person_id="anna" if faces else None, photos=list(self.known))

    def ask(self, filter: str = "", faces: dict[str, Collection[str]] | None = None, number: int = 100) -> Results:
        """The first page of a search for a word that every photo holds."""
        parsed = parse(filter)
        query = Query(query_words("sunset"), parsed, (MINE,), 1, person_id="anna" if faces else None)
        return SearchService(self.index).page(query, self.serving(parsed, faces), 0, number)


def ids(results: Results) -> set[str]:
    return {one.photo_id for one in results.found}


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """So many photos that answer best that the others lie beyond what a search looks at."""
    monkeypatch.setattr(search, "DEEPEST", DEEPEST)
    monkeypatch.setattr(search, "MOST_NAMED", MOST_NAMED, raising=False)
    made = Library()
    for number in range(BEST):
        made.add(f"best{number}", f"elsewhere/{number}.jpg", "sunset", rating=number % 2)
    return made


def receipts(library: Library, number: int, rating: int = 0) -> set[str]:
    """Photos under a path of their own, which answer worse than all others."""
    made = {f"receipt{place}" for place in range(number)}
    for photo_id in made:
        library.add(photo_id, f"receipts/{photo_id}.jpg", "sunset " + "word " * 30, rating)
    return made


def test_few_photos_under_a_path_are_all_found_however_badly_they_answer(library):
    wanted = receipts(library, 12)
    results = library.ask('path = "receipts/*"')
    assert ids(results) == wanted
    assert (results.more, results.cut) == (False, ())
    assert [set(named) for named in library.index.named if named is not None] == [wanted]


def test_as_many_as_may_be_named_are_all_found(library):
    wanted = receipts(library, MOST_NAMED)
    results = library.ask('path = "receipts/*"')
    assert ids(results) == wanted
    assert results.cut == ()


def test_more_than_may_be_named_are_looked_for_and_the_end_is_not_claimed(library):
    receipts(library, MOST_NAMED + 1)
    results = library.ask('path = "receipts/*"')
    assert not results.more
    assert [one.leg for one in results.cut] == ["words"]
    assert set(library.index.named) == {None}


def test_more_than_may_be_named_are_complete_where_the_index_narrows_the_rest(library):
    wanted = receipts(library, MOST_NAMED + 20, rating=5)
    results = library.ask('path = "receipts/*" AND rating = 5')
    assert ids(results) == wanted
    assert (results.more, results.cut) == (False, ())


def test_photos_that_match_by_what_the_index_holds_or_by_what_it_does_not_are_found(library):
    wanted = receipts(library, 5)
    library.add("starred", "elsewhere/starred.jpg", "sunset " + "word " * 30, rating=5)
    results = library.ask('path = "receipts/*" OR rating = 5')
    assert ids(results) == {*wanted, "starred"}
    assert results.cut == ()


def test_photos_that_do_not_match_what_the_index_does_not_hold_are_left_out(library):
    wanted = receipts(library, 5)
    assert ids(library.ask('NOT path = "elsewhere/*"')) == wanted
    assert ids(library.ask('NOT (path = "elsewhere/*" OR rating = 5)')) == wanted
    assert ids(library.ask('NOT path = "elsewhere/*" AND NOT path = "receipts/*"')) == set()


def test_a_persons_photos_and_a_path_are_one_restriction(library):
    wanted = receipts(library, 5)
    faces = {f"best{number}": ["anna"] for number in range(BEST)} | {"receipt1": ["anna"], "receipt3": ["bob"]}
    assert ids(library.ask('path = "receipts/*"', faces)) == {"receipt1"} < wanted


def test_a_person_with_more_photos_than_may_be_named_does_not_claim_the_end(library):
    wanted = receipts(library, MOST_NAMED + 1)
    results = library.ask(faces={photo_id: ["anna"] for photo_id in wanted})
    assert [one.leg for one in results.cut] == ["words"]


def test_another_librarys_photo_is_not_found_although_serving_should_name_it(library):
    library.add("theirs", "receipts/1.jpg", "sunset", library_id=THEIRS)
    library.known["theirs"] = {"path": ["receipts/1.jpg"], "rating": 0.0}
    assert ids(library.ask('path = "receipts/*"')) == set()


def test_serving_is_not_asked_which_photos_match_what_the_index_holds(library, monkeypatch):
    monkeypatch.setattr(MemoryServing, "matching", None)
    for filter in ("", "rating = 1", "NOT (rating = 0 OR rating > 4) AND (rating < 3 OR (rating = 4 AND rating > 3))"):
        assert len(ids(library.ask(filter))) == 100


def test_a_page_before_the_end_is_whole_although_the_list_was_cut(library):
    results = library.ask(number=50)
    assert (len(results.found), results.more, results.cut) == (50, True, ())
    end = library.ask(number=BEST)
    assert (len(end.found), end.more) == (DEEPEST, False)
    assert [one.leg for one in end.cut] == ["words"]


def test_a_list_that_ends_where_the_search_stops_is_whole(library, monkeypatch):
    monkeypatch.setattr(search, "DEEPEST", BEST + 1)
    end = library.ask(number=BEST)
    assert (len(end.found), end.more, end.cut) == (BEST, False, ())


def test_rankings_that_name_many_photos_give_way_to_later_ones(library, monkeypatch):
    receipts(library, 12)
    monkeypatch.setattr(search, "_KEPT", 20)
    service, filters = SearchService(library.index), ("path = receipts/*", "path = receipt*", "path:receipts")
    for filter in (*filters, filters[0]):
        service.page(Query(("nowhere",), parse(filter), (MINE,), 1), library.serving(parse(filter)), 0, 10)
    assert len(library.index.named) == 4
