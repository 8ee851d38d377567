"""Files made of nested boxes: HEIC, HEIF, AVIF, JPEG 2000, JPEG XL and Canon's CR3.

Belongs here: finding the blocks of tags in them. Does not belong here: what the blocks say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from darkroom.decoding.tags.blocks import LONGEST_BLOCK, Blocks

MOST_BOXES = 4096
MOST_EXTENTS = 64
MOST_ITEMS = 8
MOST_STEPS = 20_000

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC_UUID = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_JP2_EXIF_UUID = b"JpgTiffExif->JP2"
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CANON_DIRECTORIES = {b"CMT1": "image", b"CMT2": "exif", b"CMT4": "gps"}


def walk_boxes(data: memoryview, blocks: Blocks) -> None:
    """Takes the items and boxes that hold tags, at the places the formats above put them."""
    for kind, content in _boxes(data):
        if kind == b"meta":
            _take_items(data, content[4:], blocks)
        elif kind == b"Exif":
            blocks.add_exif(_after_offset(content))
        elif kind == b"xml ":
            blocks.add_xmp(content)
        elif kind == b"uuid":
            _take_uuid(content, blocks)
        elif kind == b"moov":
            for below, inner in _boxes(content):
                if below == b"uuid":
                    _take_uuid(inner, blocks)


def _take_uuid(content: memoryview, blocks: Blocks) -> None:
    name, content = bytes(content[:16]), content[16:]
    if name == _XMP_UUID:
        blocks.add_xmp(content)
    elif name == _IPTC_UUID:
        blocks.add_iptc(content)
    elif name == _JP2_EXIF_UUID:
        blocks.add_exif(content)
    elif name == _CANON_UUID:
        for kind, inner in _boxes(content):
            if kind in _CANON_DIRECTORIES:
                blocks.add_exif(inner, _CANON_DIRECTORIES[kind])


def _take_items(data: memoryview, meta: memoryview, blocks: Blocks) -> None:
    parts = dict(_boxes(meta))
    kinds = dict(islice(_item_kinds(parts.get(b"iinf", memoryview(b""))), MOST_ITEMS))
    for item, in_idat, extents in _locations(parts.get(b"iloc", memoryview(b"")), set(kinds)):
        whole = parts.get(b"idat", memoryview(b"")) if in_idat else data
        # One extent is the rule and needs no copy; the length 0 means "to the end".
        pieces = [whole[start : start + size] if size else whole[start:] for start, size in extents]
        if len(pieces) > 1 and sum(map(len, pieces)) > LONGEST_BLOCK:
            continue
        content = pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))
        if kinds[item] == b"Exif":
            blocks.add_exif(_after_offset(content))
        else:
            blocks.add_xmp(content)


def _after_offset(content: memoryview) -> memoryview:
    """An Exif item begins with the distance from there to the TIFF header."""
    return content[4 + int.from_bytes(content[:4], "big") :]


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    for _ in range(MOST_BOXES):
        if at + 8 > len(data):
            return
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head:
            return
        yield bytes(data[at + 4 : at + 8]), data[at + head : at + size]
        at += size


def _item_kinds(iinf: memoryview) -> Iterator[tuple[int, bytes]]:
    """Items that hold tags: number and kind."""
    for kind, content in _boxes(iinf[8:] if len(iinf) and iinf[0] else iinf[6:]):
        version = content[0] if len(content) else 0
        if kind != b"infe" or version < 2:
            continue
        wide = 4 if version > 2 else 2
        item = int.from_bytes(content[4 : 4 + wide], "big")
        rest = bytes(content[6 + wide : 6 + wide + 256])
        if rest[:4] == b"Exif" or (rest[:4] == b"mime" and b"\0application/rdf+xml\0" in rest + b"\0"):
            yield item, rest[:4]


@dataclass
class _Cursor:
    data: memoryview
    at: int = 0

    def take(self, size: int) -> int:
        """The next unsigned number. Raises `EOFError` past the end."""
        self.at += size
        if self.at > len(self.data):
            raise EOFError
        return int.from_bytes(self.data[self.at - size : self.at], "big")


def _locations(iloc: memoryview, wanted: set[int]) -> Iterator[tuple[int, bool, list[tuple[int, int]]]]:
    """Of the wanted items: number, whether they lie in `idat`, and (start, size) of their extents."""
    cursor = _Cursor(iloc)
    try:
        version = cursor.take(4) >> 24
        sizes = cursor.take(2)
        offset, length, base, index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
        steps = 0
        for _ in range(cursor.take(4 if version == 2 else 2)):
            item = cursor.take(4 if version == 2 else 2)
            method = cursor.take(2) & 15 if version else 0
            cursor.take(2)
            start = cursor.take(base)
            extents = []
            count = cursor.take(2)
            steps += count
            if steps > MOST_STEPS:
                # Extents may take no bytes, so the file's size does not bound them.
                return
            for _ in range(count):
                cursor.take(index if version else 0)
                extents.append((start + cursor.take(offset), cursor.take(length)))
            if item in wanted and method < 2 and 0 < len(extents) <= MOST_EXTENTS:
                wanted.remove(item)
                yield item, method == 1, extents
    except EOFError:
        return
