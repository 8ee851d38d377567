"""Stacks: at least two photos in one order, and every photo in one stack of a kind."""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule


def _twice(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame.duplicated(["library_id", "kind", "photo_id"], keep=False)]


def _alone(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame.groupby("stack_id")["photo_id"].transform("size") < 2]


def _out_of_order(evidence: Evidence) -> pd.DataFrame:
    """Stacks whose places are not the first numbers from 0."""
    frame = evidence.frame
    place = frame.groupby("stack_id")["position"].rank(method="first") - 1
    return frame[place != frame["position"]]


RULES = (
    Rule("a photo is in at most one stack of a kind", Severity.BLOCK, _twice),
    Rule("a stack has two photos", Severity.BLOCK, _alone),
    Rule("places in a stack are counted from 0", Severity.BLOCK, _out_of_order),
)
