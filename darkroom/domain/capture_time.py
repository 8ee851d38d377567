"""When a photo was taken: which of its dates counts, and what offset from UTC it had.

Belongs here: the order of trust among a photo's dates.
Does not belong here: reading one date (`timestamps`, `name_dates`).

A wall time stays naive while nothing says its zone. The offset comes from the date's own tag, else from another tag
that repeats the same wall time, else from the position's time zone, else from the distance to the GPS clock.
An instant (a GPS clock, a `PXL_` name, a file's modification time) is told in the zone of the photo's position; without
one it is told in UTC, with offset 0: that loses nothing, and an approximate day is better than none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from darkroom.domain.name_dates import date_in_name
from darkroom.domain.position import Position, offset_of_instant, offsets_at
from darkroom.domain.tags import Tags
from darkroom.domain.timestamps import (
    LARGEST_OFFSET,
    Timestamp,
    is_plausible,
    parse_offset,
    parse_timestamp,
    wall_time,
    with_fraction,
)

QUARTER = 15
"""Minutes; every zone's offset today is a multiple."""


@dataclass(frozen=True)
class CaptureTime:
    """Wall time, offset in minutes, instant, the tag or rule that gave the time, and the sources of time and offset."""

    local: datetime
    offset_minutes: int | None
    utc: datetime | None
    rule: str
    source: str
    offset_source: str | None = None


@dataclass(frozen=True)
class _Dated:
    stamp: Timestamp
    source: str
    rule: str


def capture_time(tags: Tags, place: Position | None, file_name: str, modified_at: datetime) -> CaptureTime | None:
    """The best date there is; `None` when even the file's own is no date.

    Raises:
        ValueError: `modified_at` has no zone.
    """
    if modified_at.tzinfo is None:
        raise ValueError("modified_at needs a zone: it is an instant")
    clock = _gps_clock(tags)
    gps = clock if clock and is_plausible(clock.stamp, modified_at) else None
    dates = [dated for dated in _embedded(tags) if is_plausible(dated.stamp, modified_at)]
    if dates:
        return _with_offset(_refined(dates), dates, place, gps)
    if gps is not None:
        return _instant(gps, place)
    named = date_in_name(file_name)
    if named is not None and is_plausible(named, modified_at):
        dated = _Dated(named, "name", "file name")
        return _with_offset(dated, [], place, None) if named.offset_minutes is None else _instant(dated, place)
    modified = Timestamp(modified_at.astimezone(UTC).replace(tzinfo=None), 0)
    if is_plausible(modified, modified_at):
        return _instant(_Dated(modified, "estimate", "file time"), place)
    return None


def _embedded(tags: Tags) -> Iterator[_Dated]:
    """The dates inside the file, most trusted first."""
    yield from _exif(tags, "DateTimeOriginal", "OffsetTimeOriginal", "SubSecTimeOriginal")
    yield from _xmp(tags, "exif:DateTimeOriginal", "photoshop:DateCreated")
    yield from _iptc(tags)
    yield from _exif(tags, "DateTimeDigitized", "OffsetTimeDigitized", "SubSecTimeDigitized")
    yield from _xmp(tags, "exif:DateTimeDigitized", "xmp:CreateDate")
    yield from _exif(tags, "ModifyDate", "OffsetTime", "SubSecTime")
    yield from _xmp(tags, "xmp:ModifyDate")


def _exif(tags: Tags, name: str, offset: str, fraction: str) -> Iterator[_Dated]:
    stamp = parse_timestamp(tags.exif_text(name) or "")
    if stamp is not None:
        beside = parse_offset(tags.exif_text(offset))
        if beside is not None and stamp.has_time:
            stamp = replace(stamp, offset_minutes=beside)
        yield _Dated(with_fraction(stamp, tags.exif_text(fraction)), "exif", f"EXIF:{name}")


def _xmp(tags: Tags, *names: str) -> Iterator[_Dated]:
    for name in names:
        stamp = parse_timestamp(tags.xmp_text(name) or "")
        if stamp is not None:
            yield _Dated(stamp, "xmp", f"XMP:{name}")


def _iptc(tags: Tags) -> Iterator[_Dated]:
    """A time without a date is none; midnight in UTC is what writers put when they know the day only."""
    day = (tags.iptc_text("DateCreated") or "").replace("-", "").replace(":", "")
    time = (tags.iptc_text("TimeCreated") or "").replace(":", "")
    if time in ("000000", "000000+0000"):
        time = ""
    # IPTC writes 00 for a month or day that is unknown.
    day = day.removesuffix("00").removesuffix("00") if len(day) == 8 and day.endswith("00") else day
    shape = f"{day}T{time}" if len(day) == 8 and time else f"{day[:4]}-{day[4:]}" if len(day) == 6 else day
    stamp = parse_timestamp(shape) if day else None
    if stamp is not None:
        yield _Dated(stamp, "iptc", "IPTC:DateCreated")


def _gps_clock(tags: Tags) -> _Dated | None:
    """The satellites' time, which is UTC whatever the camera's clock says."""
    day = parse_timestamp(tags.exif_text("GPSDateStamp") or "")
    numbers = tags.exif_numbers("GPSTimeStamp")
    if day is not None and len(numbers) == 3:
        hour, minute, second = (number if number is not None else -1.0 for number in numbers)
        if min(hour, minute, second) >= 0 and hour < 24 and minute < 60 and second < 61:
            at = wall_time(day.local.year, day.local.month, day.local.day, int(hour), int(minute), int(second))
            if at is not None:
                return _Dated(Timestamp(at, 0), "exif", "EXIF:GPSTimeStamp")
    stamp = parse_timestamp(tags.xmp_text("exif:GPSTimeStamp") or "")
    if stamp is not None and stamp.has_time:
        return _Dated(replace(stamp, offset_minutes=stamp.offset_minutes or 0), "xmp", "XMP:exif:GPSTimeStamp")
    return None


def _refined(dates: list[_Dated]) -> _Dated:
    """The most trusted date; when it names a day only, the first one that knows the hour of the same day."""
    best = dates[0]
    if best.stamp.has_time:
        return best
    same_day = (
        dated for dated in dates if dated.stamp.has_time and dated.stamp.local.date() == best.stamp.local.date()
    )
    return next(same_day, best)


def _with_offset(best: _Dated, dates: list[_Dated], place: Position | None, gps: _Dated | None) -> CaptureTime:
    offset, source = best.stamp.offset_minutes, best.source
    if offset is None and best.stamp.has_time:
        offset, source = _inferred_offset(best, dates, place, gps)
    stamp = replace(best.stamp, offset_minutes=offset)
    return CaptureTime(stamp.local, offset, stamp.utc, best.rule, best.source, source if offset is not None else None)


def _inferred_offset(
    best: _Dated, dates: list[_Dated], place: Position | None, gps: _Dated | None
) -> tuple[int | None, str]:
    for dated in dates:
        same_moment = dated.stamp.has_time and _seconds(dated.stamp) == _seconds(best.stamp)
        offset = dated.stamp.offset_minutes
        # Writers of XMP and IPTC that mirror a wall time without knowing its zone stamp it as UTC: that says nothing.
        if same_moment and offset is not None and (offset != 0 or dated.source == "exif"):
            return offset, dated.source
    distance = (best.stamp.local - gps.stamp.utc.replace(tzinfo=None)) if gps and gps.stamp.utc else None
    minutes = distance.total_seconds() / 60 if distance is not None else None
    choices = offsets_at(place, best.stamp.local) if place else ()
    if choices:
        # In the hour a clock shows twice, the satellites say which of the two it was.
        return min(choices, key=lambda choice: abs(choice - minutes) if minutes is not None else 0), "location"
    if gps is not None and minutes is not None and abs(minutes) <= LARGEST_OFFSET:
        return QUARTER * round(minutes / QUARTER), gps.source
    return None, ""


def _instant(dated: _Dated, place: Position | None) -> CaptureTime | None:
    utc = dated.stamp.utc
    if utc is None:
        return None
    offset = offset_of_instant(place, utc) if place else None
    source = "location" if offset is not None else dated.source
    local = (utc + timedelta(minutes=offset or 0)).replace(tzinfo=None)
    return CaptureTime(local, offset or 0, utc, dated.rule, dated.source, source)


def _seconds(stamp: Timestamp) -> datetime:
    return stamp.local.replace(microsecond=0)
