"""Texts: counts, text and lines say the same, and boxes stay inside the picture."""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule, done_means_rows, photos_known

TURNS = (0, 90, 180, 270)

ROUNDING = 1e-6
"""How far a box may stick out: single-precision fractions do not add up to one exactly."""


def _lengths(lines: pd.Series) -> pd.Series:
    return lines.map(len, na_action="ignore").fillna(0).astype("int64")


def _miscounted(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame["line_count"] != _lengths(frame["lines"])]


def _text_without_lines(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[(frame["text"].fillna("").astype("str").str.strip() != "") != (_lengths(frame["lines"]) > 0)]


def _score_without_lines(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame["score"].notna() != (_lengths(frame["lines"]) > 0)]


def _box_outside(evidence: Evidence) -> pd.DataFrame:
    keys = evidence.frame[["photo_id", "lines"]].explode("lines").dropna(subset=["lines"])
    boxes = pd.DataFrame(keys["lines"].tolist(), columns=["text", "score", "x", "y", "w", "h"], index=keys.index)
    outside = (boxes["x"] + boxes["w"] > 1 + ROUNDING) | (boxes["y"] + boxes["h"] > 1 + ROUNDING)
    return keys.loc[outside.to_numpy(), ["photo_id"]]


def _odd_turn(evidence: Evidence) -> pd.DataFrame:
    return evidence.frame[~evidence.frame["rotation"].isin(TURNS)]


RULES = (
    photos_known(),
    done_means_rows("texts"),
    Rule("line_count is the number of lines", Severity.QUARANTINE, _miscounted),
    Rule("there is text exactly when there are lines", Severity.QUARANTINE, _text_without_lines),
    Rule("there is a score exactly when there are lines", Severity.QUARANTINE, _score_without_lines),
    Rule("boxes stay inside the picture", Severity.QUARANTINE, _box_outside),
    Rule("a picture is turned by quarter turns", Severity.QUARANTINE, _odd_turn),
)
