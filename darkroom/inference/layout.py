"""Where lines of text stand: boxes turned back with the picture, and the order in which people read them.

Belongs here: geometry of quadrilaterals and boxes, in plain arrays. Does not belong here: finding or reading text.
A quad is four corners (x, y) clockwise from the line's top left, shape (4, 2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Quad = NDArray[np.float32]
Box = tuple[float, float, float, float]

SAME_ROW = 0.5
"""Lines whose middles differ by less than this share of a line's height stand in one row."""

COLUMN_LINES = 4
COLUMN_FILL = 0.6
COLUMN_SHARE = 0.25


def box_of(quad: Quad, width: int, height: int) -> Box:
    """The upright hull of a quad as (x, y, w, h) fractions of a picture of this size, inside 0..1."""
    left, top = (quad.min(axis=0) / (width, height)).clip(0, 1)
    right, bottom = (quad.max(axis=0) / (width, height)).clip(0, 1)
    return float(left), float(top), float(right - left), float(bottom - top)


def turned_back(box: Box, rotation: int) -> Box:
    """A box found after the picture was turned clockwise by `rotation` degrees, in the picture as it was before."""
    x, y, w, h = box
    if rotation == 90:
        return y, max(0.0, 1 - x - w), h, w
    if rotation == 180:
        return max(0.0, 1 - x - w), max(0.0, 1 - y - h), w, h
    if rotation == 270:
        return max(0.0, 1 - y - h), x, h, w
    return box


def reading_order(quads: Sequence[Quad]) -> list[int]:
    """Indices of the quads in reading order: columns from the left, in them rows from the top, in those left to right.

    Skew is taken out first, so that a page photographed askew reads as a straight one does. A table's columns are read
    across: only blocks of running text count as columns.
    """
    if not quads:
        return []
    corners = np.stack(quads).astype(np.float64)
    edges = corners[:, 1] - corners[:, 0]
    long = np.linalg.norm(edges, axis=1) >= np.median(np.linalg.norm(edges, axis=1))
    skew = float(np.median(np.arctan2(edges[long, 1], edges[long, 0])))
    turn = np.array([[np.cos(skew), -np.sin(skew)], [np.sin(skew), np.cos(skew)]])
    straight = corners @ turn
    spans = np.concatenate([straight.min(axis=1), straight.max(axis=1)], axis=1)
    return _columns(spans, np.arange(len(quads)))


def _columns(spans: NDArray[np.float64], members: NDArray[np.intp]) -> list[int]:
    """Splits lines (left, top, right, bottom) at gutters, then reads each part by rows."""
    by_left = members[np.argsort(spans[members, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[by_left, 2])
    gaps = spans[by_left[1:], 0] - reach[:-1]
    for cut in np.argsort(-gaps):
        if gaps[cut] <= 0:
            break
        parts = by_left[: cut + 1], by_left[cut + 1 :]
        whole = reach[-1] - spans[by_left[0], 0]
        if all(_running_text(spans[part], whole) for part in parts):
            return [*_columns(spans, parts[0]), *_columns(spans, parts[1])]
    return _rows(spans, members)


def _running_text(part: NDArray[np.float64], whole: float) -> bool:
    extent = part[:, 2].max() - part[:, 0].min()
    fills = np.median(part[:, 2] - part[:, 0]) >= COLUMN_FILL * extent
    return bool(len(part) >= COLUMN_LINES and fills and extent >= COLUMN_SHARE * whole)


def _rows(spans: NDArray[np.float64], members: NDArray[np.intp]) -> list[int]:
    middles = (spans[:, 1] + spans[:, 3]) / 2
    ordered: list[int] = []
    row: list[int] = []
    for index in members[np.argsort(middles[members], kind="stable")]:
        if row:
            last = row[-1]
            height = min(spans[i, 3] - spans[i, 1] for i in (index, last))
            if middles[index] - middles[last] > SAME_ROW * height:
                ordered += sorted(row, key=lambda i: float(spans[i, 0]))
                row = []
        row.append(int(index))
    return ordered + sorted(row, key=lambda i: float(spans[i, 0]))
