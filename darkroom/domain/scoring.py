"""Scores of search results: 0 to 1, ordered, comparable between queries, with a cut-off below which nothing counts.

Provisional until judgements calibrate it. BM25 alone is no score: its scale depends on the corpus, so no cut-off holds
for two queries. What is stable is how much of the query a photo answers; BM25 then orders photos that answer as much.

Does not belong here: finding candidates (the index), explaining them (`darkroom.services.search`).
"""

from __future__ import annotations

from collections.abc import Sequence

from darkroom.domain.words import is_unspaced

RELEVANT = 0.35
"""Coverage a photo needs: one word of two or three long ones is enough, one of four is not."""

_BY_RANK = 0.3
_LONGEST_COUNTED = 8
_LETTERS_OF_A_CHARACTER = 3


def weight(word: str) -> int:
    """How much of a query's meaning a word carries: its length, at most 8.

    Short words are function words in most languages, which stands in for a list of stop words; a character of a script
    without spaces counts as three letters.
    """
    return min(len(word) * (_LETTERS_OF_A_CHARACTER if is_unspaced(word) else 1), _LONGEST_COUNTED)


def coverage(asked: Sequence[str], matched: Sequence[str]) -> float:
    """Share of the query's weight that the matched words carry, 0 to 1."""
    total = sum(weight(word) for word in asked)
    return sum(weight(word) for word in set(matched) & set(asked)) / total if total else 0.0


def score(covered: float, rank_score: float, best: float) -> float:
    """Score of a photo with this coverage, its BM25 and the best BM25 found: 0 to 1, 1 for the best full answer."""
    closeness = min(max(rank_score / best, 0.0), 1.0) if best > 0 else 0.0
    return covered * (1 - _BY_RANK + _BY_RANK * closeness)
