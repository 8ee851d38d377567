"""Failures: each says about what, and about photos that exist."""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule, photos_known


def _about_nothing(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame["photo_id"].isna() & frame["path"].isna()]


RULES = (
    photos_known(),
    Rule("a failure names its photo or its file", Severity.BLOCK, _about_nothing),
)
