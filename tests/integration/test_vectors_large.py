"""Large vector spaces: an index is built at upkeep, finds nearly what an exact search finds, also under filters."""

from pathlib import Path

import numpy as np
import pytest

from darkroom.domain.filters import parse
from darkroom.sdk.stores import Entry
from darkroom.stores import vector_spaces
from darkroom.stores.vectors import LanceVectors
from darkroom.testing.album import MINE, THEIRS

DIMENSIONS = 24
PHOTOS = 3000


def vectors(count: int, seed: int) -> np.ndarray:
    """Vectors in groups, as those of photos are."""
    rng = np.random.default_rng(seed)
    middles = np.random.default_rng(1).normal(size=(60, DIMENSIONS))
    made = middles[rng.integers(0, 60, count)] + rng.normal(scale=0.4, size=(count, DIMENSIONS))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def entries(made: np.ndarray, first: int = 0, library: str = MINE) -> list[Entry]:
    return [
        Entry(f"{first + n:06d}", library, properties={"rating": float((first + n) % 1000)}, vectors={"space": one})
        for n, one in enumerate(made.tolist())
    ]


@pytest.fixture
def store(tmp_path: Path) -> LanceVectors:
    store = LanceVectors(tmp_path / "vectors", large=2000)
    store.add_space("space", DIMENSIONS)
    return store


def recall(store: LanceVectors, made: np.ndarray, filter: str, kept: np.ndarray, limit: int = 50) -> float:
    places = np.flatnonzero(kept)
    shares = []
    for asked in vectors(20, 9):
        hits = store.search_vector("space", asked.tolist(), libraries=[MINE], limit=limit, filter=parse(filter))
        best = places[np.argsort(-(made[places] @ asked))][:limit]
        shares.append(len({int(hit.photo_id) for hit in hits} & set(best.tolist())) / len(best))
    return float(np.mean(shares))


def test_a_space_that_became_large_is_indexed_at_upkeep_and_finds_what_an_exact_search_finds(store):
    made = vectors(PHOTOS, 2)
    store.upsert(entries(made))
    assert "1 vector spaces indexed" in store.upkeep()
    assert "indexed" not in store.upkeep().replace("taken in", "")
    numbers = np.arange(PHOTOS) % 1000
    for filter, kept in (
        ("", numbers >= 0),
        ("rating < 100", numbers < 100),
        ("rating < 10", numbers < 10),
        ("rating < 1", numbers < 1),
    ):
        assert recall(store, made, filter, kept) >= 0.95, filter


def test_vectors_written_after_the_index_are_found_at_once_and_deleted_ones_never(store):
    made = vectors(PHOTOS, 2)
    store.upsert(entries(made))
    store.upkeep()
    later = vectors(5, 3)
    store.upsert(entries(later, PHOTOS))
    (hit, *_) = store.search_vector("space", later[2].tolist(), libraries=[MINE], limit=3)
    assert (hit.photo_id, round(hit.score, 2)) == (f"{PHOTOS + 2:06d}", 1.0)
    store.upsert(entries(later[:1], 0))
    hits = store.search_vector("space", later[0].tolist(), libraries=[MINE], limit=2)
    assert {one.photo_id for one in hits} == {"000000", f"{PHOTOS:06d}"}
    store.delete([f"{PHOTOS + 2:06d}"])
    hits = store.search_vector("space", later[2].tolist(), libraries=[MINE], limit=3)
    assert f"{PHOTOS + 2:06d}" not in {one.photo_id for one in hits}
    store.upkeep()
    assert recall(store, np.concatenate([later[:1], made[1:]]), "rating < 1000", np.ones(PHOTOS, bool)) >= 0.95


def test_a_stranger_library_is_not_found_in_a_large_space(store):
    made = vectors(PHOTOS, 2)
    store.upsert(entries(made, library=THEIRS))
    store.upsert(entries(made[:3], PHOTOS))
    store.upkeep()
    hits = store.search_vector("space", made[0].tolist(), libraries=[MINE], limit=50)
    assert {one.photo_id for one in hits} == {f"{PHOTOS + n:06d}" for n in range(3)}


def test_an_index_in_many_parts_is_built_anew(store, monkeypatch):
    monkeypatch.setattr(vector_spaces, "MOST_PARTS", 2)
    made = vectors(PHOTOS, 2)
    store.upsert(entries(made[:2400]))
    store.upkeep()
    told = []
    for start in range(2400, PHOTOS, 100):
        store.upsert(entries(made[start : start + 100], start))
        told.append(store.upkeep())
    assert any("1 vector spaces indexed" in one for one in told), told
    assert recall(store, made, "", np.ones(PHOTOS, bool)) >= 0.95


def test_a_small_space_is_searched_exactly(store):
    made = vectors(500, 2)
    store.upsert(entries(made))
    assert "indexed" not in store.upkeep()
    assert recall(store, made, "", np.ones(500, bool)) == 1.0
