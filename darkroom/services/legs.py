"""Legs of a search: one way each to find photos, with scores that can be compared.

Belongs here: asking the index and serving, from cosines and BM25 to scores, what a leg has left. Does not belong here:
which legs a query has and their fusion (`services.search`), what scores mean (`domain.scoring`, `domain.calibration`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from darkroom.domain.calibration import Calibration
from darkroom.domain.filters import Filter
from darkroom.domain.scoring import answered
from darkroom.domain.words import adjacent
from darkroom.sdk.stores import Hit, Parts, VectorStore

LegName = Literal["words", "meaning", "look", "person"]
LEGS: tuple[LegName, ...] = ("words", "meaning", "look", "person")


class LegUnavailable(RuntimeError):
    """A leg cannot answer now; the message says why. The others still do."""


LAST_STRETCH = 4
"""A word list's last hits, one in so many, stand for what it would list next."""


class Serving(Protocol):
    """What serving knows at the query's epoch, asked with the caller's rights."""

    def visible(self, photo_ids: Sequence[str]) -> Collection[str]:
        """Those photos the caller may see, the filter accepts, and that show the person asked for, if any."""

    def matching(self, limit: int) -> Sequence[str]:
        """Of all photos those that are `visible`: at most `limit`, in no order."""

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


@dataclass(frozen=True)
class Match:
    """What a leg thinks of a photo: a score, 0 to 1, and the words of the query it has seen in it."""

    score: float = 0.0
    words: tuple[str, ...] = ()


NO_MATCH = Match()


class Leg(ABC):
    """A way to find photos. `matches` is what it is known to think of photos, its own or others'.

    Listing may raise `LegUnavailable` or `IndexUnavailable`. Legs `in_index` may be asked in threads of their own; the
    other is asked with `serving`, which is the caller's, so another one for every page.

    `done`: nothing it has not listed counts. `whole`: nor has it anything to say of such a photo. `next_score`: about
    the best score among those it has not listed, 0 when it is done.
    """

    name: LegName
    in_index = True
    serving: Serving

    def __init__(self) -> None:
        self.matches: dict[str, Match] = {}
        self.done = self.whole = False
        self.next_score = 1.0

    @abstractmethod
    def deepen(self, depth: int, parts: Parts) -> list[Hit]:
        """Lists its `depth` best photos; returns those that count, with these parts, the earlier ones again."""

    @abstractmethod
    def learn(self, hits: Sequence[Hit]) -> None:
        """Looks at photos that others have listed, in the parts that legs in the index need."""

    def match(self, photo_id: str) -> Match:
        """What it thinks of a photo."""
        return self.matches.get(photo_id, NO_MATCH)


class WordsLeg(Leg):
    """Photos whose documents hold words of the query. A match's score is how close it comes to the best answer, 0..1.

    Several words that are `together` count for more where they stand so; a name that stands nowhere parts them.
    """

    name: LegName = "words"

    def __init__(self, index: VectorStore, scope: Scope, words: tuple[str, ...], *, together: bool = True) -> None:
        super().__init__()
        self._index, self._scope, self._words = index, scope, words
        self._together = together and len(words) > 1

    def deepen(self, depth: int, parts: Parts) -> list[Hit]:
        """Lists photos by BM25, which mostly agrees with how much of the query they hold, less with where.

        So a last stretch without a photo that answers enough ends the list.
        """
        scope = self._scope
        found = self._index.search_words(
            " ".join(self._words),
            libraries=scope.libraries,
            limit=depth,
            filter=scope.filter,
            among=scope.among,
            parts=replace(parts, document=True),
        )
        best = found[0].score if found else 1.0
        matches = [self._matched(hit.document, hit.score / best) for hit in found]
        self.matches |= {hit.photo_id: match for hit, match in zip(found, matches, strict=True)}
        worth = [answered(self._words, match.words, (), match.score) for match in matches]
        self.whole = len(found) < depth
        self.next_score = 0.0 if self.whole else max(worth[-max(depth // LAST_STRETCH, 1) :])
        self.done = not self.next_score
        return [hit for hit, score in zip(found, worth, strict=True) if score]

    def learn(self, hits: Sequence[Hit]) -> None:
        """Looks for the words in their documents. BM25, which has not listed them, adds nothing."""
        self.matches |= {hit.photo_id: self._matched(hit.document, 0.0) for hit in hits}

    def _matched(self, document: str, share: float) -> Match:
        """How well a document answers that has this share of the best BM25.

        Whether words stand together as they were asked counts as much.
        """
        held = set(document.split())
        closeness = (share + adjacent(self._words, document)) / 2 if self._together else share
        return Match(closeness, tuple(word for word in self._words if word in held))


@dataclass(frozen=True)
class Comparison:
    """What a vector leg compares: a vector, in a space of the index, and what its cosines are worth."""

    space: str
    vector: Sequence[float]
    calibration: Calibration


class VectorLeg(Leg):
    """Photos close to a vector of a space. A match's score is what the model's calibration says of its cosine.

    `compare` makes the comparison when it is first needed. `words` is the number of words the vector stands for, 0 when
    it is of a picture.
    """

    def __init__(
        self, name: LegName, index: VectorStore, scope: Scope, compare: Callable[[], Comparison], words: int = 0
    ) -> None:
        super().__init__()
        self.name = name
        self._index, self._scope, self._compare, self._words = index, scope, compare, words
        self._made: Comparison | None = None

    @property
    def _compared(self) -> Comparison:
        self._made = self._made or self._compare()
        return self._made

    def deepen(self, depth: int, parts: Parts) -> list[Hit]:
        """Lists photos down to the cut-off."""
        scope, compared = self._scope, self._compared
        others = tuple(space for space in parts.spaces if space != compared.space)
        try:
            found = self._index.search_vector(
                compared.space,
                compared.vector,
                libraries=scope.libraries,
                limit=depth,
                filter=scope.filter,
                among=scope.among,
                parts=replace(parts, spaces=others),
            )
        except ValueError as error:
            raise LegUnavailable(f"no photo can be compared this way yet: {error}") from error
        self.matches |= {hit.photo_id: self._matched(hit.score) for hit in found}
        self.next_score = 0.0 if len(found) < depth else self._matched(found[-1].score).score
        self.done = self.whole = not self.next_score
        return [hit for hit in found if self.match(hit.photo_id).score]

    def learn(self, hits: Sequence[Hit]) -> None:
        """Compares their vectors; a photo without one in this space is not close."""
        wanted = _direction(np.asarray(self._compared.vector, np.float32))
        for hit in hits:
            if (vector := hit.vectors.get(self._compared.space)) is not None:
                self.matches[hit.photo_id] = self._matched(float(wanted @ _direction(vector)))

    def _matched(self, cosine: float) -> Match:
        return Match(self._compared.calibration.score(cosine, self._words))


def _direction(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector at length 1; none is of length 0 in an index."""
    direction: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return direction


class PeopleLeg(Leg):
    """Photos of people whom words of the query name: `people` maps them to these words. A match has the words."""

    name: LegName = "person"
    in_index = False

    def __init__(self, words: tuple[str, ...], people: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._words, self._people = words, people

    def deepen(self, depth: int, parts: Parts) -> list[Hit]:
        """Lists photos of all of them, newest first, without any parts."""
        found = [Hit(photo_id, 1.0) for photo_id in self.serving.photos_of(self._people.keys(), depth)]
        self.learn([hit for hit in found if hit.photo_id not in self.matches])
        self.done = self.whole = len(found) < depth
        self.next_score = 0.0 if self.done else max(map(self._worth, self._people.values()))
        return found

    def learn(self, hits: Sequence[Hit]) -> None:
        """Asks serving who is in them."""
        found = self.serving.people_in([hit.photo_id for hit in hits], self._people.keys()) if hits else {}
        for photo_id, people in found.items():
            words = self._words_of(people)
            self.matches[photo_id] = Match(self._worth(words), words)

    def _words_of(self, people: Collection[str]) -> tuple[str, ...]:
        said = {word for person in people for word in self._people.get(person, ())}
        return tuple(word for word in self._words if word in said)

    def _worth(self, named: Sequence[str]) -> float:
        return answered(self._words, (), named, 0.0)
