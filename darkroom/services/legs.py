"""Legs of a search: one way each to find photos, with scores that can be compared.

Belongs here: asking the index and serving, from cosines and BM25 to scores, what a leg has left. Does not belong here:
which legs a query has and their fusion (`services.search`), what scores mean (`domain.scoring`, `domain.calibration`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from darkroom.domain.calibration import Calibration
from darkroom.domain.filters import Filter
from darkroom.domain.scoring import answered
from darkroom.sdk.stores import Hit, VectorStore

LegName = Literal["words", "meaning", "look", "person"]
LEGS: tuple[LegName, ...] = ("words", "meaning", "look", "person")


class LegUnavailable(RuntimeError):
    """A leg cannot answer now; the message says why. The others still do."""


LAST_STRETCH = 4
"""A word list's last hits, one in so many, stand for what it would list next."""
LOOKED_UP_AT_ONCE = 1000


class Serving(Protocol):
    """What serving knows at the query's epoch, asked with the caller's rights."""

    def visible(self, photo_ids: Sequence[str]) -> Collection[str]:
        """Those photos the caller may see, the filter accepts, and that show the person asked for, if any."""

    def names(self) -> Mapping[str, str]:
        """Names of the people words may name, by id."""

    def photos_of(self, person_ids: Collection[str], limit: int) -> Sequence[str]:
        """Photos that show one of these people at least: at most `limit`, newest first."""

    def people_in(self, photo_ids: Sequence[str], person_ids: Collection[str]) -> Mapping[str, Collection[str]]:
        """Which of these people each photo shows; photos that show none are left out."""


@dataclass(frozen=True)
class Scope:
    """Where the index looks: these libraries, what the filter accepts, and only these photos when they are named."""

    libraries: tuple[str, ...]
    filter: Filter | None
    among: tuple[str, ...] | None = None


class Leg(ABC):
    """A way to find photos. `hits` is what it is known to think of photos, listed or looked up.

    Both may raise `LegUnavailable` or `IndexUnavailable`. Legs `in_index` may be asked in threads of their own.

    `done`: nothing it has not listed counts. `whole`: nor has it anything to say of such a photo. `next_score`: about
    the best score among those it has not listed, 0 when it is done.
    """

    name: LegName
    in_index = True

    def __init__(self) -> None:
        self.hits: dict[str, Hit] = {}
        self.done = self.whole = False
        self.next_score = 1.0

    @abstractmethod
    def deepen(self, depth: int) -> list[str]:
        """Lists its `depth` best photos; returns those that count, the earlier ones again."""

    def look_up(self, photo_ids: Sequence[str]) -> None:
        """Learns what it thinks of photos it has not listed."""
        for start in range(0, len(photo_ids), LOOKED_UP_AT_ONCE):
            self._learn(self._of(photo_ids[start : start + LOOKED_UP_AT_ONCE]))

    def score(self, photo_id: str) -> float:
        """What it thinks of a photo, 0 to 1."""
        hit = self.hits.get(photo_id)
        return hit.score if hit else 0.0

    def matched(self, photo_id: str) -> tuple[str, ...]:
        """The words of the query it has seen in a photo."""
        hit = self.hits.get(photo_id)
        return hit.matched if hit else ()

    @abstractmethod
    def _of(self, photo_ids: Sequence[str]) -> list[Hit]:
        """What it thinks of these photos."""

    def _learn(self, hits: Iterable[Hit]) -> None:
        self.hits.update((hit.photo_id, hit) for hit in hits)


class WordsLeg(Leg):
    """Photos whose documents hold words of the query. A hit's score is how close it comes to the best answer, 0..1.

    Several words that are `together` count for more where they stand so; a name that stands nowhere parts them.
    """

    name: LegName = "words"

    def __init__(self, index: VectorStore, scope: Scope, words: tuple[str, ...], *, together: bool = True) -> None:
        super().__init__()
        self._index, self._scope, self._words = index, scope, words
        self._together = together and len(words) > 1
        self._best = 0.0

    def deepen(self, depth: int) -> list[str]:
        """Lists photos by BM25, which mostly agrees with how much of the query they hold, less with where.

        So a last stretch without a photo that answers enough ends the list.
        """
        found = self._ask(depth, self._scope.among)
        self._learn(found)
        worth = [answered(self._words, hit.matched, (), hit.score) for hit in found]
        self.whole = len(found) < depth
        self.next_score = 0.0 if self.whole else max(worth[-max(depth // LAST_STRETCH, 1) :])
        self.done = not self.next_score
        return [hit.photo_id for hit, score in zip(found, worth, strict=True) if score]

    def _of(self, photo_ids: Sequence[str]) -> list[Hit]:
        return self._ask(len(photo_ids), photo_ids)

    def _ask(self, limit: int, among: Sequence[str] | None) -> list[Hit]:
        words, scope = " ".join(self._words), self._scope
        hits = self._index.search_words(words, libraries=scope.libraries, limit=limit, filter=scope.filter, among=among)
        self._best = self._best or (hits[0].score if hits else 0.0)
        return [Hit(hit.photo_id, self._closeness(hit), hit.matched) for hit in hits]

    def _closeness(self, hit: Hit) -> float:
        """A hit's BM25 as a share of the best; whether words stand together as they were asked counts as much."""
        share = min(hit.score / self._best, 1.0)
        return (share + hit.adjacent) / 2 if self._together else share


@dataclass(frozen=True)
class Comparison:
    """What a vector leg compares: a vector, in a space of the index, and what its cosines are worth."""

    space: str
    vector: Sequence[float]
    calibration: Calibration


class VectorLeg(Leg):
    """Photos close to a vector of a space. A hit's score is what the model's calibration says of its cosine.

    `compare` makes the comparison when it is first needed. `words` is the number of words the vector stands for, 0 when
    it is of a picture.
    """

    def __init__(
        self, name: LegName, index: VectorStore, scope: Scope, compare: Callable[[], Comparison], words: int = 0
    ) -> None:
        super().__init__()
        self.name = name
        self._index, self._scope, self._compare, self._words = index, scope, compare, words

    @cached_property
    def _compared(self) -> Comparison:
        return self._compare()

    def deepen(self, depth: int) -> list[str]:
        """Lists photos down to the cut-off."""
        found = self._ask(depth, self._scope.among)
        self._learn(found)
        self.next_score = 0.0 if len(found) < depth else found[-1].score
        self.done = self.whole = not self.next_score
        return [hit.photo_id for hit in found if hit.score]

    def _of(self, photo_ids: Sequence[str]) -> list[Hit]:
        return self._ask(len(photo_ids), photo_ids)

    def _ask(self, limit: int, among: Sequence[str] | None) -> list[Hit]:
        scope, compared = self._scope, self._compared
        try:
            hits = self._index.search_vector(
                compared.space,
                compared.vector,
                libraries=scope.libraries,
                limit=limit,
                filter=scope.filter,
                among=among,
            )
        except ValueError as error:
            raise LegUnavailable(f"no photo can be compared this way yet: {error}") from error
        return [Hit(hit.photo_id, compared.calibration.score(hit.score, self._words)) for hit in hits]


class PeopleLeg(Leg):
    """Photos of people whom words of the query name: `people` maps them to these words. A hit has the words."""

    name: LegName = "person"
    in_index = False

    def __init__(self, serving: Serving, words: tuple[str, ...], people: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._serving, self._words, self._people = serving, words, people

    def deepen(self, depth: int) -> list[str]:
        """Lists photos of all of them, newest first."""
        found = self._serving.photos_of(self._people.keys(), depth)
        self.look_up([photo_id for photo_id in found if photo_id not in self.hits])
        self.done = self.whole = len(found) < depth
        self.next_score = 0.0 if self.done else max(map(self._worth, self._people.values()))
        return list(found)

    def _of(self, photo_ids: Sequence[str]) -> list[Hit]:
        found = self._serving.people_in(photo_ids, self._people.keys())
        named = {photo_id: self._words_of(people) for photo_id, people in found.items()}
        return [Hit(photo_id, self._worth(words), words) for photo_id, words in named.items()]

    def _words_of(self, people: Collection[str]) -> tuple[str, ...]:
        said = {word for person in people for word in self._people.get(person, ())}
        return tuple(word for word in self._words if word in said)

    def _worth(self, named: Sequence[str]) -> float:
        return answered(self._words, (), named, 0.0)
