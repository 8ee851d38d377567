"""Protocols of the stores that have more than one implementation: objects and vectors.

Each protocol has one conformance suite in `darkroom.testing`, which every implementation and the fake pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from darkroom.domain.filters import Filter


class ObjectMissing(KeyError):
    """No object has this key."""


class ObjectCorrupt(RuntimeError):
    """The bytes stored do not have the digest they should have."""


class StoreFull(OSError):
    """The store has no room left; nothing was kept of the object."""


@dataclass(frozen=True)
class ObjectInfo:
    """An object's size in bytes and when it was stored (UTC)."""

    key: str
    size_bytes: int
    stored_at: datetime


class ObjectStore(Protocol):
    """Immutable objects under keys of `/`-separated ASCII parts. Safe to share between threads and processes."""

    def put(self, key: str, data: bytes | memoryview, sha256: str) -> bool:
        """Stores `data`, durable when it returns; false when the key already held it.

        What was written is read back or checksummed. Raises `ObjectCorrupt` when `data` has not the digest `sha256`,
        `StoreFull` when there is no room; in both cases the key is unchanged.
        """

    def open(self, key: str) -> BinaryIO:
        """The object's bytes as a seekable stream. Raises `ObjectMissing`."""

    def info(self, key: str) -> ObjectInfo:
        """Size and time of an object. Raises `ObjectMissing`."""

    def verify(self, key: str, sha256: str) -> None:
        """Reads the object whole. Raises `ObjectMissing` or `ObjectCorrupt`."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in key order."""

    def delete(self, key: str) -> None:
        """Removes an object; a key without one is no error."""

    def collect(self) -> int:
        """Removes what writers that died left behind; returns how many files that were."""


PropertyValue = str | float | int | bool | datetime | list[str] | None


@dataclass(frozen=True)
class Entry:
    """A photo in the vector index, whole: what `upsert` replaces.

    `words` maps a BM25 property to normalised text (see `darkroom.domain.words`); `vectors` maps a space to floats.
    """

    photo_id: str
    library_id: str
    words: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    vectors: Mapping[str, Sequence[float]] = field(default_factory=dict)


class IndexUnavailable(RuntimeError):
    """The search index cannot be read or written now; what was written before is untouched."""


@dataclass(frozen=True)
class Parts:
    """What a search returns of each entry: its document, and its vectors in these spaces (or aliases).

    A space that was not declared holds no vectors.
    """

    document: bool = False
    spaces: tuple[str, ...] = ()


NO_PARTS = Parts()


@dataclass(frozen=True)
class Hit:
    """A photo a search found. Higher `score` is better; scales differ between kinds of search and stores.

    The rest are the parts that were asked for: the document, which is all its words in one normalised text, and its
    vectors, each of shape (dimensions,), by the name that was asked for; what the entry has not is left out.
    """

    photo_id: str
    score: float
    document: str = ""
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


class VectorStore(Protocol):
    """The search index: BM25 over word properties, nearest neighbours over named spaces, filters pushed down.

    A commit is visible to every other process at once. Every search names the libraries it may see, and may name the
    only photos that come into question (`among`: ten thousand at most). A condition on a field that the index does
    not hold (`darkroom.domain.fields`) accepts every entry: serving names the photos, or checks them afterwards.
    Hits come best first, ties by photo id. Where a limit cuts through entries of one score, the store chooses, and does
    not choose differently until something is written.
    Every method raises `IndexUnavailable` when the store cannot be read or written.
    """

    def open(self) -> None:
        """Gets ready, so that the next call need not wait for that."""

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Inserts entries or replaces them whole, by photo id."""

    def patch(self, changes: Mapping[str, Mapping[str, PropertyValue]]) -> None:
        """Changes properties only; vectors and words stay. Unknown photo ids are ignored."""

    def add_space(self, name: str, dimension: int) -> None:
        """Declares a named vector space; the same declaration twice is no error, another dimension is `ValueError`."""

    def flip(self, alias: str, space: str) -> None:
        """Points `alias` at `space` in one step."""

    def delete(self, photo_ids: Sequence[str]) -> None:
        """Removes entries; unknown ids are no error."""

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
        """Best entries for normalised `words` by BM25 over all word properties."""

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
        """Nearest entries in a space (or alias) by cosine similarity.

        A large space may answer approximately. Raises `ValueError` for a space that was not declared.
        """

    def search_filter(self, *, libraries: Sequence[str], limit: int, filter: Filter | None) -> list[Hit]:
        """Entries the filter accepts, in photo id order, all with score 1."""

    def fetch(self, photo_ids: Sequence[str], parts: Parts = NO_PARTS) -> list[Hit]:
        """The entries of these photos, in no order, all with score 1; photos without one are left out."""

    def upkeep(self, at_least: int = 0) -> str:
        """Compacts the index, unless fewer than `at_least` new entries wait for it; says what was done."""

    def photo_ids(self, libraries: Sequence[str], space: str | None = None) -> Iterator[str]:
        """Every id in the index for these libraries, or of those with a vector in a space (or alias).

        It is what reconciling compares with serving. In a space that is not declared there is none.
        """
