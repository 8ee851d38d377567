"""Readers of text for tests: pictures that say something, and a reader and a pool that need no model.

Belongs here: what tests of reading share. Does not belong here: what every reader must do (`conformance.readers`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from darkroom.inference.worker import decode
from darkroom.sdk.tasks import Image, Reading, ReadLine
from darkroom.workers.process import Reply, TaskFailed

BLOCK = 8
BLOCKS_ACROSS = 64
MAGIC = b"\xa5fake"


def written(
    text: str,
    *,
    size: int = 32,
    width: int = 1000,
    spacing: float = 1.6,
    skew: float = 0.0,
    font_file: Path | None = None,
) -> Image:
    """Black text on a white page, `size` px high, turned counter-clockwise by `skew` degrees.

    Without a font file only ASCII can be written: Pillow's own font has no accents.
    """
    font = ImageFont.truetype(font_file, size) if font_file else ImageFont.load_default(size)
    lines = text.split("\n")
    page = Pictures.new("RGB", (width, int(spacing * size * len(lines) + 2 * size)), "white")
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((size, int(size * (1 + spacing * number))), line, font=font, fill="black")
    return np.asarray(page.rotate(skew, Pictures.Resampling.BICUBIC, expand=True, fillcolor="white"))


def coded(text: str) -> Image:
    """A picture that says `text` to `FakeTextReader`: its bytes as black and white blocks, which JPEG does not hurt."""
    data = text.encode()
    bits = np.unpackbits(np.frombuffer(MAGIC + len(data).to_bytes(2, "big") + data, np.uint8))
    rows = -(-len(bits) // BLOCKS_ACROSS)
    blocks = np.zeros(rows * BLOCKS_ACROSS, np.uint8)
    blocks[: len(bits)] = bits * 255
    plane = blocks.reshape(rows, BLOCKS_ACROSS).repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    return np.ascontiguousarray(plane[:, :, None].repeat(3, axis=2))


def jpeg(image: Image) -> bytes:
    """The picture as a rendition would hold it."""
    file = BytesIO()
    Pictures.fromarray(image).save(file, "JPEG", quality=85)
    return file.getvalue()


class FakeTextReader:
    """Reads what `coded` pictures say, and nothing in any other."""

    name: ClassVar[str] = "fake"
    code_version: ClassVar[str] = "1"

    def __init__(self) -> None:
        self._loaded = False

    @classmethod
    def weights_digest(cls) -> str:
        """The digest of no weights."""
        return hashlib.sha256().hexdigest()

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """The size of a block."""
        return {"block": BLOCK}

    def load(self) -> None:
        """Allows reading."""
        self._loaded = True

    def read(self, images: Sequence[Image]) -> list[Reading]:
        """One reading per picture. Raises `ValueError` for what is no picture, `RuntimeError` before `load`."""
        if not self._loaded:
            raise RuntimeError("read before load")
        return [self._read(image) for image in images]

    def _read(self, image: Image) -> Reading:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"not an RGB picture of bytes: {image.dtype} {image.shape}")
        blocks = image[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK].mean(axis=2) > 127
        data = np.packbits(blocks.ravel()).tobytes()
        if image.shape[1] != BLOCK * BLOCKS_ACROSS or not data.startswith(MAGIC):
            return Reading(())
        length = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 2], "big")
        lines = data[len(MAGIC) + 2 :][:length].decode().split("\n")
        height = 1 / len(lines)
        return Reading(
            tuple(ReadLine(line, 1.0, (0.0, number * height, 1.0, height)) for number, line in enumerate(lines))
        )


class FakeTextPool:
    """A text pool without processes: every picture is read when it is submitted."""

    workers = 1

    def __init__(self) -> None:
        self._reader = FakeTextReader()
        self._reader.load()

    def submit(self, picture: bytes) -> Future[Reply]:
        """A future that is done already, with the answer or the failure a worker would have sent."""
        future: Future[Reply] = Future()
        try:
            reading = self._reader.read([decode(picture)])[0]
        except ValueError as error:
            future.set_exception(TaskFailed("ValueError", str(error)))
            return future
        lines = [{"text": line.text, "score": line.score, "box": list(line.box)} for line in reading.lines]
        future.set_result(Reply({"rotation": reading.rotation, "lines": lines}, []))
        return future

    def close(self) -> None:
        """Nothing to end."""
