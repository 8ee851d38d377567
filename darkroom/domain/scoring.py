"""Scores of search results: 0 to 1, ordered, comparable between queries, with a cut-off below which nothing counts.

Belongs here: what words are worth, and how scores of several legs become one. BM25 alone is no score: its scale depends
on the corpus, so no cut-off holds for two queries. What is stable is how much of the query a photo answers; BM25, and
whether words stand as they were asked, then order photos that answer as much.

Does not belong here: finding candidates (the index), what a model's cosine is worth (`domain.calibration`), explaining
results (`darkroom.services`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from darkroom.domain.words import is_unspaced

RELEVANT = 0.35
"""Coverage a photo needs: one word of two or three long ones is enough, one of four is not."""

_BY_RANK = 0.3
_LONGEST_COUNTED = 8
_LETTERS_OF_A_CHARACTER = 3


@lru_cache(maxsize=4096)
def weight(word: str) -> int:
    """How much of a query's meaning a word carries: its length, at most 8.

    Short words are function words in most languages, which stands in for a list of stop words; a character of a script
    without spaces counts as three letters.
    """
    return min(len(word) * (_LETTERS_OF_A_CHARACTER if is_unspaced(word) else 1), _LONGEST_COUNTED)


def coverage(asked: Sequence[str], matched: Sequence[str]) -> float:
    """Share of the query's weight that the matched words carry, 0 to 1."""
    return _coverage(tuple(asked), tuple(matched))


@lru_cache(maxsize=4096)
def _coverage(asked: tuple[str, ...], matched: tuple[str, ...]) -> float:
    """Remembered: of the photos a search looks at, most hold the same few of its words."""
    total = sum(weight(word) for word in asked)
    return sum(weight(word) for word in set(matched) & set(asked)) / total if total else 0.0


def score(covered: float, rank_score: float, best: float) -> float:
    """Score of a photo with this coverage, its BM25 and the best BM25 found: 0 to 1, 1 for the best full answer."""
    closeness = min(max(rank_score / best, 0.0), 1.0) if best > 0 else 0.0
    return covered * (1 - _BY_RANK + _BY_RANK * closeness)


def answered(asked: Sequence[str], written: Sequence[str], named: Sequence[str], closeness: float) -> float:
    """Score of a photo for a text: 0 below the cut-off. `closeness` is its BM25 as a share of the best, 0..1.

    `written` are the words of its document, `named` those that name somebody in it. A word that does both counts once,
    so a photo of Anna at the beach answers "anna beach" with a name and a word together.
    """
    if not named:
        covered = coverage(asked, written)
        return score(covered, closeness, 1.0) if covered >= RELEVANT else 0.0
    by_name, covered = coverage(asked, named), coverage(asked, (*written, *named))
    return by_name + score(covered - by_name, closeness, 1.0) if covered >= RELEVANT else 0.0


def fused(scores: Iterable[float]) -> float:
    """One score of the scores several legs gave a photo, each 0..1: that at least one of them is right.

    At least the greatest of them, at most 1, and never falling when one of them rises.
    Source: the noisy-or of Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988.
    """
    return 1.0 - math.prod(1.0 - one for one in scores)


def whole(demands: Sequence[float]) -> float:
    """How much of everything that was asked a photo answers, from how much of each demand: their mean, 0..1.

    A text and an example are two demands, so a photo that answers one of them only has half of the score.
    """
    return math.fsum(demands) / len(demands) if demands else 0.0
