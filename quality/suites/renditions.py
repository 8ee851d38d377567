"""Renditions: both kinds for every decodable photo, in the shape of the upright photo."""

import numpy as np
import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule, done_means_rows, newest, photos_known, whole_objects

THUMBNAIL_EDGE = 256
"""Longest edge of a thumbnail, in pixels."""

SIDEWAYS = 5
"""From this EXIF orientation on, stored width and height are swapped when the photo is upright."""


def _misshapen(evidence: Evidence) -> pd.DataFrame:
    photos = newest(evidence.of("photos"))[["photo_id", "width", "height", "orientation"]].dropna()
    joined = newest(evidence.frame).merge(photos, on="photo_id", suffixes=("", "_stored"))
    sideways = joined["orientation"] >= SIDEWAYS
    width = np.where(sideways, joined["height_stored"], joined["width_stored"])
    height = np.where(sideways, joined["width_stored"], joined["height_stored"])
    wide = width >= height
    long_edge = np.where(wide, joined["width"], joined["height"])
    short_edge = np.where(wide, joined["height"], joined["width"])
    exact = long_edge * np.minimum(width, height) / np.maximum(width, height)
    return joined[np.abs(short_edge - exact) > 1]


def _kinds_disagree(evidence: Evidence) -> pd.DataFrame:
    frame = newest(evidence.frame)
    kinds = frame.groupby("photo_id")["kind"].transform("nunique")
    return frame[kinds != 2]


def _large_thumbnail(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    edge = frame[["width", "height"]].max(axis=1)
    return frame[(frame["kind"] == "thumbnail") & (edge > THUMBNAIL_EDGE)]


RULES = (
    photos_known(),
    done_means_rows("renditions", rows_each=2),
    Rule("a photo has a thumbnail and a display rendition", Severity.QUARANTINE, _kinds_disagree),
    Rule("a thumbnail fits 256 × 256", Severity.QUARANTINE, _large_thumbnail),
    Rule("a rendition has the shape of the upright photo", Severity.QUARANTINE, _misshapen, needs=("photos",)),
    whole_objects(),
)
