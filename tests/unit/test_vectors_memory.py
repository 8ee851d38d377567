"""The index in memory passes the suite that the real one passes."""

import pytest

from darkroom.sdk.stores import IndexUnavailable, VectorStore
from darkroom.testing.album import MINE, entry
from darkroom.testing.conformance.vectors import VectorStoreConformance
from darkroom.testing.vectors import MemoryVectors


class TestMemoryVectors(VectorStoreConformance):
    @pytest.fixture
    def store(self) -> VectorStore:
        return MemoryVectors()


def test_an_index_made_unavailable_says_so_and_keeps_its_entries():
    store = MemoryVectors()
    store.upsert([entry("a", "beach")])
    store.available = False
    with pytest.raises(IndexUnavailable):
        store.search_words("beach", libraries=[MINE], limit=1)
    store.available = True
    assert [hit.photo_id for hit in store.search_words("beach", libraries=[MINE], limit=1)] == ["a"]
