"""The process in which a model runs: an encoded rendition in, what the model says out.

Belongs here: decoding the rendition and calling the provider. Does not belong here: any provider (`providers/`), or
what a fault means for a photo (`pool.py`).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from darkroom.inference.registry import text_reader
from darkroom.sdk.tasks import Image as Pixels

FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS_MAX = 2**24
"""Renditions are at most 2048 px a side; whatever claims four times as much is none of ours."""


class ReaderUnavailable(RuntimeError):
    """The provider could not be loaded: no photo's fault, and the same for all."""


class TextWorker:
    """Handler of the text pool. `config` holds the name of the `reader`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._broken: str | None = None
        try:
            self._reader = text_reader(config["reader"]).make()
            self._reader.load()
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller must hear it as the reader's fault
            self._broken = f"{type(error).__name__}: {error}"

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
        """Reads the picture in the first blob.

        Raises `ValueError` when it is no picture, `ReaderUnavailable` when there is nothing to read with.
        """
        if self._broken is not None:
            raise ReaderUnavailable(self._broken)
        reading = self._reader.read([decode(blobs[0])])[0]
        lines = [{"text": line.text, "score": line.score, "box": list(line.box)} for line in reading.lines]
        return {"rotation": reading.rotation, "lines": lines}, []


def decode(data: bytes | memoryview) -> Pixels:
    """A rendition's pixels. Raises `ValueError` for what is no rendition of ours."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise ValueError(f"{picture.width} × {picture.height} px is larger than any rendition")
            return np.asarray(picture.convert("RGB"))
    except UnidentifiedImageError as error:
        raise ValueError(f"the rendition is no {', '.join(FORMATS)}") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the rendition cannot be decoded: {error}") from error
