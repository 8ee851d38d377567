"""The process in which a model runs: an encoded rendition in, what the model says out.

Belongs here: decoding the rendition and calling the provider. Does not belong here: any provider (`providers/`), or
what a fault means for a photo (`pool.py`).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from darkroom.inference.registry import text_reader


class TextWorker:
    """Handler of the text pool. `config` holds the name of the `reader`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._reader = text_reader(config["reader"]).make()
        self._reader.load()

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
        """Reads the picture in the first blob. Raises `ValueError` when it is no picture."""
        with Image.open(io.BytesIO(blobs[0])) as picture:
            reading = self._reader.read([np.asarray(picture.convert("RGB"))])[0]
        lines = [{"text": line.text, "score": line.score, "box": list(line.box)} for line in reading.lines]
        return {"rotation": reading.rotation, "lines": lines}, []
