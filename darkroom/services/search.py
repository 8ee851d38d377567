"""Searching: candidates of every leg, kept where serving knows them, fused, cut off, and paged through one ranking.

Belongs here: which legs a query has, how deep they are asked, ranking, paging. Does not belong here: SQL (the caller
says what serving knows), one leg (`services.legs`), scores (`domain.scoring`), reasons (`services.reasons`), the wire.

A ranking belongs to a publish epoch and only ever grows at its end, so that pages neither skip nor repeat a photo.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from threading import BoundedSemaphore, Lock
from typing import Protocol

from darkroom.domain.calibration import Calibration
from darkroom.domain.filters import Filter
from darkroom.domain.matching import indexable
from darkroom.domain.scoring import answered, fused, whole
from darkroom.domain.words import normalise
from darkroom.sdk.stores import NO_PARTS, Hit, Parts, VectorStore
from darkroom.services.legs import (
    LEGS,
    NO_MATCH,
    Comparison,
    Leg,
    LegName,
    LegUnavailable,
    Match,
    PeopleLeg,
    Scope,
    Serving,
    VectorLeg,
    WordsLeg,
)
from darkroom.services.ranking import Found, Lacking, OncePerEpoch, Ranking, Stages

LONGEST_TEXT = 500
"""Characters a query may have."""
FIRST_DEPTH = 60
DEEPEST = 20_000
"""Candidates asked of a leg at first, and at most: invisible and irrelevant ones are among them."""
CUT = f"only the best {DEEPEST:,} candidates by {{}} were looked at"
"""Why a leg may not have found everything, with its name."""
MOST_NAMED = 10_000
"""Photos that are named to the index at most, where only serving can tell which come into question. Of more, serving
says of each candidate whether it is one of them. They are fewer than the deepest list, which so ends by itself."""
AT_ONCE = len(os.sched_getaffinity(0))
"""Searches that ask the index at once, one a core. The others wait their turn: together, all would take longer."""
_DEEPER = 4
_BROUGHT = 1000
"""Photos whose parts come at once: lists that are deeper hold many that are known already."""
_KEPT = 200_000


@dataclass(frozen=True)
class Example:
    """A picture to look like: a photo of the index, which is not found itself, or one that came with its vector.

    `key` stands for it where queries are compared.
    """

    key: str
    vector: Sequence[float] = field(default=(), compare=False, repr=False)
    photo_id: str | None = None


@dataclass(frozen=True)
class Query:
    """What is asked: words and the text they are of, an example, a person, a filter, whose libraries, which epoch.

    `names` says whether words may name people: whoever may not know them shares no ranking with those who may.
    """

    words: tuple[str, ...]
    filter: Filter | None
    libraries: tuple[str, ...]
    epoch: int
    text: str = ""
    example: Example | None = None
    person_id: str | None = None
    names: bool = True

    @property
    def ranked(self) -> bool:
        """Whether anything in it ranks photos; a person and a filter only restrict."""
        return bool(self.words or self.example)

    @property
    def beyond_index(self) -> bool:
        """Whether the index cannot tell which photos come into question."""
        return self.person_id is not None or indexable(self.filter) != self.filter


@dataclass(frozen=True)
class Results:
    """A page of a ranking. `legs` are those that answer; `milliseconds` is what each stage took for this page.

    `cut`: of a last page, legs that might have found more, had they been asked deeper.
    """

    found: list[Found]
    more: bool = False
    legs: tuple[LegName, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    cut: tuple[Lacking, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)


class Space(Protocol):
    """Which space of the index is compared in, and what its cosines are worth. Both may raise `LegUnavailable`."""

    @property
    def calibration(self) -> Calibration:
        """What cosines are worth."""

    @property
    def space(self) -> str:
        """The space's name."""


class Meanings(Space, Protocol):
    """The space of texts, and vectors of the texts of queries."""

    def of(self, text: str) -> Sequence[float]:
        """The vector of a text. Raises `LegUnavailable`."""


class SearchService:
    """Searches in all ways at once. Safe to share between threads; keeps recent rankings for their later pages.

    `legs` are the ways it may use: who measures looks at one alone.
    """

    def __init__(
        self,
        index: VectorStore,
        meanings: Meanings | None = None,
        looks: Space | None = None,
        legs: Collection[LegName] = LEGS,
    ) -> None:
        self._index = index
        self._may = legs
        self._meanings = meanings
        self._looks = looks
        self._lock = Lock()
        self._rankings: OrderedDict[Query, Ranking] = OrderedDict()
        self._missing: OncePerEpoch[Mapping[str, int]] = OncePerEpoch()
        self._names: OncePerEpoch[dict[str, frozenset[str]]] = OncePerEpoch()
        self._turns = BoundedSemaphore(AT_ONCE)
        self._threads = ThreadPoolExecutor(AT_ONCE * len(LEGS), thread_name_prefix="legs")

    def page(self, query: Query, serving: Serving, start: int, number: int, *, anew: bool = True) -> Results:
        """Results `start` to `start + number` of a query, best first.

        A first page begins `anew` where a leg could not answer: it may now. Later pages go on with what was begun.
        Raises `IndexUnavailable`. A query that ranks nothing, or names no library, finds nothing.
        """
        if not query.ranked or not query.libraries:
            return Results([])
        ranking, stages = self._ranking(query, anew=anew and not start), Stages()
        with ranking.lock:
            if not ranking.begun:
                self._begin(query, ranking, serving, stages)
            while not ranking.complete and len(ranking.found) <= start + number:
                with stages.of("turn"):
                    self._turns.acquire()
                try:
                    self._deepen(query, ranking, serving, start + number, stages)
                except BaseException:
                    # Legs that have answered meanwhile would not list their photos again: new ones do.
                    ranking.begun = False
                    raise
                finally:
                    self._turns.release()
            found = ranking.found[start : start + number]
            more = len(ranking.found) > start + number
            unfinished = () if more else (name for name, leg in ranking.legs.items() if not leg.done)
            cut = tuple(Lacking(name, CUT.format(name)) for name in unfinished)
            return Results(found, more, tuple(ranking.legs), tuple(ranking.lacking), cut, dict(stages.milliseconds))

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown()

    def missing(self, query: Query, count: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
        """How many photos lack what a leg needs, by output: `count` is asked once per epoch and libraries."""
        return self._missing.of(query.libraries, query.epoch, count)

    def _ranking(self, query: Query, *, anew: bool) -> Ranking:
        with self._lock:
            if anew and query in self._rankings and self._rankings[query].lacking:
                del self._rankings[query]
            ranking = self._rankings.setdefault(query, Ranking())
            self._rankings.move_to_end(query)
            while len(self._rankings) > 1 and sum(one.size for one in self._rankings.values()) > _KEPT:
                self._rankings.popitem(last=False)
            return ranking

    def _begin(self, query: Query, ranking: Ranking, serving: Serving, stages: Stages) -> None:
        """Decides where to look, and the legs."""
        with stages.of("serving"):
            ranking.among = self._among(query, serving)
        # Serving has applied the whole filter to photos that are named.
        scope = Scope(query.libraries, query.filter if ranking.among is None else None, ranking.among)
        legs: list[Leg] = []
        with stages.of("person"):
            people = self._named(query, serving)
            if people:
                legs.append(PeopleLeg(query.words, people))
        if query.words:
            legs.append(WordsLeg(self._index, scope, query.words, together=not people))
        if query.words and self._meanings is not None:
            meaning = partial(self._meaning, self._meanings, query, stages)
            legs.append(VectorLeg("meaning", self._index, scope, meaning, len(query.words)))
        if query.example is not None:
            legs.append(VectorLeg("look", self._index, scope, partial(self._look, query.example)))
        ranking.legs = {leg.name: leg for leg in legs if leg.name in self._may}
        ranking.lacking = []
        ranking.parts = self._parts(ranking.legs, stages)
        ranking.begun = True

    @staticmethod
    def _among(query: Query, serving: Serving) -> tuple[str, ...] | None:
        """The only photos that come into question, where the index cannot tell and they can be named to it."""
        photos = serving.matching(MOST_NAMED + 1) if query.beyond_index else None
        return tuple(photos) if photos is not None and len(photos) <= MOST_NAMED else None

    def _parts(self, legs: Collection[LegName], stages: Stages) -> Parts:
        """What these legs need to know of a photo that another one has listed."""
        spaces: list[str] = []
        for leg, model in (("meaning", self._meanings), ("look", self._looks)):
            # Whatever is unavailable, its leg says so.
            with stages.of("embed"), suppress(LegUnavailable):
                spaces += [model.space] if model and leg in legs else []
        return Parts("words" in legs, tuple(spaces))

    def _named(self, query: Query, serving: Serving) -> dict[str, tuple[str, ...]]:
        """People whom words of the query name, and these words."""

        def names() -> dict[str, frozenset[str]]:
            return {person: frozenset(normalise(name).split()) for person, name in serving.names().items()}

        known = self._names.of(query.libraries, query.epoch, names) if query.words and query.names else {}
        asked = set(query.words)
        return {
            person: tuple(word for word in query.words if word in said)
            for person, said in known.items()
            if not asked.isdisjoint(said)
        }

    @staticmethod
    def _meaning(meanings: Meanings, query: Query, stages: Stages) -> Comparison:
        with stages.of("embed"):
            vector = meanings.of(query.text or " ".join(query.words))
        return Comparison(meanings.space, vector, meanings.calibration)

    def _look(self, example: Example) -> Comparison:
        if self._looks is None:
            raise LegUnavailable("no model of pictures is set up")
        space, vector = self._looks.space, example.vector
        if example.photo_id:
            found = self._index.fetch([example.photo_id], Parts(spaces=(space,)))
            vector = [float(value) for hit in found for value in hit.vectors.get(space, ())]
        if not vector:
            raise LegUnavailable("how the example photo looks is not known yet")
        return Comparison(space, vector, self._looks.calibration)

    def _deepen(self, query: Query, ranking: Ranking, serving: Serving, needed: int, stages: Stages) -> None:
        """Asks every leg for more, and appends what no photo that is not listed yet is likely to beat.

        A photo that one leg has listed is looked at by the others, in the parts that came with it.
        """
        depth = min(max(FIRST_DEPTH, needed * 2, ranking.depth * _DEEPER), DEEPEST)
        parts = ranking.parts if depth <= _BROUGHT else NO_PARTS
        for leg in ranking.legs.values():
            leg.serving = serving
        asking = [leg for leg in ranking.legs.values() if not leg.done]
        listed = self._listed(asking, depth, parts, ranking, stages)
        example = query.example.photo_id if query.example else None
        known = {*ranking.seen, example}
        fresh = [one for one in dict.fromkeys(hit.photo_id for hit in chain(*listed.values())) if one not in known]
        in_index = chain.from_iterable(hits for leg, hits in listed.items() if leg.in_index)
        brought = {hit.photo_id: hit for hit in in_index} if parts == ranking.parts else {}
        self._learn([brought[one] for one in fresh if one in brought], ranking, stages)
        bare = [one for one in fresh if one not in brought]
        for start in range(0, len(bare), _BROUGHT):
            with stages.of("fetch"):
                fetched = self._index.fetch(bare[start : start + _BROUGHT], ranking.parts)
            self._learn(fetched, ranking, stages)
        scored = [one for one in (self._scored(query, ranking.legs, photo_id) for photo_id in fresh) if one.score]
        with stages.of("serving"):
            visible = set(serving.visible([one.photo_id for one in scored])) if scored else set()
        ranking.seen.update(fresh)
        ranking.depth = depth
        ranking.complete = depth == DEEPEST or all(leg.done for leg in ranking.legs.values())
        least = max((_whole(query, {leg.name: leg.next_score}) for leg in ranking.legs.values()), default=0.0)
        ranking.append([one for one in scored if one.photo_id in visible], 0.0 if ranking.complete else least)

    @staticmethod
    def _learn(hits: Sequence[Hit], ranking: Ranking, stages: Stages) -> None:
        """Has every leg look at the photos that it has not listed itself."""
        for leg in ranking.legs.values():
            if not leg.whole:
                with stages.of(leg.name):
                    leg.learn([hit for hit in hits if hit.photo_id not in leg.matches])

    def _listed(
        self, legs: Sequence[Leg], depth: int, parts: Parts, ranking: Ranking, stages: Stages
    ) -> dict[Leg, list[Hit]]:
        """What these legs list, asked all at once; one that cannot is told and left out.

        One of them is asked in this thread, and so is whoever asks serving, since the connection is the caller's.
        """

        def timed(leg: Leg) -> list[Hit]:
            with stages.of(leg.name):
                return leg.deepen(depth, parts)

        apart = [leg for leg in legs if leg.in_index][1:]
        waiting = {leg: self._threads.submit(timed, leg) for leg in apart}
        answers: dict[Leg, list[Hit]] = {}
        for leg in sorted(legs, key=lambda leg: leg in waiting):
            try:
                answers[leg] = waiting[leg].result() if leg in waiting else timed(leg)
            except LegUnavailable as reason:
                ranking.lacking.append(Lacking(leg.name, str(reason)))
                del ranking.legs[leg.name]
        return answers

    @staticmethod
    def _scored(query: Query, legs: Mapping[LegName, Leg], photo_id: str) -> Found:
        """A candidate with what every leg thinks of it; of score 0 when it answers too little."""

        def match(name: LegName) -> Match:
            return legs[name].match(photo_id) if name in legs else NO_MATCH

        written, named, meaning, look = match("words"), match("person"), match("meaning"), match("look")
        # What a word is worth that is written and names somebody, too, is worth it once.
        words = answered(query.words, written.words, named.words, written.score)
        scores: dict[LegName, float] = {"words": words, "meaning": meaning.score, "look": look.score}
        return Found(photo_id, _whole(query, scores), written.words, named.words, meaning.score, look.score)


def _whole(query: Query, scores: Mapping[LegName, float]) -> float:
    """The score of a photo from what its legs give it."""
    demands = []
    if query.words:
        demands.append(fused(score for name, score in scores.items() if name != "look"))
    if query.example:
        demands.append(scores.get("look", 0.0))
    return whole(demands)
