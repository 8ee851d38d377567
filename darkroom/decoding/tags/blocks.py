"""The blocks of tags inside a file: where containers put what they find, and how much of it is taken.

Belongs here: the collection and its limits. Does not belong here: any container's structure, any block's content.
"""

from dataclasses import dataclass, field

MOST_BLOCKS = 4
"""Blocks taken of one kind; real files have one or two."""

LONGEST_BLOCK = 2 * 1024 * 1024
"""Bytes of one XMP or IPTC block; a longer one is left alone, because parsing multiplies it in memory."""


@dataclass
class Blocks:
    """Blocks in the order found. `exif` are TIFF structures with the name of their first directory.

    A block of `exif` is a window on the file: its offsets count from the window's beginning.
    """

    exif: list[tuple[str, memoryview]] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)

    def add_exif(self, block: memoryview, directory: str = "image") -> None:
        """Takes a TIFF structure, with or without the `Exif` mark in front of it."""
        for mark in (b"Exif\0\0", b"Exif\0\xff"):
            while bytes(block[:6]) == mark:
                block = block[6:]
        if len(block) >= 8 and len(self.exif) < MOST_BLOCKS:
            self.exif.append((directory, block))

    def add_xmp(self, block: memoryview | bytes | bytearray) -> None:
        """Takes an XMP packet."""
        if 0 < len(block) <= LONGEST_BLOCK and len(self.xmp) < MOST_BLOCKS:
            self.xmp.append(bytes(block))

    def add_iptc(self, block: memoryview | bytes | bytearray) -> None:
        """Takes a stream of IPTC-IIM data sets."""
        if 0 < len(block) <= LONGEST_BLOCK and len(self.iptc) < MOST_BLOCKS:
            self.iptc.append(bytes(block))

    def add_resources(self, block: memoryview) -> None:
        """Takes what Photoshop's image resources hold of the three: IPTC (0x0404), EXIF (0x0422), XMP (0x0424)."""
        at = 0
        while at + 12 <= len(block) and bytes(block[at : at + 4]) == b"8BIM":
            kind = int.from_bytes(block[at + 4 : at + 6], "big")
            name = (block[at + 6] + 2) & ~1
            start = at + 6 + name + 4
            size = int.from_bytes(block[start - 4 : start], "big")
            content = block[start : start + size]
            if kind == 0x0404:
                self.add_iptc(content)
            elif kind == 0x0422:
                self.add_exif(content)
            elif kind == 0x0424:
                self.add_xmp(content)
            at = start + size + (size & 1)
