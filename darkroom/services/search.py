"""Searching: candidates from the index, kept where serving knows them, scored, cut off and explained.

Belongs here: how deep the index is asked, ranking, paging through one ranking, reasons. Does not belong here: SQL (the
caller says which photos it may see), words (`domain.words`), scores (`domain.scoring`), the wire (`api`).

A ranking belongs to a publish epoch and only ever grows at its end, so that pages neither skip nor repeat a photo.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from darkroom.domain.excerpts import Excerpt, excerpt
from darkroom.domain.filters import Filter
from darkroom.domain.scoring import RELEVANT, coverage, score
from darkroom.domain.words import highlights, words
from darkroom.sdk.stores import VectorStore
from darkroom.services.documents import readable

LONGEST_TEXT = 500
"""Characters a query may have."""
FIRST_DEPTH = 256
DEEPEST = 20_000
"""Candidates asked of the index at first, and at most: invisible and irrelevant ones are among them."""
_DEEPER = 4
_KEPT = 200_000
_CALLERS_KEPT = 1000

Visible = Callable[[Sequence[str]], Collection[str]]
"""Which of these photos the caller may see at the query's epoch and its filter accepts, as serving says."""


@dataclass(frozen=True)
class Query:
    """What is asked: normalised words, the filter, whose libraries, and the publish epoch it looks at."""

    words: tuple[str, ...]
    filter: Filter | None
    libraries: tuple[str, ...]
    epoch: int


@dataclass(frozen=True)
class Found:
    """A photo in a ranking: its score in 0..1 and the words of the query it has."""

    photo_id: str
    score: float
    matched: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """Why a photo was found: words in a property of its document. `score` is their share of the query, 0..1."""

    property: str | None
    words: tuple[str, ...]
    score: float
    excerpt: Excerpt | None


@dataclass
class _Ranking:
    found: list[Found] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    depth: int = 0
    best: float = 0.0
    complete: bool = False
    lock: Lock = field(default_factory=Lock)


class SearchService:
    """Searches by words. Safe to share between threads; keeps recent rankings, so that later pages cost little."""

    def __init__(self, index: VectorStore) -> None:
        self._index = index
        self._lock = Lock()
        self._rankings: OrderedDict[Query, _Ranking] = OrderedDict()
        self._lacking: OrderedDict[tuple[str, ...], tuple[int, int]] = OrderedDict()

    def page(self, query: Query, visible: Visible, start: int, number: int) -> tuple[list[Found], bool]:
        """Results `start` to `start + number` of a query, best first, and whether there are more.

        Raises `IndexUnavailable`. A query without words finds nothing.
        """
        if not query.words or not query.libraries:
            return [], False
        ranking = self._ranking(query)
        with ranking.lock:
            while not ranking.complete and len(ranking.found) <= start + number:
                self._deepen(query, ranking, visible, start + number)
            return ranking.found[start : start + number], len(ranking.found) > start + number

    def lacking(self, query: Query, count: Callable[[], int]) -> int:
        """How many photos the index lacks, by `count`, which is asked once per epoch and libraries."""
        with self._lock:
            known = self._lacking.get(query.libraries)
        if known is None or known[0] != query.epoch:
            known = (query.epoch, count())
            with self._lock:
                self._lacking[query.libraries] = known
                self._lacking.move_to_end(query.libraries)
                while len(self._lacking) > _CALLERS_KEPT:
                    self._lacking.popitem(last=False)
        return known[1]

    def _ranking(self, query: Query) -> _Ranking:
        with self._lock:
            ranking = self._rankings.setdefault(query, _Ranking())
            self._rankings.move_to_end(query)
            while len(self._rankings) > 1 and sum(len(one.seen) for one in self._rankings.values()) > _KEPT:
                self._rankings.popitem(last=False)
            return ranking

    def _deepen(self, query: Query, ranking: _Ranking, visible: Visible, needed: int) -> None:
        """Asks for more candidates and appends what is relevant and visible among the new ones.

        BM25 and coverage mostly agree: a stretch of candidates without a relevant one ends the ranking.
        """
        depth = min(max(FIRST_DEPTH, needed * 2, ranking.depth * _DEEPER), DEEPEST)
        hits = self._index.search_words(
            " ".join(query.words), libraries=query.libraries, limit=depth, filter=query.filter
        )
        if hits:
            ranking.best = ranking.best or hits[0].score
        floor = ranking.found[-1].score if ranking.found else 1.0
        relevant: list[Found] = []
        for hit in hits:
            covered = coverage(query.words, hit.matched)
            if hit.photo_id not in ranking.seen and covered >= RELEVANT:
                scored = min(score(covered, hit.score, ranking.best), floor)
                relevant.append(Found(hit.photo_id, scored, hit.matched))
        ranking.seen.update(hit.photo_id for hit in hits)
        known = {str(photo_id) for photo_id in visible([one.photo_id for one in relevant])} if relevant else set()
        ranking.found += sorted(
            (one for one in relevant if one.photo_id in known), key=lambda one: (-one.score, one.photo_id)
        )
        ranking.complete = len(hits) < depth or depth == DEEPEST or not relevant
        ranking.depth = depth


def reasons(query: Query, found: Found, known: Mapping[str, Any], paths: Sequence[str]) -> list[Reason]:
    """Where a found photo has the words, best first; `known` are its serving columns, `paths` its files.

    When what is published now no longer says the words, one reason without a property names them.
    """
    made = []
    for name, text in readable(known, paths).items():
        said = {word.text for word in words(text)}
        if held := tuple(word for word in found.matched if word in said):
            shown = excerpt(text, highlights(text, held))
            made.append(Reason(name, held, coverage(query.words, held), shown))
    made.sort(key=lambda reason: -reason.score)
    return made or [Reason(None, found.matched, coverage(query.words, found.matched), None)]
