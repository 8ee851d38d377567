"""Boxes in a picture: how much two of them show the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Box = tuple[float, float, float, float]
"""(x, y, w, h) as fractions of the upright picture."""

SAME = 0.5
"""From this overlap on, two boxes of one photo are taken for the same face."""

Key = TypeVar("Key")


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1; empty boxes overlap nothing."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def counterpart(box: Box, among: Mapping[Key, Box]) -> Key | None:
    """The key of the box that shows the same thing, the best by overlap and then by key; `None` without one."""
    best = max(among, key=lambda key: (overlap(box, among[key]), str(key)), default=None)
    return best if best is not None and overlap(box, among[best]) >= SAME else None
