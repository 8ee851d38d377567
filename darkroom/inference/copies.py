"""Pictures that might be copies of each other, among many: found by hash, measured by miniature.

Belongs here: the search over all pairs, in bounded memory. Does not belong here: what the measures mean
(`darkroom.domain`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from darkroom.domain import miniatures
from darkroom.domain.miniatures import INVERSE, TURNS, Hashes, Miniatures

RADIUS = 8
"""Bits of 63 in which the hashes of a copy may differ; copies of photos differ in two or three, of pages in five."""

NEIGHBOURS = 200
"""Neighbours of one picture that are measured: of thousands that are all alike, the closest and those after it."""

CHUNK = 4096

Positions = NDArray[np.intp]


def measured_pairs(pictures: Miniatures, limit: float) -> Iterator[tuple[int, int, float]]:
    """Positions of two pictures, first below second, and their deviation where it is `limit` at most.

    A pair comes once for every way the second can lie that fits. Of pictures that thousands resemble, the first are
    preferred: give the best first. 100,000 pictures take about a minute on two cores.
    """
    telling = np.flatnonzero(~miniatures.flat(pictures))
    hashes = miniatures.hashes(pictures[telling])
    for turn in TURNS:
        # What a quarter turn to one side finds, the one to the other side finds from the other picture.
        if turn > INVERSE[turn]:
            continue
        for first, second in _close(hashes[0], hashes[turn], both_ways=turn != INVERSE[turn]):
            one, other = telling[first], telling[second]
            deviations = miniatures.deviations(pictures[one], miniatures.turned(pictures[other], turn))
            for position in np.flatnonzero(deviations <= limit):
                low, high = sorted((int(one[position]), int(other[position])))
                yield low, high, float(deviations[position])


def _close(upright: Hashes, lying: Hashes, both_ways: bool) -> Iterator[tuple[Positions, Positions]]:
    """Positions in `upright` and in `lying` of close hashes, in chunks: the first below the second, or `both_ways`."""
    import faiss

    if not len(upright):
        return
    index = faiss.IndexBinaryFlat(upright.shape[1] * 8)
    index.add(np.ascontiguousarray(upright))
    for start in range(0, len(lying), CHUNK):
        limits, distances, found = index.range_search(np.ascontiguousarray(lying[start : start + CHUNK]), RADIUS + 1)
        asked = np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.intp))) + start
        wanted = found != asked if both_ways else found < asked
        first, second = _nearest(found[wanted], asked[wanted], distances[wanted])
        for part in range(0, len(first), CHUNK):
            yield first[part : part + CHUNK], second[part : part + CHUNK]


def _nearest(found: Positions, asked: Positions, distances: NDArray[np.int32]) -> tuple[Positions, Positions]:
    """At most `NEIGHBOURS` of those found for each that asked."""
    order = np.lexsort((found, distances, asked))
    found, asked = found[order], asked[order]
    starts = np.flatnonzero(np.diff(asked, prepend=-1))
    rank = np.arange(len(asked)) - np.repeat(starts, np.diff(np.append(starts, len(asked))))
    return found[rank < NEIGHBOURS], asked[rank < NEIGHBOURS]
