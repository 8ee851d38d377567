"""Calibration: what a model's cosine is worth, so that legs of a search can be compared, cut off and fused.

Belongs here: the curve from a cosine to a score. Does not belong here: the numbers of a model (its provider has them,
since another model's cosines mean something else), or the fusion (`domain.scoring`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """A logistic curve fitted to judged pairs, and the score under which a pair counts for nothing.

    `middles`: the cosine worth 0.5, for queries of one word, two words and so on; longer queries use the last, and so
    do examples. Longer texts share more with anything, so the same cosine says less. `width`: cosines per logit.
    `cut_off` is a score in 0..1.
    """

    middles: tuple[float, ...]
    width: float
    cut_off: float

    def score(self, cosine: float, words: int = 0) -> float:
        """Score of a cosine, 0..1: the share of judged pairs like it that were relevant; 0 below the cut-off.

        `words` is the number of words of the query; 0 means that it is no text.
        """
        worth = 1 / (1 + math.exp((self._middle(words) - cosine) / self.width))
        return worth if worth >= self.cut_off else 0.0

    def least(self, words: int = 0) -> float:
        """The smallest cosine that counts."""
        return self._middle(words) + self.width * math.log(self.cut_off / (1 - self.cut_off))

    def _middle(self, words: int) -> float:
        return self.middles[min(words, len(self.middles)) - 1]
