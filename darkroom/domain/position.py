"""Where a photo was taken: the rules that make a position of GPS tags, and the time zone of a position.

Belongs here: coordinates and their zone. Does not belong here: names of places.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzfpy

from darkroom.domain.tags import Ratio, Tags
from darkroom.domain.timestamps import LARGEST_OFFSET

HIGHEST_M = 100_000.0
"""Where space begins; with its negative it bounds altitudes that are noise."""

_XMP_COORDINATE = re.compile(
    r"\s*(\d{1,3})(?:,(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?|(\.\d+))?\s*([NSEW])\s*", re.I
)


@dataclass(frozen=True)
class Position:
    """WGS 84 degrees, metres above sea level, and the group of tags it came from."""

    latitude: float
    longitude: float
    altitude_m: float | None
    source: str


def position(tags: Tags) -> Position | None:
    """The position in the tags; XMP, where programs write corrections, before EXIF.

    (0, 0) is what devices without a fix write and counts as none; a single zero is the equator or the meridian.
    """
    for source, latitude, longitude in (
        ("xmp", _xmp_degrees(tags, "Latitude", "NS"), _xmp_degrees(tags, "Longitude", "EW")),
        ("exif", _exif_degrees(tags, "Latitude", "NS"), _exif_degrees(tags, "Longitude", "EW")),
    ):
        if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
            continue
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return Position(latitude, longitude, _altitude(tags, source), source)
    return None


def offsets_at(place: Position, local: datetime) -> tuple[int, ...]:
    """Minutes east of UTC that the place's zone had at that wall time; two in the hour that a clock shows twice.

    Empty where no zone is known. In the hour that a clock skips it is the offset before the change.
    """
    zone = _zone(place)
    if zone is None:
        return ()
    first, second = (_minutes(local.replace(tzinfo=zone, fold=fold).utcoffset()) for fold in (0, 1))
    if first is None:
        return ()
    # A skipped hour also gives two, the later one being ahead: it never existed.
    return (first, second) if second is not None and second < first else (first,)


def offset_of_instant(place: Position, utc: datetime) -> int | None:
    """Minutes east of UTC that the place's zone had at that instant."""
    zone = _zone(place)
    return _minutes(utc.astimezone(zone).utcoffset()) if zone else None


def _minutes(offset: timedelta | None) -> int | None:
    """Whole minutes; `None` where Manila (to 1844) and Alaska (to 1867) lay across the date line."""
    minutes = round(offset.total_seconds() / 60) if offset is not None else None
    return minutes if minutes is not None and abs(minutes) <= LARGEST_OFFSET else None


def _zone(place: Position) -> ZoneInfo | None:
    name = tzfpy.get_tz(place.longitude, place.latitude)
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _exif_degrees(tags: Tags, axis: str, letters: str) -> float | None:
    value = tags.exif.get(f"GPS{axis}", ())
    # Without its letter the hemisphere is a guess.
    letter = (tags.exif_text(f"GPS{axis}Ref") or " ")[0].upper()
    if letter not in letters or not isinstance(value, tuple):
        return None
    # Writers of decimal degrees leave 0/0 in place of minutes and seconds.
    degrees, *rest = (*tags.exif_numbers(f"GPS{axis}")[:3], None)
    minutes, seconds, *_ = (
        *(0.0 if raw == Ratio(0, 0) else number for raw, number in zip(value[1:], rest, strict=False)),
        0.0,
        0.0,
    )
    return _signed(degrees, minutes, seconds, letter)


def _xmp_degrees(tags: Tags, axis: str, letters: str) -> float | None:
    match = _XMP_COORDINATE.fullmatch(tags.xmp_text(f"exif:GPS{axis}") or "")
    if match is None or match[5].upper() not in letters:
        return None
    degrees = float(match[1] + (match[4] or ""))
    return _signed(degrees, float(match[2] or 0), float(match[3] or 0), match[5].upper())


def _signed(degrees: float | None, minutes: float | None, seconds: float | None, letter: str) -> float | None:
    if degrees is None or minutes is None or seconds is None or degrees < 0:
        return None
    if not (0 <= minutes <= 60 and 0 <= seconds <= 60):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    return -value if letter in "SW" and value else value


def _altitude(tags: Tags, source: str) -> float | None:
    if source == "xmp":
        metres, below = tags.xmp_number("exif:GPSAltitude"), tags.xmp_number("exif:GPSAltitudeRef") == 1
    else:
        metres = tags.exif_number("GPSAltitude")
        # 1 is below sea level, 3 below the ellipsoid.
        below = tags.exif_number("GPSAltitudeRef") in (1, 3)
    if metres is None or not math.isfinite(metres) or abs(metres) > HIGHEST_M:
        return None
    return -metres if below and metres > 0 else metres
