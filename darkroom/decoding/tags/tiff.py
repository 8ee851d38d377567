"""TIFF directories: the structure inside every EXIF block, and the whole of TIFF, DNG and most camera raw files.

General readers keep every entry a file names, and entries may all point at the same megabytes; this one reads a closed
list of tags, each with a bounded size, from at most three directories, so that hostile bytes cost little.

Belongs here: reading entries by name. Does not belong here: what values mean.
"""

import struct
from collections.abc import Iterator

from darkroom.domain.tags import ExifValue, Ratio

MOST_ENTRIES = 4096
LONGEST_VALUE = 64 * 1024
"""Bytes of one text."""

LONGEST_PACKET = 2 * 1024 * 1024
MOST_NUMBERS = 16
"""Numbers kept of one value; the tags below have one to three, some writers repeat them."""

PACKETS = {0x02BC: "XMP", 0x83BB: "IPTC", 0x8649: "Photoshop"}
"""Tags that hold a block of another kind."""

IMAGE = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0112: "Orientation",
    0x0132: "ModifyDate",
    0x4746: "Rating",
    0x4749: "RatingPercent",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
}
EXIF = {
    0x829A: "ExposureTime",
    0x829D: "FNumber",
    0x8827: "PhotographicSensitivity",
    0x8831: "StandardOutputSensitivity",
    0x8832: "RecommendedExposureIndex",
    0x8833: "ISOSpeed",
    0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized",
    0x9010: "OffsetTime",
    0x9011: "OffsetTimeOriginal",
    0x9012: "OffsetTimeDigitized",
    0x9201: "ShutterSpeedValue",
    0x9202: "ApertureValue",
    0x9209: "Flash",
    0x920A: "FocalLength",
    0x9286: "UserComment",
    0x9290: "SubSecTime",
    0x9291: "SubSecTimeOriginal",
    0x9292: "SubSecTimeDigitized",
    0xA405: "FocalLengthIn35mmFilm",
    0xA434: "LensModel",
}
GPS = {
    0x0001: "GPSLatitudeRef",
    0x0002: "GPSLatitude",
    0x0003: "GPSLongitudeRef",
    0x0004: "GPSLongitude",
    0x0005: "GPSAltitudeRef",
    0x0006: "GPSAltitude",
    0x0007: "GPSTimeStamp",
    0x001D: "GPSDateStamp",
}
# TIFF/EP and DNG writers put the Exif directory's tags into the image's own.
_DIRECTORIES = {"image": {**EXIF, **IMAGE, **PACKETS}, "exif": EXIF, "gps": GPS}
_POINTERS = {0x8769: "exif", 0x8825: "gps"}

_SIGNATURES = (b"*\0", b"+\0", b"RO", b"RS", b"U\0")
"""After the byte order: TIFF, BigTIFF, Olympus (two) and Panasonic."""

_TEXTS = (2, 7, 129)
_UTF_16 = {tag for tag, name in IMAGE.items() if name.startswith("XP")}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}


def little_endian(block: memoryview) -> bool:
    """Whether the block's numbers are little-endian."""
    return bytes(block[:2]) == b"II"


def is_tiff(block: memoryview) -> bool:
    """Whether the block begins like TIFF or one of the camera raw formats made from it."""
    order, magic = bytes(block[:2]), bytes(block[2:4])
    return (order == b"II" and magic in _SIGNATURES) or (order == b"MM" and magic[::-1] in _SIGNATURES)


def read_directories(block: memoryview, directory: str = "image") -> dict[str, ExifValue]:
    """The known tags of the first directory and of its Exif and GPS directories, by name.

    The next directory of the chain (the thumbnail's) is never read. Anything damaged is left out; nothing is raised.
    """
    if bytes(block[:2]) not in (b"II", b"MM"):
        return {}
    order = "<" if little_endian(block) else ">"
    # What follows the byte order is not checked: damaged and maker's own signatures have sound directories.
    big = bytes(block[2:4]) in (b"+\0", b"\0+")
    start = _unsigned(block, 8 if big else 4, 8 if big else 4, order)
    found: dict[str, ExifValue] = {}
    todo, seen = [(directory, start)], set[int]()
    while todo:
        name, at = todo.pop()
        if at in seen or at == 0:
            continue
        seen.add(at)
        for tag, value in _entries(block, at, order, big, _DIRECTORIES[name]):
            below = _POINTERS.get(tag)
            if below is None:
                label = _DIRECTORIES[name][tag]
                # The Exif directory, read after the image's, is where its tags belong: its values win.
                if name != "image" or label not in found:
                    found[label] = value
            elif name == "image" and isinstance(value, tuple) and value and isinstance(value[0], int):
                todo.append((below, value[0]))
    return found


def _entries(
    block: memoryview, at: int, order: str, big: bool, wanted: dict[int, str]
) -> Iterator[tuple[int, ExifValue]]:
    head, each, inline = (8, 20, 8) if big else (2, 12, 4)
    count = min(_unsigned(block, at, head, order), MOST_ENTRIES)
    left = {*wanted, *_POINTERS}
    for entry in range(at + head, at + head + count * each, each):
        if entry + each > len(block):
            return
        tag = _unsigned(block, entry, 2, order)
        if tag not in left:
            continue
        # Each tag once: entries may repeat, and every one would be copied.
        left.remove(tag)
        kind = _unsigned(block, entry + 2, 2, order)
        size = _SIZES.get(kind, 0) * _unsigned(block, entry + 4, inline, order)
        if not 0 < size <= (LONGEST_PACKET if tag in PACKETS else LONGEST_VALUE):
            continue
        start = entry + 4 + inline
        if size > inline:
            start = _unsigned(block, start, inline, order)
        content = block[start : start + size]
        if tag in PACKETS or tag in _UTF_16 or kind in _TEXTS:
            value: ExifValue = bytes(content)
        else:
            value = _numbers(kind, bytes(content[: MOST_NUMBERS * _SIZES[kind]]), order)
        if value:
            yield tag, value


def _numbers(kind: int, content: bytes, order: str) -> tuple[int | float | Ratio, ...]:
    content = content[: len(content) // _SIZES[kind] * _SIZES[kind]]
    if kind in (5, 10):
        halves = struct.unpack(f"{order}{len(content) // 4}{'I' if kind == 5 else 'i'}", content)
        return tuple(Ratio(*pair) for pair in zip(halves[::2], halves[1::2], strict=True))
    return tuple(struct.unpack(f"{order}{len(content) // _SIZES[kind]}{_CODES[kind]}", content))


def _unsigned(block: memoryview, at: int, size: int, order: str) -> int:
    """The number there; 0 past the block's end."""
    content = block[at : at + size]
    return int.from_bytes(content, "little" if order == "<" else "big") if len(content) == size else 0
