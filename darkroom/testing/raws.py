"""Raw files of cameras, made here: small, and read by the decoders as real ones are.

Does not belong here: pictures a camera developed, which any picture library writes.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

Entry = tuple[int, int, int, int | bytes]
"""Tag, type, count and value of an entry in a TIFF directory."""


def dng(
    width: int, height: int, orientation: int = 1, preview: Image.Image | None = None, taken: str | None = None
) -> bytes:
    """A raw file of an RGGB sensor, bright in the left half, dark in the right.

    `taken` is the EXIF time of capture (`YYYY:MM:DD HH:MM:SS`); the camera is a `Tester Model`.
    """
    values = np.zeros((height, width), np.uint16)
    values[:, : width // 2] = 40_000
    sensor = values.tobytes()
    jpeg = b""
    if preview is not None:
        buffer = io.BytesIO()
        preview.save(buffer, "JPEG", quality=90)
        jpeg = buffer.getvalue()
    matrix = struct.pack("<18i", *(v for n in range(9) for v in ((1 if n % 4 == 0 else 0), 1)))
    raw_entries: list[Entry] = [
        (254, 4, 1, 0),
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 16),
        (259, 3, 1, 1),
        (262, 3, 1, 32803),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, len(sensor)),
        (33421, 3, 2, struct.pack("<2H", 2, 2)),
        (33422, 1, 4, bytes((0, 1, 1, 2))),
    ]
    jpeg_at = 8 + len(sensor)
    shared: list[Entry] = [
        (271, 2, 7, b"Tester\0"),
        (272, 2, 6, b"Model\0"),
        (274, 3, 1, orientation),
        *([(36867, 2, 20, f"{taken}\0".encode())] if taken else []),
        (50706, 1, 4, bytes((1, 4, 0, 0))),
        (50708, 2, 13, b"Tester Model\0"),
        (50721, 10, 9, matrix),
        (50778, 3, 1, 21),
    ]
    if preview is None:
        entries = sorted(raw_entries + shared)
        return _file(sensor, [entries])
    previews: list[Entry] = [
        (254, 4, 1, 1),
        (256, 4, 1, preview.width),
        (257, 4, 1, preview.height),
        (258, 3, 3, struct.pack("<3H", 8, 8, 8)),
        (259, 3, 1, 7),
        (262, 3, 1, 6),
        (273, 4, 1, jpeg_at),
        (277, 3, 1, 3),
        (278, 4, 1, preview.height),
        (279, 4, 1, len(jpeg)),
        (330, 4, 1, -1),
    ]
    return _file(sensor + jpeg, [sorted(previews + shared), raw_entries])


def _file(pixels: bytes, directories: list[list[Entry]]) -> bytes:
    """The pixels at offset 8, then the directories; a value of -1 is where the next directory starts."""
    pixels += b"\0" * (len(pixels) % 2)
    at = 8 + len(pixels)
    body = b""
    for entries in directories:
        start = at + len(body)
        end = start + 2 + 12 * len(entries) + 4
        after = end + sum(len(v) + len(v) % 2 for *_, v in entries if isinstance(v, bytes) and len(v) > 4)
        table, extra = struct.pack("<H", len(entries)), b""
        for tag, kind, count, value in entries:
            if isinstance(value, int):
                table += struct.pack("<HHII", tag, kind, count, after if value == -1 else value)
            elif len(value) <= 4:
                table += struct.pack("<HHI4s", tag, kind, count, value)
            else:
                table += struct.pack("<HHII", tag, kind, count, end + len(extra))
                extra += value + b"\0" * (len(value) % 2)
        body += table + b"\0\0\0\0" + extra
    return b"II*\0" + struct.pack("<I", at) + pixels + body
