"""Fingerprints: one per photo, of the very pixels its contents record."""

import pandas as pd

from darkroom.contracts.table import Severity
from darkroom.domain.miniatures import EDGE
from quality.rules import Evidence, Rule, done_means_rows, newest, photos_known


def _other_pixels(evidence: Evidence) -> pd.DataFrame:
    contents = evidence.of("photo_contents")
    decoded = contents[contents["pixel_digest"].notna()]
    frame = newest(evidence.frame)
    compared = frame[frame["photo_id"].isin(decoded["photo_id"])]
    joined = compared.merge(
        decoded[["photo_id", "pixel_digest"]].drop_duplicates(),
        on=["photo_id", "pixel_digest"],
        how="left",
        indicator=True,
    )
    return joined[joined["_merge"] == "left_only"]


def _of_another_size(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    lengths = frame["miniature"].dropna().map(len)
    return frame.loc[lengths.index[lengths != 2 * EDGE * EDGE]]


RULES = (
    photos_known(),
    done_means_rows("fingerprints"),
    Rule(
        "a pixel digest is the one recorded with the photo's contents",
        Severity.QUARANTINE,
        _other_pixels,
        needs=("photo_contents",),
    ),
    Rule("a miniature has 32 × 32 values", Severity.QUARANTINE, _of_another_size),
)
