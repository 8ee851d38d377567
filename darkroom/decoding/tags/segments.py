"""Files made of segments one after another: JPEG, PNG, WebP, GIF and Photoshop's PSD.

Belongs here: finding the blocks of tags in them. Does not belong here: what the blocks say.
A walk reads headers only and stops at the first thing that makes no sense.
"""

import re
import zlib

from darkroom.decoding.tags.blocks import LONGEST_BLOCK, Blocks

_XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION_MARK = b"http://ns.adobe.com/xmp/extension/\0"
_RESOURCES_MARK = b"Photoshop 3.0\0"
MOST_SEGMENTS = 500_000
"""Steps of one walk: more than a long animation has."""

MOST_TEXTS = 32
"""PNG texts read, because each may be inflated."""

_ALONE = {0x01, *range(0xD0, 0xD9)}
"""JPEG markers without a length."""


def walk_jpeg(data: memoryview, blocks: Blocks) -> None:
    """Takes the blocks of a JPEG's application segments, up to the start of its scan."""
    at, resources = 2, bytearray()
    extensions: dict[bytes, dict[bytes, memoryview]] = {}
    for _ in range(MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker in (0xDA, 0xD9):
            break
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2:
            break
        content = data[at + 4 : at + 2 + size]
        if marker == 0xE1 and bytes(content[:4]) == b"Exif":
            blocks.add_exif(content)
        elif marker == 0xE1 and bytes(content[: len(_XMP_MARK)]) == _XMP_MARK:
            blocks.add_xmp(content[len(_XMP_MARK) :])
        elif marker == 0xE1 and bytes(content[: len(_EXTENSION_MARK)]) == _EXTENSION_MARK:
            # After the mark: the digest of the whole (32), its length (4), this piece's place in it (4), the piece.
            rest = content[len(_EXTENSION_MARK) :]
            extensions.setdefault(bytes(rest[:32]), {})[bytes(rest[36:40])] = rest[40:]
        elif marker == 0xED and bytes(content[: len(_RESOURCES_MARK)]) == _RESOURCES_MARK:
            resources += content[len(_RESOURCES_MARK) :]
        at += 2 + size
    for pieces in extensions.values():
        blocks.add_xmp(b"".join(pieces[place] for place in sorted(pieces)))
    blocks.add_resources(memoryview(resources))


def walk_png(data: memoryview, blocks: Blocks) -> None:
    """Takes `eXIf`, the XMP text, and the hexadecimal profiles that ImageMagick writes."""
    at, texts = 8, 0
    for _ in range(MOST_SEGMENTS):
        if at + 12 > len(data):
            break
        size = int.from_bytes(data[at : at + 4], "big")
        kind = bytes(data[at + 4 : at + 8])
        content = data[at + 8 : at + 8 + size]
        if kind == b"eXIf":
            blocks.add_exif(content)
        elif kind in (b"iTXt", b"zTXt", b"tEXt") and size <= LONGEST_BLOCK and texts < MOST_TEXTS:
            texts += 1
            _take_png_text(kind, bytes(content), blocks)
        elif kind == b"IEND":
            break
        at += 12 + size


def walk_webp(data: memoryview, blocks: Blocks) -> None:
    """Takes the `EXIF` and `XMP ` chunks."""
    at = 12
    for _ in range(MOST_SEGMENTS):
        if at + 8 > len(data):
            break
        kind = bytes(data[at : at + 4])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        content = data[at + 8 : at + 8 + size]
        if kind == b"EXIF":
            blocks.add_exif(content)
        elif kind == b"XMP ":
            blocks.add_xmp(content)
        at += 8 + size + (size & 1)


def walk_gif(data: memoryview, blocks: Blocks) -> None:
    """Takes the first XMP application extension."""
    if len(data) < 13:
        return
    at, inside = 13 + _colours(data[10]), False
    for _ in range(MOST_SEGMENTS):
        if at + 10 > len(data):
            break
        if inside:
            # Sub-blocks follow one another until one of length 0.
            inside = data[at] != 0
            at += 1 + data[at]
        elif data[at] == 0x2C:
            inside = True
            at += 11 + _colours(data[at + 9])
        elif data[at] == 0x21 and bytes(data[at + 1 : at + 14]) == b"\xff\x0bXMP DataXMP":
            # The packet is not cut into sub-blocks; a trailer of descending bytes follows it.
            packet = bytes(data[at + 14 : at + 14 + LONGEST_BLOCK])
            blocks.add_xmp(packet[: max(packet.find(b"\x01\xff\xfe"), 0)])
            break
        elif data[at] == 0x21:
            inside = True
            at += 2
        else:
            break


def walk_psd(data: memoryview, blocks: Blocks) -> None:
    """Takes the image resources."""
    at = 26
    at += 4 + int.from_bytes(data[at : at + 4], "big")
    size = int.from_bytes(data[at : at + 4], "big")
    blocks.add_resources(data[at + 4 : at + 4 + size])


def _colours(flags: int) -> int:
    """Bytes of the GIF colour table that the flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _take_png_text(kind: bytes, content: bytes, blocks: Blocks) -> None:
    keyword, _, rest = content.partition(b"\0")
    if kind == b"iTXt" and keyword == b"XML:com.adobe.xmp":
        packed = rest[:1] == b"\x01"
        parts = rest[2:].split(b"\0", 2)
        if len(parts) == 3:
            blocks.add_xmp(_inflate(parts[2]) if packed else parts[2])
    elif keyword.startswith(b"Raw profile type "):
        text = _inflate(rest[1:]) if kind == b"zTXt" else rest
        _take_raw_profile(keyword.removeprefix(b"Raw profile type "), text, blocks)


def _take_raw_profile(name: bytes, text: bytes, blocks: Blocks) -> None:
    match = re.match(rb"\s*\S+\s+\d+\s+([0-9a-fA-F\s]*)", text)
    digits = re.sub(rb"\s", b"", match[1]) if match else b""
    content = bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))
    if name in (b"exif", b"APP1") and not content.startswith(_XMP_MARK):
        blocks.add_exif(memoryview(content))
    elif name == b"xmp" or content.startswith(_XMP_MARK):
        blocks.add_xmp(content.removeprefix(_XMP_MARK))
    elif name in (b"iptc", b"8bim"):
        if content.startswith(b"8BIM"):
            blocks.add_resources(memoryview(content))
        else:
            blocks.add_iptc(content)


def _inflate(packed: bytes) -> bytes:
    """The bytes, or what was read of them before the damage; empty when they are more than one block may have."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(packed, LONGEST_BLOCK + 1)
    except zlib.error:
        return b""
    return text if len(text) <= LONGEST_BLOCK else b""
