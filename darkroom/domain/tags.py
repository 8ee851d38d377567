"""Raw tags of a photo, as its file holds them: names and values by group, nothing judged yet.

Belongs here: the plain value that the reader of tags hands to the rules, and reading one raw value as text or number.
Does not belong here: finding tags in bytes (`darkroom.decoding.tags`), and what they mean (the rules beside this file).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_TEXT = 20_000
"""Characters kept of one text; a longer one is cut."""

_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_NUMBER = re.compile(r"\s*([+-]?\d{1,18}(?:\.\d{1,18})?)(?:\s*/\s*([+-]?\d{1,18}(?:\.\d{1,18})?))?\s*")


@dataclass(frozen=True)
class Ratio:
    """A fraction as EXIF writes it; the denominator may be zero."""

    numerator: int
    denominator: int


ExifValue = bytes | tuple[int | float | Ratio, ...]
"""Text and opaque bytes are `bytes`; numbers are a tuple, however many there are."""


@dataclass(frozen=True)
class Tags:
    """What a photo's bytes say about it.

    `exif` is keyed by the standard's tag names (`DateTimeOriginal`, `GPSLatitude`), without the thumbnail's directory;
    `xmp` by prefixed property (`dc:title`), `iptc` by data set (`Keywords`), both with all their values in order.
    `little_endian` is the byte order of the EXIF block, which its UTF-16 comments follow.
    """

    exif: Mapping[str, ExifValue] = field(default_factory=dict)
    xmp: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    iptc: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    little_endian: bool = True

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1 to 8; 1 (as stored) when the tag is absent or means nothing."""
        value = self.exif_number("Orientation")
        return int(value) if value is not None and value in range(1, 9) else 1

    def exif_text(self, name: str) -> str | None:
        """The EXIF tag as clean text; `None` when it is absent, empty or no text."""
        value = self.exif.get(name)
        return clean_text(decode_text(value)) if isinstance(value, bytes) else None

    def exif_numbers(self, name: str) -> tuple[float | None, ...]:
        """The EXIF tag's numbers; `None` stands for one that is infinite or no number. Empty when it has none."""
        value = self.exif.get(name, ())
        return tuple(_finite(item) for item in value) if isinstance(value, tuple) else ()

    def exif_number(self, name: str) -> float | None:
        """The first of the EXIF tag's numbers; `None` when it has none or that one is not finite."""
        return next(iter(self.exif_numbers(name)), None)

    def xmp_text(self, name: str) -> str | None:
        """The first value of the XMP property that is not empty, as clean text."""
        return next((text for value in self.xmp.get(name, ()) if (text := clean_text(value))), None)

    def xmp_number(self, name: str) -> float | None:
        """The XMP property as a number: `"28/10"` and `"2.8"` are both 2.8."""
        text = self.xmp_text(name)
        return number_of(text) if text else None

    def iptc_text(self, name: str) -> str | None:
        """The first value of the IPTC data set that is not empty, as clean text."""
        return next((text for value in self.iptc.get(name, ()) if (text := clean_text(value))), None)


def decode_text(value: bytes) -> str:
    """Text up to the first NUL: UTF-8 when it is valid, otherwise Windows-1252 (what old writers meant by ASCII)."""
    value = value.split(b"\0", 1)[0]
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", errors="ignore")


def clean_text(text: str) -> str | None:
    """Text without control characters, lone surrogates and outer white space; `None` when nothing is left.

    Stores refuse NULs and surrogates; line breaks and tabs are kept.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")[: 2 * LONGEST_TEXT]
    return _UNSTORABLE.sub("", text).strip()[:LONGEST_TEXT].strip() or None


def number_of(text: str) -> float | None:
    """`"2.8"` or `"28/10"` as a number; `None` for anything else and for a zero denominator."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    over = float(match[2]) if match[2] else 1.0
    return float(match[1]) / over if over else None


def _finite(item: float | Ratio) -> float | None:
    if isinstance(item, Ratio):
        return item.numerator / item.denominator if item.denominator else None
    return item if math.isfinite(item) else None
