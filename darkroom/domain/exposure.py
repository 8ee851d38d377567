"""With what a photo was taken: camera, lens and exposure.

Belongs here: which tags give them and which values are nonsense. Does not belong here: time, place and words.
These are facts of the camera, so EXIF comes first and XMP, which repeats them, fills what is missing.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from darkroom.domain.tags import Tags

LONGEST_SECONDS = 7 * 86_400.0
LARGEST_F_NUMBER = 1024.0
LARGEST_ISO = 100_000_000
LONGEST_MM = 100_000.0

_ISO_OVERFLOW = 65_535
"""What the 16-bit tag says when the sensitivity does not fit; the real one is then in a wider tag."""

_NAMELESS = re.compile(r"[\W\d_]*|unknown|none|n/?a|default|0+(\.0+)? ?mm.*", re.IGNORECASE)


def exposure(tags: Tags) -> dict[str, tuple[Any, str]]:
    """Column of the metadata contract to (value, source), for every value the tags give."""
    return {
        **_first("camera_make", _texts(tags, ("Make",), ("tiff:Make",)), _is_name),
        **_first("camera_model", _texts(tags, ("Model",), ("tiff:Model",)), _is_model),
        **_first("lens", _texts(tags, ("LensModel",), ("exifEX:LensModel", "aux:Lens")), _is_name),
        **_first("exposure_seconds", _seconds(tags), lambda value: 0 < value <= LONGEST_SECONDS),
        **_first("f_number", _f_numbers(tags), lambda value: 0 < value <= LARGEST_F_NUMBER),
        **_first("iso", _sensitivities(tags), lambda value: 0 < value <= LARGEST_ISO),
        **_first("focal_length_mm", _lengths(tags, ("FocalLength",), ("exif:FocalLength",)), _is_length),
        **_first(
            "focal_length_35mm",
            _lengths(tags, ("FocalLengthIn35mmFilm",), ("exif:FocalLengthIn35mmFilm",)),
            _is_length,
        ),
        **_first("flash", _flashes(tags), lambda value: value is not None),
    }


def _first(column: str, candidates: Iterable[tuple[Any, str]], accept: Any) -> Mapping[str, tuple[Any, str]]:
    found = next(((value, source) for value, source in candidates if value is not None and accept(value)), None)
    return {column: found} if found else {}


def _texts(tags: Tags, exif: tuple[str, ...], xmp: tuple[str, ...]) -> Iterable[tuple[str | None, str]]:
    yield from ((tags.exif_text(name), "exif") for name in exif)
    yield from ((tags.xmp_text(name), "xmp") for name in xmp)


def _lengths(tags: Tags, exif: tuple[str, ...], xmp: tuple[str, ...]) -> Iterable[tuple[float | None, str]]:
    found = [(tags.exif_number(name), "exif") for name in exif] + [(tags.xmp_number(name), "xmp") for name in xmp]
    yield from ((float(value), source) for value, source in found if value is not None)


def _seconds(tags: Tags) -> Iterable[tuple[float | None, str]]:
    yield tags.exif_number("ExposureTime"), "exif"
    yield _power(tags.exif_number("ShutterSpeedValue"), -1.0), "exif"
    yield tags.xmp_number("exif:ExposureTime"), "xmp"


def _f_numbers(tags: Tags) -> Iterable[tuple[float | None, str]]:
    yield tags.exif_number("FNumber"), "exif"
    aperture = _power(tags.exif_number("ApertureValue"), 0.5)
    yield round(aperture, 1) if aperture is not None else None, "exif"
    yield tags.xmp_number("exif:FNumber"), "xmp"


def _sensitivities(tags: Tags) -> Iterable[tuple[int | None, str]]:
    plain = next((value for value in tags.exif_numbers("PhotographicSensitivity") if value), None)
    if plain != _ISO_OVERFLOW:
        yield _whole(plain), "exif"
    for name in ("RecommendedExposureIndex", "ISOSpeed", "StandardOutputSensitivity"):
        yield _whole(tags.exif_number(name)), "exif"
    yield _whole(plain), "exif"
    for name in ("exifEX:PhotographicSensitivity", "exif:ISOSpeedRatings"):
        yield _whole(tags.xmp_number(name)), "xmp"


def _flashes(tags: Tags) -> Iterable[tuple[bool | None, str]]:
    bits = tags.exif_number("Flash")
    yield bool(int(bits) & 1) if bits is not None else None, "exif"


def _power(apex: float | None, factor: float) -> float | None:
    """2 to the power of an APEX value (CIPA DC-008, annex C); values beyond any camera's have none."""
    return math.pow(2.0, apex * factor) if apex is not None and abs(apex) <= 64 and apex != 0 else None


def _whole(value: float | None) -> int | None:
    return round(value) if value is not None else None


def _is_name(text: str) -> bool:
    """Makers and lenses have letters: a number alone is a serial number or a slip."""
    return len(text) <= 200 and _NAMELESS.fullmatch(text) is None


def _is_model(text: str) -> bool:
    return len(text) <= 200 and any(c.isalnum() for c in text)


def _is_length(value: float) -> bool:
    return 0 < value <= LONGEST_MM
