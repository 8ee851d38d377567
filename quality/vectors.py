"""What tables of vectors share: the rule of vectors of length 1, and how long a row of numbers has to be.

Does not belong here: which tables there are (`suites`), or rules about anything else (`rules`).
"""

import numpy as np
import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import DIMENSIONS, Evidence, Rule

ROUNDING = 1e-3
"""How far from 1 the length of a vector in single precision may be."""


def of_another_size(evidence: Evidence, output: str, column: str) -> pd.Series:
    """Whether each row's `column` has another count of numbers than the provider of the output declares; boolean.

    Rows of a version that the provider that is set up does not make are compared with the most usual among them.
    """
    frame = evidence.frame
    sizes = frame[column].map(len).astype("int64")
    usual = sizes.groupby(frame["output_version"]).transform(lambda found: found.mode().iloc[0])
    known = evidence.of(DIMENSIONS)
    declared = known[known["output"] == output].set_index("output_version")["dimensions"]
    return sizes != frame["output_version"].map(declared).astype("float64").fillna(usual)


def unit_vectors(output: str) -> Rule:
    """A vector in `vector` is finite, of length 1, and has as many numbers as the provider of the output declares."""

    def broken(evidence: Evidence) -> pd.DataFrame:
        frame = evidence.frame
        lengths = frame["vector"].map(lambda vector: float(np.linalg.norm(np.asarray(vector, np.float64))))
        return frame[of_another_size(evidence, output, "vector") | ~((lengths - 1).abs() <= ROUNDING)]

    sentence = "vectors are finite, of length 1 and of the size their model declares"
    return Rule(sentence, Severity.QUARANTINE, broken, needs=(DIMENSIONS,))
