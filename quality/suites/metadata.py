"""Metadata: one row per photo, times that agree with each other, positions that are whole."""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule, done_means_rows, photos_known


def _instant_disagrees(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    known = frame[frame["taken_local"].notna() & frame["taken_offset_minutes"].notna() & frame["taken_utc"].notna()]
    offset = pd.to_timedelta(known["taken_offset_minutes"].astype("float64"), unit="min")
    instant = pd.to_datetime(known["taken_utc"], utc=True).dt.tz_localize(None)
    return known[instant != pd.to_datetime(known["taken_local"]) - offset]


def _instant_without_offset(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    derivable = frame["taken_local"].notna() & frame["taken_offset_minutes"].notna()
    return frame[frame["taken_utc"].notna() != derivable]


def _time_without_source(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame["taken_local"].notna() & frame["taken_source"].isna()]


def _half_a_position(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame["latitude"].isna() != frame["longitude"].isna()]


def _country_of_no_position(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame["country"].notna() & frame["latitude"].isna()]


def _nowhere(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[(frame["latitude"] == 0) & (frame["longitude"] == 0)]


def _from_the_future(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame[evidence.frame["taken_utc"].notna()]
    late = pd.to_datetime(frame["taken_utc"], utc=True) > pd.to_datetime(frame["computed_at"], utc=True) + pd.Timedelta(
        1, "D"
    )
    return frame[late]


RULES = (
    photos_known(),
    done_means_rows("metadata"),
    Rule("taken_utc is taken_local minus the offset", Severity.QUARANTINE, _instant_disagrees),
    Rule("taken_utc is known exactly when time and offset are", Severity.QUARANTINE, _instant_without_offset),
    Rule("a time says where it came from", Severity.WARN, _time_without_source),
    Rule("latitude and longitude are both known or both unknown", Severity.QUARANTINE, _half_a_position),
    Rule("a country is the one of a position", Severity.QUARANTINE, _country_of_no_position),
    Rule("no position is exactly 0, 0, which means unset", Severity.WARN, _nowhere),
    Rule("no photo was taken after it was read", Severity.WARN, _from_the_future),
)
