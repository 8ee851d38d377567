"""Words people use for when a photo was taken: year, month, weekday, season.

English only, and names only: a number without its year finds too much. Does not belong here: reading capture times
(`capture_time`), spans of time in filters (`spans`).
"""

from __future__ import annotations

from datetime import datetime

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEASONS = (("winter",), ("spring",), ("summer",), ("autumn", "fall"))


def time_words(local: datetime, latitude: float | None) -> str:
    """Year, month, weekday and season of a local wall time, as text.

    Seasons are meteorological. Without a latitude the northern one is meant, where nine of ten people live.
    """
    season = (local.month % 12 // 3 + (2 if latitude is not None and latitude < 0 else 0)) % 4
    return " ".join((str(local.year), MONTHS[local.month - 1], WEEKDAYS[local.weekday()], *SEASONS[season]))
