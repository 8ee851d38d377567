"""Model runs: each did something, and no more than its batch holds.

They say how work went and not what photos contain: what is odd about them is told, and keeps nobody's photos back.
"""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule


def _photos(evidence: Evidence) -> pd.Series:
    return evidence.frame["photos_done"] + evidence.frame["photos_failed"]


def _idle(evidence: Evidence) -> pd.DataFrame:
    return evidence.frame[_photos(evidence) == 0]


def _more_than_the_batch(evidence: Evidence) -> pd.DataFrame:
    batches = evidence.of("batches")
    # Of no rows at all pandas makes words, which compare with no number.
    files = evidence.frame["batch_id"].map(batches.set_index("batch_id")["files"]).astype("float64")
    return evidence.frame[_photos(evidence) > files]


RULES = (
    Rule("a run answered for or failed on a photo", Severity.WARN, _idle),
    Rule("a run had no more photos than its batch", Severity.WARN, _more_than_the_batch, needs=("batches",)),
)
