"""Faces: boxes inside the picture, descriptors that can be compared, thumbnails that are there."""

import numpy as np
import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import DIMENSIONS, OUTPUTS, Evidence, Rule, newest, photos_known, whole_objects
from quality.vectors import of_another_size

ROUNDING = 1e-6
"""How far a box may stick out: fractions do not add up to one exactly."""


def _box_outside(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    empty = (frame["w"] <= 0) | (frame["h"] <= 0)
    return frame[empty | (frame["x"] + frame["w"] > 1 + ROUNDING) | (frame["y"] + frame["h"] > 1 + ROUNDING)]


def _not_comparable(evidence: Evidence) -> pd.DataFrame:
    """Descriptors that are not finite, empty, or not of the size that their finder declares."""
    frame = evidence.frame
    finite = frame["descriptor"].map(lambda descriptor: len(descriptor) > 0 and bool(np.isfinite(descriptor).all()))
    return frame[of_another_size(evidence, "faces", "descriptor") | ~finite.astype("bool")]


def _not_done(evidence: Evidence) -> pd.DataFrame:
    states = evidence.of(OUTPUTS)
    done = states.loc[(states["output"] == "faces") & (states["state"] == "done"), "photo_id"]
    frame = newest(evidence.frame)
    return frame[~frame["photo_id"].isin(done)]


RULES = (
    photos_known(),
    Rule("only photos whose faces are done have faces", Severity.QUARANTINE, _not_done, needs=(OUTPUTS,)),
    Rule("boxes stay inside the picture", Severity.QUARANTINE, _box_outside),
    Rule("descriptors of a version can be compared", Severity.QUARANTINE, _not_comparable, needs=(DIMENSIONS,)),
    whole_objects(),
)
