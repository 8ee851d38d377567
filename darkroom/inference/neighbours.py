"""Who looks most alike: the nearest neighbours of every vector among all, by Euclidean distance.

Belongs here: the search, exact as long as that takes minutes. Does not belong here: what near means.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkroom.domain.people import Neighbours

EXACT_MAX = 200_000
"""Comparing everybody with everybody grows by the square: 100,000 vectors take about half a minute on two cores."""

LINKS = 32
BREADTH = 128
"""Of the graph that answers beyond that: links of a vector, and how many candidates a search keeps."""

BLOCK = 4096


def nearest(vectors: NDArray[np.float32], count: int, *, exact_max: int = EXACT_MAX) -> Neighbours:
    """The pairs in which one is among the `count` nearest of the other. `vectors` has shape (n, dimensions).

    Equal vectors in equal order give equal pairs. Raises `ValueError` for what is not finite.
    """
    import faiss

    if not np.isfinite(vectors).all():
        raise ValueError("vectors to compare must be finite")
    total, dimensions = vectors.shape
    if total < 2:
        return Neighbours(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    given = np.ascontiguousarray(vectors, np.float32)
    if total <= exact_max:
        index: Any = faiss.IndexFlatL2(dimensions)
        index.add(given)
    else:
        index = faiss.IndexHNSWFlat(dimensions, LINKS)
        index.hnsw.efSearch = max(BREADTH, 2 * count)
        threads = faiss.omp_get_max_threads()
        # Several threads would link the graph in an order of their own, another one every time.
        faiss.omp_set_num_threads(1)
        try:
            index.add(given)
        finally:
            faiss.omp_set_num_threads(threads)
    pairs = [_pairs(index, given, start, count) for start in range(0, total, BLOCK)]
    keys, squares = (np.concatenate(part) for part in zip(*pairs, strict=True))
    keys, first = np.unique(keys, return_index=True)
    return Neighbours(keys // total, keys % total, np.sqrt(np.maximum(squares[first], 0.0, dtype=np.float64)))


def _pairs(
    index: Any, vectors: NDArray[np.float32], start: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pairs of a block of vectors, as one number each, the smaller place first, and their squared distances."""
    block = vectors[start : start + BLOCK]
    squares, found = index.search(block, min(count + 1, len(vectors)))
    here = np.repeat(np.arange(start, start + len(block), dtype=np.int64), found.shape[1])
    there, squares = found.ravel(), squares.ravel()
    kept = (there >= 0) & (there != here)
    here, there = here[kept], there[kept]
    return np.minimum(here, there) * len(vectors) + np.maximum(here, there), squares[kept]
