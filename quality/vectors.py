"""The rule that tables of vectors share.

Does not belong here: which tables there are (`suites`), or rules about anything else (`rules`).
"""

import numpy as np
import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule

ROUNDING = 1e-3
"""How far from 1 the length of a vector in single precision may be."""


def unit_vectors() -> Rule:
    """A vector in `vector` is finite, of length 1, and has as many numbers as the others of its version."""

    def broken(evidence: Evidence) -> pd.DataFrame:
        frame = evidence.frame
        sizes = frame["vector"].map(len)
        usual = sizes.groupby(frame["output_version"]).transform(lambda found: found.mode().iloc[0])
        lengths = frame["vector"].map(lambda vector: float(np.linalg.norm(np.asarray(vector, np.float64))))
        return frame[(sizes != usual) | ~((lengths - 1).abs() <= ROUNDING)]

    return Rule("vectors are finite, of length 1 and of one size", Severity.QUARANTINE, broken)
