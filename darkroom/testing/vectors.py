"""A search index in memory that passes the same conformance suite as the real ones: for tests of what uses an index."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.index import index_properties
from darkroom.contracts.table import IndexAs
from darkroom.domain.fields import FilterField, Kind
from darkroom.domain.filters import Filter
from darkroom.domain.matching import indexable, matches
from darkroom.sdk.stores import NO_PARTS, Entry, Hit, IndexUnavailable, Parts, PropertyValue

_K1 = 1.2
_B = 0.75


class MemoryVectors:
    """Entries in a dictionary, ranked by BM25 and cosine. `available = False` makes every call fail."""

    def __init__(self) -> None:
        self.available = True
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._spaces: dict[str, int] = {}
        self._aliases: dict[str, str] = {}
        made = index_properties(TABLES)
        self._words = {one.name for one in made if one.kind is IndexAs.WORDS}
        self._properties = {one.name for one in made if one.kind is not IndexAs.WORDS}

    def open(self) -> None:
        """Nothing to open."""
        self._check()

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Inserts entries or replaces them whole. Raises `ValueError` for unknown names and bad vectors."""
        self._check()
        for entry in entries:
            if unknown := (entry.words.keys() - self._words) | (entry.properties.keys() - self._properties):
                raise ValueError(f"the index has no {', '.join(sorted(unknown))}")
            for space, vector in entry.vectors.items():
                self._checked(space, vector)
        with self._lock:
            self._entries |= {entry.photo_id: entry for entry in entries}

    def patch(self, changes: Mapping[str, Mapping[str, PropertyValue]]) -> None:
        """Changes properties only; unknown photo ids are ignored."""
        self._check()
        if unknown := {name for changed in changes.values() for name in changed} - self._properties:
            raise ValueError(f"no property of the index is called {', '.join(sorted(unknown))}")
        with self._lock:
            for photo_id in changes.keys() & self._entries.keys():
                entry = self._entries[photo_id]
                self._entries[photo_id] = replace(entry, properties={**entry.properties, **changes[photo_id]})

    def add_space(self, name: str, dimension: int) -> None:
        """Declares a named vector space."""
        self._check()
        if dimension < 1 or self._spaces.setdefault(name, dimension) != dimension:
            raise ValueError(f"the space {name!r} cannot have {dimension} dimensions")

    def flip(self, alias: str, space: str) -> None:
        """Points `alias` at `space`."""
        self._check()
        if space not in self._spaces:
            raise ValueError(f"no vector space is called {space!r}")
        self._aliases[alias] = space

    def delete(self, photo_ids: Sequence[str]) -> None:
        """Removes entries; unknown ids are no error."""
        self._check()
        with self._lock:
            for photo_id in photo_ids:
                self._entries.pop(photo_id, None)

    def search_words(
        self,
        words: str,
        *,
        libraries: Sequence[str],
        limit: int,
        filter: Filter | None = None,
        among: Sequence[str] | None = None,
        parts: Parts = NO_PARTS,
    ) -> list[Hit]:
        """Best entries by BM25 over the words of all word properties."""
        asked = list(dict.fromkeys(words.split()))
        documents = {photo_id: Counter(_said(entry).split()) for photo_id, entry in self._seen(None, None).items()}
        mean = sum(document.total() for document in documents.values()) / len(documents) if documents else 1.0
        idf = {word: _idf(sum(word in document for document in documents.values()), len(documents)) for word in asked}
        found = []
        for photo_id, entry in self._seen(libraries, filter, among).items():
            document = documents.get(photo_id, Counter())  # of an entry written since: none
            if matched := [word for word in asked if word in document]:
                length = _K1 * (1 - _B + _B * document.total() / (mean or 1.0))
                score = sum(idf[word] * document[word] * (_K1 + 1) / (document[word] + length) for word in matched)
                found.append(self._hit(entry, score, parts))
        return _best(found, limit)

    def search_vector(
        self,
        space: str,
        vector: Sequence[float],
        *,
        libraries: Sequence[str],
        limit: int,
        filter: Filter | None = None,
        among: Sequence[str] | None = None,
        parts: Parts = NO_PARTS,
    ) -> list[Hit]:
        """Nearest entries by cosine similarity."""
        self._check()
        name = self._aliases.get(space, space)
        wanted = self._checked(name, vector)
        found = [
            self._hit(entry, _cosine(wanted, entry.vectors[name]), parts)
            for entry in self._seen(libraries, filter, among).values()
            if name in entry.vectors
        ]
        return _best(found, limit)

    def search_filter(self, *, libraries: Sequence[str], limit: int, filter: Filter | None) -> list[Hit]:
        """Entries the filter accepts, in photo id order."""
        return [Hit(photo_id, 1.0) for photo_id in sorted(self._seen(libraries, filter))[: max(limit, 0)]]

    def photo_ids(self, libraries: Sequence[str], space: str | None = None) -> Iterator[str]:
        """Every id in the index for these libraries, or of those with a vector in a space."""
        name = self._aliases.get(space or "", space)
        yield from (
            photo_id for photo_id, entry in self._seen(libraries, None).items() if not name or name in entry.vectors
        )

    def fetch(self, photo_ids: Sequence[str], parts: Parts = NO_PARTS) -> list[Hit]:
        """The entries of these photos."""
        return [self._hit(entry, 1.0, parts) for entry in self._seen(None, None, photo_ids).values()]

    def upkeep(self, at_least: int = 0) -> str:
        """There is nothing to do."""
        self._check()
        return "search index in memory: nothing to do"

    def _hit(self, entry: Entry, score: float, parts: Parts) -> Hit:
        named = {space: self._aliases.get(space, space) for space in parts.spaces}
        vectors = {
            space: np.array(entry.vectors[name], np.float32) for space, name in named.items() if name in entry.vectors
        }
        return Hit(entry.photo_id, score, _said(entry) if parts.document else "", vectors)

    def _check(self) -> None:
        if not self.available:
            raise IndexUnavailable("the search index was made unavailable")

    def _seen(
        self, libraries: Sequence[str] | None, filter: Filter | None, among: Sequence[str] | None = None
    ) -> dict[str, Entry]:
        self._check()
        with self._lock:
            entries = dict(self._entries)
        if among is not None:
            entries = {photo_id: entries[photo_id] for photo_id in among if photo_id in entries}
        kept = indexable(filter)
        return {
            photo_id: entry
            for photo_id, entry in entries.items()
            if (libraries is None or entry.library_id in libraries) and matches(kept, values_of(entry))
        }

    def _checked(self, space: str, vector: Sequence[float]) -> Sequence[float]:
        if self._spaces.get(space) != len(vector):
            raise ValueError(f"no vector space {space!r} has {len(vector)} dimensions")
        if not all(math.isfinite(value) for value in vector) or not any(vector):
            raise ValueError(f"a vector for the space {space!r} has no direction")
        return vector


def values_of(entry: Entry) -> Callable[[FilterField], Any]:
    """An entry's values as `darkroom.domain.matching` reads them."""

    def value(field: FilterField) -> Any:
        if field.kind is Kind.IDENTIFIER:
            return entry.library_id
        if field.kind is Kind.WORDS:
            return entry.words.get(str(field.indexed)) or None
        return entry.properties.get(str(field.indexed))

    return value


def _said(entry: Entry) -> str:
    return " ".join(text for text in entry.words.values() if text)


def _idf(holding: int, number: int) -> float:
    return math.log(1 + (number - holding + 0.5) / (holding + 0.5))


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))


def _best(hits: list[Hit], limit: int) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.photo_id))[: max(limit, 0)]
