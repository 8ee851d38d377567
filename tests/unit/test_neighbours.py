"""Nearest neighbours among all."""

import numpy as np
import pytest

from darkroom.inference.neighbours import nearest


def crowd(count: int, dimensions: int = 16) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, dimensions)).astype(np.float32)


def wanted(vectors: np.ndarray, count: int) -> dict[tuple[int, int], float]:
    apart = np.linalg.norm(vectors[:, None].astype(np.float64) - vectors[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1, kind="stable")[:, :count]
    return {(min(a, b), max(a, b)): apart[a, b] for a in range(len(vectors)) for b in near[a].tolist()}


def as_pairs(found) -> dict[tuple[int, int], float]:
    return dict(zip(zip(found.left.tolist(), found.right.tolist(), strict=True), found.distance.tolist(), strict=True))


@pytest.mark.parametrize("count", [2, 5, 300])
def test_everybody_is_compared_with_everybody(count):
    vectors = crowd(count)
    found, true = as_pairs(nearest(vectors, 7)), wanted(vectors, min(7, count - 1))
    assert found.keys() == true.keys()
    assert [found[pair] for pair in true] == pytest.approx(list(true.values()), abs=1e-3)


def test_beyond_what_can_be_compared_nearly_all_neighbours_are_found_and_the_same_every_time():
    vectors = crowd(3000)
    found, again = (nearest(vectors, 10, exact_max=100) for _ in range(2))
    assert as_pairs(found) == as_pairs(again)
    true = wanted(vectors, 10)
    assert len(true.keys() & as_pairs(found).keys()) / len(true) > 0.95


def test_nobody_is_their_own_neighbour_though_there_are_copies():
    found = nearest(np.ones((30, 4), np.float32), 5)
    assert (found.left < found.right).all()
    assert found.distance.max() == 0


def test_one_alone_has_no_neighbours_and_none_is_no_trouble():
    assert not len(nearest(crowd(1), 5).left)
    assert not len(nearest(np.empty((0, 8), np.float32), 5).distance)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="finite"):
        nearest(np.array([[1.0, np.nan], [0.0, 1.0]], np.float32), 1)
