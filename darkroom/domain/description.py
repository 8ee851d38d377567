"""In whose words a photo is described: title, description, keywords and rating.

Belongs here: which tag wins (XMP, then IPTC, then EXIF) and which texts say nothing.
Does not belong here: facts of the camera.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from darkroom.domain.tags import Tags, clean_text, decode_text

MOST_KEYWORDS = 1000
LONGEST_KEYWORD = 500

_DEFAULTS = re.compile(
    r"(?:<?(?:olympus|konica minolta|minolta|samsung|sanyo|pentax|casio|fujifilm|canon|nikon|kodak|sony|ricoh|panasonic"
    r"|hp|vivitar|benq|polaroid|jenoptik|trust|general|ge|digimax)?\s*"
    r"(?:digital (?:still )?camera|dsc|digital pictures?|camera pictures?)\s*>?)"
    r"|<?digimax .*>?|(?:minolta|konica|kodak|samsung|sony|olympus) ?(?:dsc|camera)"
    r"|exif[_ ]jpeg(?:[_ ]picture)?|jpeg|applemark|dcim|my beautiful picture|hisilicon balong|binary comment"
    r"|user comments?|image description"
    r"|untitled|default|charset=\"?ascii\"?|ascii|unicode|a?screenshot|\[?none\]?|null|unknown"
    r"|(?:cof|hdr|sdr|mde|dav|edf|ozedf|rbt|rhdr|btf|hdrpl|fbt|jpeg|cb|fpt|ptr|iplp|oznor|nor|qrf)(?:_soft)?"
    r"|[!-/:-@\[-`{-~\s]*",
    re.IGNORECASE,
)
"""What cameras and programs write by themselves; Huawei's are codes of the shooting mode."""

_PERCENTS = (1, 25, 50, 75, 99)
"""What Windows writes for one star to five."""


def description(tags: Tags) -> dict[str, tuple[Any, str]]:
    """Column of the metadata contract to (value, source), for every value the tags give."""
    return {
        **_first("title", _titles(tags)),
        **_first("description", _descriptions(tags)),
        **_first("keywords", _keywords(tags)),
        **_first("rating", _ratings(tags)),
    }


def comment_text(value: bytes, little_endian: bool) -> str | None:
    """The text of EXIF's `UserComment`: 8 bytes that name its character set, then the text."""
    charset, content = value[:8].rstrip(b"\0 ").upper(), value[8:]
    if charset == b"UNICODE":
        return clean_text(utf_16_text(content, little_endian))
    if charset == b"JIS":
        return clean_text(content.split(b"\0", 1)[0].decode("iso2022_jp", errors="ignore"))
    # Writers that name no set begin the text where the name should be.
    return clean_text(decode_text(content if charset in (b"ASCII", b"") else value))


def utf_16_text(value: bytes, little_endian: bool) -> str:
    """UTF-16 in the byte order that its mark or its zeros show, otherwise in the given one; up to the first NUL."""
    value = value[: len(value) & ~1]
    if value[:2] in (b"\xff\xfe", b"\xfe\xff"):
        little_endian, value = value[:2] == b"\xff\xfe", value[2:]
    else:
        zeros_first, zeros_second = value[::2].count(0), value[1::2].count(0)
        if zeros_first != zeros_second:
            # Most scripts leave the high byte zero, so the side with more zeros is the high one.
            little_endian = zeros_second > zeros_first
    text = value.decode("utf-16-le" if little_endian else "utf-16-be", errors="ignore")
    return text.split("\0", 1)[0]


def _first(column: str, candidates: Iterable[tuple[Any, str]]) -> dict[str, tuple[Any, str]]:
    found = next(((value, source) for value, source in candidates if value not in (None, [])), None)
    return {column: found} if found else {}


def _said(candidates: Iterable[tuple[str | None, str]]) -> Iterator[tuple[str, str]]:
    """Those that someone wrote, not a camera."""
    return ((text, source) for text, source in candidates if text and _DEFAULTS.fullmatch(text) is None)


def _titles(tags: Tags) -> Iterator[tuple[str, str]]:
    return _said(
        (
            (tags.xmp_text("dc:title"), "xmp"),
            (tags.xmp_text("photoshop:Headline"), "xmp"),
            (tags.iptc_text("ObjectName"), "iptc"),
            (tags.iptc_text("Headline"), "iptc"),
            (_windows_text(tags, "XPTitle"), "exif"),
        )
    )


def _descriptions(tags: Tags) -> Iterator[tuple[str, str]]:
    comment = tags.exif.get("UserComment")
    return _said(
        (
            (tags.xmp_text("dc:description"), "xmp"),
            (tags.xmp_text("exif:UserComment"), "xmp"),
            (tags.iptc_text("Caption-Abstract"), "iptc"),
            (tags.exif_text("ImageDescription"), "exif"),
            (comment_text(comment, tags.little_endian) if isinstance(comment, bytes) else None, "exif"),
            (_windows_text(tags, "XPComment"), "exif"),
            (_windows_text(tags, "XPSubject"), "exif"),
        )
    )


def _keywords(tags: Tags) -> Iterator[tuple[list[str], str]]:
    yield _distinct(tags.xmp.get("dc:subject", ())), "xmp"
    yield _distinct(tags.iptc.get("Keywords", ())), "iptc"
    yield _distinct((_windows_text(tags, "XPKeywords") or "").split(";")), "exif"


def _distinct(words: Iterable[str]) -> list[str]:
    cleaned = (text[:LONGEST_KEYWORD].strip() for word in words if (text := clean_text(word)))
    return list(dict.fromkeys(cleaned))[:MOST_KEYWORDS]


def _ratings(tags: Tags) -> Iterator[tuple[int | None, str]]:
    yield _stars(tags.xmp_number("xmp:Rating")), "xmp"
    yield _stars_of_percent(tags.xmp_number("MicrosoftPhoto:Rating")), "xmp"
    yield _stars(tags.exif_number("Rating")), "exif"
    yield _stars_of_percent(tags.exif_number("RatingPercent")), "exif"


def _stars(value: float | None) -> int | None:
    return round(value) if value is not None and -1 <= value <= 5 else None


def _stars_of_percent(value: float | None) -> int | None:
    if value is None or not 0 <= value <= 100:
        return None
    return 0 if value == 0 else 1 + min(range(5), key=lambda star: abs(_PERCENTS[star] - value))


def _windows_text(tags: Tags, name: str) -> str | None:
    value = tags.exif.get(name)
    return clean_text(utf_16_text(value, little_endian=True)) if isinstance(value, bytes) else None
