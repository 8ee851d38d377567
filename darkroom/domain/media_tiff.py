"""Telling a camera's raw file from a picture, where both are TIFF: by what the directories inside say.

Belongs here: the few tags that decide the media type, read without trusting any offset.
Does not belong here: reading metadata (`darkroom.decoding.tags`), containers with signatures of their own (`media.py`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Directory = dict[int, tuple[int, int, bytes]]
"""Entries by tag: type, count, and the four (or, in a BigTIFF, eight) bytes of value or offset."""

NEW_SUBFILE_TYPE, COMPRESSION, PHOTOMETRIC, MAKE, SUB_DIRECTORIES, DNG_VERSION = 254, 259, 262, 271, 330, 50706
SENSOR_PHOTOMETRICS = frozenset({32803, 34892})
"""Colour filter array and linear raw: values a sensor gave, no picture yet."""
RAW_COMPRESSIONS = frozenset({32767, 32769, 32770, 32772, 34713, 65000, 65535})
"""Compressions only cameras write (Sony, Epson, Samsung, Nikon, Kodak, Pentax)."""
RAW_TYPE_OF_MAKER = {
    "CANON": "image/x-canon-cr2",
    "EASTMAN": "image/x-kodak-dcr",
    "EPSON": "image/x-epson-erf",
    "HASSELBLAD": "image/x-hasselblad-3fr",
    "KODAK": "image/x-kodak-dcr",
    "LEAF": "image/x-leaf-mos",
    "MAMIYA": "image/x-mamiya-mef",
    "NIKON": "image/x-nikon-nef",
    "PENTAX": "image/x-pentax-pef",
    "PHASE": "image/x-phaseone-iiq",
    "RICOH": "image/x-pentax-pef",
    "SAMSUNG": "image/x-samsung-srw",
    "SONY": "image/x-sony-arw",
}
DIRECTORIES_MAX = 16
ENTRIES_MAX = 512


def sniff_tiff(head: bytes | memoryview) -> str | None:
    """Media type of a TIFF file, raw or not, from what of it is in `head`; `None` when it is no TIFF file."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(head[:2]))
    if order is None or len(head) < 8:
        return None
    version = struct.unpack_from(order + "H", head, 2)[0]
    if version not in (42, 43):
        return None
    if bytes(head[8:10]) == b"CR" and version == 42:
        return "image/x-canon-cr2"
    if bytes(head[8:12]) in (b"IIII", b"MMMM"):
        return "image/x-phaseone-iiq"
    directories = list(_directories(head, order, big=version == 43))
    if not directories:
        return "image/tiff"
    first = directories[0]
    if DNG_VERSION in first:
        return "image/x-adobe-dng"
    maker = _text(head, order, first.get(MAKE)).upper().split(" ")[0].strip("\0")
    if _is_raw(order, directories, known_maker=maker in RAW_TYPE_OF_MAKER):
        return RAW_TYPE_OF_MAKER.get(maker, "image/x-raw")
    return "image/tiff"


def _is_raw(order: str, directories: list[Directory], *, known_maker: bool) -> bool:
    for directory in directories:
        if _number(order, directory.get(PHOTOMETRIC)) in SENSOR_PHOTOMETRICS:
            return True
        if _number(order, directory.get(COMPRESSION)) in RAW_COMPRESSIONS:
            return True
    first = directories[0]
    # Cameras put their preview first; who exports a picture puts the picture first.
    return known_maker and SUB_DIRECTORIES in first and _number(order, first.get(NEW_SUBFILE_TYPE)) == 1


def _directories(head: bytes | memoryview, order: str, *, big: bool) -> Iterator[Directory]:
    """The chain of directories and their children, as far as `head` reaches; each place is visited once."""
    word = "Q" if big else "I"
    start = struct.unpack_from(order + word, head, 8 if big else 4)[0] if len(head) >= 16 else 0
    waiting, seen = [start], set[int]()
    while waiting and len(seen) < DIRECTORIES_MAX:
        at = waiting.pop(0)
        if at in seen or at < 8:
            continue
        seen.add(at)
        read = _directory(head, order, at, big=big)
        if read is None:
            continue
        directory, following = read
        yield directory
        waiting.append(following)
        waiting.extend(_offsets(head, order, directory.get(SUB_DIRECTORIES), word))


def _directory(head: bytes | memoryview, order: str, at: int, *, big: bool) -> tuple[Directory, int] | None:
    count_code, entry = ("Q", struct.Struct(order + "HHQ8s")) if big else ("H", struct.Struct(order + "HHI4s"))
    body = at + struct.calcsize(order + count_code)
    if body > len(head):
        return None
    count = struct.unpack_from(order + count_code, head, at)[0]
    directory: Directory = {}
    for index in range(min(count, ENTRIES_MAX)):
        place = body + index * entry.size
        if place + entry.size > len(head):
            return directory, 0
        tag, kind, values, raw = entry.unpack_from(head, place)
        directory[tag] = (kind, values, raw)
    end = body + count * entry.size
    link = struct.Struct(order + ("Q" if big else "I"))
    return directory, link.unpack_from(head, end)[0] if end + link.size <= len(head) else 0


def _number(order: str, entry: tuple[int, int, bytes] | None) -> int | None:
    if entry is None or entry[1] != 1 or entry[0] not in (3, 4):
        return None
    value: int = struct.unpack_from(order + ("H" if entry[0] == 3 else "I"), entry[2])[0]
    return value


def _offsets(head: bytes | memoryview, order: str, entry: tuple[int, int, bytes] | None, word: str) -> list[int]:
    if entry is None or entry[0] not in (4, 13, 16, 18):
        return []
    code = order + (word if entry[0] in (16, 18) else "I")
    size, count = struct.calcsize(code), min(entry[1], DIRECTORIES_MAX)
    if size * entry[1] <= len(entry[2]):
        return [struct.unpack_from(code, entry[2], size * index)[0] for index in range(count)]
    at = struct.unpack_from(order + word, entry[2])[0]
    count = min(count, max(0, (len(head) - at) // size))
    return [struct.unpack_from(code, head, at + size * index)[0] for index in range(count)]


def _text(head: bytes | memoryview, order: str, entry: tuple[int, int, bytes] | None) -> str:
    if entry is None or entry[0] != 2:
        return ""
    raw = entry[2]
    if entry[1] > len(raw):
        at = struct.unpack_from(order + ("Q" if len(raw) == 8 else "I"), raw)[0]
        raw = bytes(head[at : at + min(entry[1], 64)])
    return raw.split(b"\0", 1)[0].decode("ascii", errors="ignore")
