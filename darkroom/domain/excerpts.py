"""Excerpts: the part of a text that shows why it was found, with the places of the words in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 160
"""Characters an excerpt has at most."""
_LOOKED_AT = 100


@dataclass(frozen=True)
class Excerpt:
    """A piece of a text; `spans` are (start, end exclusive) of the found words, in characters of the piece."""

    text: str
    spans: tuple[tuple[int, int], ...]


def excerpt(text: str, spans: Sequence[tuple[int, int]], width: int = WIDTH) -> Excerpt:
    """The stretch of at most `width` characters with most of the spans, the first such one, cut at white space.

    `spans` are sorted and do not overlap; only the first hundred are looked at. A span longer than `width` is cut.
    Without spans it is the beginning.
    """
    spans = spans[:_LOOKED_AT]
    start, held = spans[0][0] if spans else 0, 0
    for position, (begin, _) in enumerate(spans):
        inside = sum(1 for _, end in spans[position:] if end <= begin + width)
        if inside > held:
            start, held = begin, inside
    last = max((end for begin, end in spans if begin >= start and end <= start + width), default=start)
    start = max(min(start - (width - (last - start)) // 2, len(text) - width), 0)
    stop = min(start + width, len(text))
    start, stop = _trimmed(text, start, stop, spans)
    inside_spans = ((max(begin, start), min(end, stop)) for begin, end in spans if end > start and begin < stop)
    return Excerpt(text[start:stop], tuple((begin - start, end - start) for begin, end in inside_spans))


def _trimmed(text: str, start: int, stop: int, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Moves both edges inward to white space, where that loses no span."""
    shown = [(max(begin, start), min(end, stop)) for begin, end in spans if end > start and begin < stop]
    first = min((begin for begin, _ in shown), default=stop)
    last = max((end for _, end in shown), default=start)
    if start > 0 and not text[start - 1].isspace():
        start = next((place + 1 for place in range(start, first) if text[place].isspace()), start)
    if stop < len(text) and not text[stop].isspace():
        stop = next((place for place in range(stop - 1, last - 1, -1) if text[place].isspace()), stop)
    return start, stop
