"""The LanceDB index passes the conformance suite."""

from pathlib import Path

import pytest

from darkroom.sdk.stores import VectorStore
from darkroom.stores.vectors import LanceVectors
from darkroom.testing.conformance.vectors import VectorStoreConformance


class TestLanceVectors(VectorStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> VectorStore:
        return LanceVectors(tmp_path / "vectors")
