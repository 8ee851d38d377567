"""Spans of local time that a literal names: a year, a month, a day, or a moment as precise as it was written.

Does not belong here: where a capture time comes from (`darkroom.domain.capture_time`).
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, datetime, timedelta

Span = tuple[datetime, datetime | None]
"""[start, end); without end when it would lie past the last year there is."""

LATEST = datetime(MAXYEAR, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - local wall time
"""The last local time there is."""


class ZonedTime(ValueError):
    """A literal with a zone, where local wall time is asked for."""


def year_span(year: int) -> Span:
    """The span of a calendar year. Raises `ValueError` outside 1..9999."""
    start = datetime(year, 1, 1)  # noqa: DTZ001 - local wall time
    return start, start.replace(year=year + 1) if year < MAXYEAR else None


def span(text: str) -> Span:
    """The span of `2019`, `2019-07`, `2019-07-04` or `2019-07-04T18:30:00`.

    Raises `ZonedTime` for a time with a zone and `ValueError` for anything else.
    """
    if re.fullmatch(r"\d{4}", text, re.ASCII):
        return year_span(int(text))
    if re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII):
        start = datetime.fromisoformat(f"{text}-01")
        if start.month < 12:
            return start, start.replace(month=start.month + 1)
        return start, year_span(start.year)[1]
    start = datetime.fromisoformat(text)
    if start.tzinfo is not None:
        raise ZonedTime(text)
    step = _step(text)
    return start, start + step if start <= LATEST - step else None


def _step(text: str) -> timedelta:
    if len(text) <= len("2019-07-04"):
        return timedelta(days=1)
    if "." in text or "," in text:
        return timedelta(microseconds=1)
    return timedelta(seconds=1) if text.count(":") == 2 else timedelta(minutes=1)
