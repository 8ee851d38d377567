"""Dates and times as files write them: EXIF's colons, ISO 8601, IPTC's digits, whole or cut short.

Belongs here: turning text into wall time and offset, and what counts as a date at all.
Does not belong here: which of a photo's dates is its capture time (`capture_time`), dates in file names (`name_dates`).
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

EARLIEST_YEAR = 1826
"""The year of the oldest photograph."""

END_YEAR = 2100
"""No date from here on is believed, not even a file's own: file systems' counters end about here."""

RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No photo is taken in later with a clock before this: bounds the future where a file's own time is useless."""

FUTURE = timedelta(days=3653)
"""How far past every known clock a date may lie: cameras are set wrong by years, counters overflow by decades."""

LARGEST_OFFSET = 14 * 60
"""Minutes; no zone was ever further from UTC."""

_UNSET = {date(1970, 1, 1), date(1904, 1, 1)}
"""Where clocks of Unix and of QuickTime begin: what a program writes when it has no date."""

_SEPARATED = re.compile(
    r"\s*(\d{4})(?!\d)(?:[:/.-](\d{1,2})(?:[:/.-](\d{1,2})(?:[T\s]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)?)?)?"
)
_COMPACT = re.compile(r"\s*(\d{4})(\d\d)(\d\d)(?:[T\s]?(\d\d)(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?(?!\d)")
_OFFSET = re.compile(r"(?:GMT|UTC)?\s*([+-])(\d{1,2})(?::?(\d\d))?(?::?00)?")
_ZULU = ("Z", "UTC", "GMT")


@dataclass(frozen=True)
class Timestamp:
    """A wall time, the offset written beside it (minutes; `None` when there is none), and whether it has hours."""

    local: datetime
    offset_minutes: int | None = None
    has_time: bool = True

    @property
    def utc(self) -> datetime | None:
        """The instant; `None` while the offset is unknown."""
        if self.offset_minutes is None:
            return None
        return self.local.replace(tzinfo=UTC) - timedelta(minutes=self.offset_minutes)


def parse_timestamp(text: str) -> Timestamp | None:
    """The date in the text; missing parts count as their beginning. `None` when no calendar has such a date or hour."""
    match = _COMPACT.match(text) or _SEPARATED.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction = match.groups()
    if day is None and text[match.end() :].strip(" :/.-"):
        # Four digits before other words are a number, not a year.
        return None
    stamp = wall_time(
        int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), fraction
    )
    if stamp is None:
        return None
    return Timestamp(stamp, parse_offset(text[match.end() :].lstrip(" :")) if hour else None, has_time=bool(hour))


def parse_offset(text: str | None) -> int | None:
    """Minutes east of UTC from `+05:30`, `+0530`, `-3`, `GMT+2` or `Z`; `None` for anything else."""
    text = (text or "").strip().upper()
    if text in _ZULU:
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    total = (60 * hours + minutes) * (-1 if match[1] == "-" else 1)
    return total if minutes < 60 and abs(total) <= LARGEST_OFFSET else None


def wall_time(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, fraction: str | None = None
) -> datetime | None:
    """A wall time without zone, `fraction` being the digits after the seconds; `None` when there is no such time."""
    try:
        stamp = datetime(year, month, day, hour, minute, min(second, 59) if second <= 60 else second)  # noqa: DTZ001
    except ValueError:
        return None
    return stamp.replace(microsecond=_microseconds(fraction)) if stamp.year >= EARLIEST_YEAR else None


def with_fraction(stamp: Timestamp, digits: str | None) -> Timestamp:
    """The same time with its sub-seconds from a tag of their own, unless it has some already."""
    digits = (digits or "").strip()
    if stamp.local.microsecond or not stamp.has_time or not (digits.isascii() and digits.isdigit()):
        return stamp
    return replace(stamp, local=stamp.local.replace(microsecond=_microseconds(digits)))


def is_plausible(stamp: Timestamp, modified_at: datetime) -> bool:
    """Whether a date can be a capture's: after photography began, not the zero of a clock, not in the far future."""
    if stamp.local.date() in _UNSET or (stamp.utc is not None and stamp.utc.timestamp() == 0):
        return False
    newest_clock = max(modified_at, RELEASED).astimezone(UTC).replace(tzinfo=None)
    return EARLIEST_YEAR <= stamp.local.year < END_YEAR and stamp.local - FUTURE <= newest_clock


def _microseconds(digits: str | None) -> int:
    return int((digits or "")[:6].ljust(6, "0"))
