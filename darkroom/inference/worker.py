"""The process in which a model runs: an encoded rendition in, what the model says out.

Belongs here: decoding the rendition and calling the provider. Does not belong here: any provider (`providers/`), or
what a fault means for a photo (`pool.py`).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Generic, TypeVar

import numpy as np

from darkroom.inference.registry import Installed, face_finder, image_embedder, text_reader
from darkroom.sdk.tasks import Image as Pixels
from darkroom.sdk.tasks import Provider

P = TypeVar("P", bound=Provider)

THUMBNAIL_EDGE = 192
"""Longest edge of a face's thumbnail, in pixels."""
THUMBNAIL_MARGIN = 1.5
"""Side of the square that is shown, in sides of the face's box."""

FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS_MAX = 2**24
"""Renditions are at most 2048 px a side; whatever claims four times as much is none of ours."""


class ProviderUnavailable(RuntimeError):
    """The provider could not be loaded: no photo's fault, and the same for all."""


class _Model(Generic[P]):
    """A loaded provider, or the reason why there is none.

    That is told with every task: a process that does not start would look like its photo's fault.
    """

    def __init__(self, door: Callable[[str], Installed[P]], name: str) -> None:
        self._reason = ""
        self._provider: P | None = None
        try:
            provider = door(name).make()
            provider.load()
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller must hear it as the provider's fault
            self._reason = f"{type(error).__name__}: {error}"
        else:
            self._provider = provider

    def get(self) -> P:
        if self._provider is None:
            raise ProviderUnavailable(self._reason)
        return self._provider


class TextWorker:
    """Handler of the text pool. `config` holds the name of the `provider`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._model = _Model(text_reader, config["provider"])

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
        """Reads the picture in the first blob.

        Raises `ValueError` when it is no picture, `ProviderUnavailable` when there is nothing to read with.
        """
        reading = self._model.get().read([decode(blobs[0])])[0]
        lines = [{"text": line.text, "score": line.score, "box": list(line.box)} for line in reading.lines]
        return {"rotation": reading.rotation, "lines": lines}, []


class FaceWorker:
    """Handler of the face pool. `config` holds the name of the `provider`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._model = _Model(face_finder, config["provider"])

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
        """Finds the faces of the picture in the first blob; answers with a thumbnail of each as a blob, too.

        Raises `ValueError` when it is no picture, `ProviderUnavailable` when there is nothing to find faces with.
        """
        picture = decode(blobs[0])
        faces = self._model.get().find([picture])[0]
        return {"faces": [asdict(face) for face in faces]}, [thumbnail(picture, face.box) for face in faces]


class ImageWorker:
    """Handler of the picture embedding pool. `config` holds the name of the `provider`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._model = _Model(image_embedder, config["provider"])

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
        """The vector of the picture in the first blob, as a blob of 32-bit floats.

        Raises `ValueError` when it is no picture, `ProviderUnavailable` when there is nothing to embed with.
        """
        vector = self._model.get().embed([decode(blobs[0])])[0]
        return {}, [np.ascontiguousarray(vector, "<f4").tobytes()]


def thumbnail(picture: Pixels, box: tuple[float, float, float, float]) -> bytes:
    """A square JPEG around a box (x, y, w, h as fractions): the face with some of its surroundings."""
    from PIL import Image

    height, width = picture.shape[:2]
    x, y, w, h = box
    side = min(max(w * width, h * height) * THUMBNAIL_MARGIN, width, height)
    left = min(max((x + w / 2) * width - side / 2, 0), width - side)
    top = min(max((y + h / 2) * height - side / 2, 0), height - side)
    area = (left, top, left + side, top + side)
    edge = min(THUMBNAIL_EDGE, max(1, round(side)))
    out = io.BytesIO()
    Image.fromarray(picture).resize((edge, edge), Image.Resampling.LANCZOS, box=area).save(out, "JPEG", quality=88)
    return out.getvalue()


def decode(data: bytes | memoryview) -> Pixels:
    """A rendition's pixels. Raises `ValueError` for what is no rendition of ours."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise ValueError(f"{picture.width} × {picture.height} px is larger than any rendition")
            return np.asarray(picture.convert("RGB"))
    except UnidentifiedImageError as error:
        raise ValueError(f"the rendition is no {', '.join(FORMATS)}") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the rendition cannot be decoded: {error}") from error
