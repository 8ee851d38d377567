"""People: every face is one person's or nobody's, nobody is twice in a photo, and what was decided holds."""

import numpy as np
import pandas as pd

from darkroom.contracts.table import Severity
from darkroom.domain.regrouping import regrouping
from darkroom.services.people import BEFORE, DECISIONS, PUBLISHED
from quality.rules import Evidence, Rule

AGREEMENT_MIN = 0.9
"""Adjusted Rand index against the generation before, from which on the change is no surprise."""


def _missing(evidence: Evidence) -> pd.DataFrame:
    published = evidence.of(PUBLISHED)
    return published[~published["face_id"].isin(evidence.frame["face_id"])]


def _twice_in_a_photo(evidence: Evidence) -> pd.DataFrame:
    known = evidence.frame[evidence.frame["person_id"].notna()]
    return known[known.duplicated(["photo_id", "person_id"], keep=False)]


def _not_honoured(evidence: Evidence) -> pd.DataFrame:
    decided = evidence.of(DECISIONS).merge(evidence.frame, on="face_id", suffixes=("_decided", ""))
    is_theirs = decided["person_id"] == decided["person_id_decided"]
    return decided[is_theirs != decided["is_theirs"]]


def _not_finite(evidence: Evidence) -> pd.DataFrame:
    distance = evidence.frame["distance"].astype("float64")
    return evidence.frame[distance.notna() & ~np.isfinite(distance)]


def _changed_a_lot(evidence: Evidence) -> pd.DataFrame:
    before, after = (
        dict(zip(frame["face_id"], frame["person_id"], strict=True))
        for frame in (rows[rows["person_id"].notna()] for rows in (evidence.of(BEFORE), evidence.frame))
    )
    surprising = regrouping(before, after).agreement < AGREEMENT_MIN
    moved = evidence.frame["face_id"].map(before).fillna("") != evidence.frame["person_id"].fillna("")
    return evidence.frame[moved & evidence.frame["face_id"].isin(before)] if surprising else evidence.frame.iloc[:0]


RULES = (
    Rule("every published face is there", Severity.BLOCK, _missing, needs=(PUBLISHED,)),
    Rule("two faces of one photo are two people", Severity.BLOCK, _twice_in_a_photo),
    Rule("faces are whose somebody said, and nobody's they are not", Severity.BLOCK, _not_honoured, needs=(DECISIONS,)),
    Rule("distances are finite", Severity.BLOCK, _not_finite),
    Rule("people are mostly who they were", Severity.WARN, _changed_a_lot, needs=(BEFORE,)),
)
