"""Faces for tests: pictures of people drawn as patterns, and a finder that needs no model.

Belongs here: what tests of faces share. Does not belong here: what every finder must do (`conformance.faces`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from darkroom.sdk.tasks import FoundFace, Image

CELL = 64
BLOCK = 8
INNER = CELL // BLOCK - 2
FRAME_MIN = 150
CONTRAST = 0.5


def pattern(person: int) -> NDArray[np.uint8]:
    """The face of a person: INNER × INNER blocks of 0 or 1, about half of them other ones than any other person's."""
    return np.random.default_rng(person).integers(0, 2, (INNER, INNER), np.uint8)


def group(*people: int) -> Image:
    """A picture of these people side by side on black; JPEG does not hurt it. Nobody is an empty place: -1."""
    picture = np.zeros((CELL, CELL * max(1, len(people)), 3), np.uint8)
    for place, person in enumerate(people):
        if person < 0:
            continue
        face = np.full((INNER + 2, INNER + 2), 255, np.uint8)
        face[1:-1, 1:-1] = pattern(person) * 160 + 40
        picture[:, place * CELL : (place + 1) * CELL] = face.repeat(BLOCK, 0).repeat(BLOCK, 1)[:, :, None]
    return picture


class FakeFaceFinder:
    """Finds the people of `group` pictures, and nobody in any other."""

    name: ClassVar[str] = "fake"
    code_version: ClassVar[str] = "1"
    dimensions: ClassVar[int] = INNER * INNER

    def __init__(self) -> None:
        self._loaded = False

    @classmethod
    def weights_digest(cls) -> str:
        """The digest of no weights."""
        return hashlib.sha256().hexdigest()

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """The size of a face."""
        return {"cell": CELL}

    @classmethod
    def same_person_distance(cls, size: int) -> float | None:
        """The same for every face the fake can draw."""
        return 0.3 if size >= BLOCK else None

    def load(self) -> None:
        """Allows finding."""
        self._loaded = True

    def find(self, images: Sequence[Image]) -> list[tuple[FoundFace, ...]]:
        """The people of each picture. Raises `ValueError` for what is no picture, `RuntimeError` before `load`."""
        if not self._loaded:
            raise RuntimeError("find before load")
        return [self._find(image) for image in images]

    def _find(self, image: Image) -> tuple[FoundFace, ...]:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"not an RGB picture of bytes: {image.dtype} {image.shape}")
        height, width = image.shape[:2]
        if height != CELL or width % CELL:
            return ()
        found = []
        for left in range(0, width, CELL):
            blocks = image[BLOCK // 2 :: BLOCK, left + BLOCK // 2 : left + CELL : BLOCK].mean(axis=2)
            frame = np.concatenate([blocks[0], blocks[-1], blocks[:, 0], blocks[:, -1]])
            inner = blocks[1:-1, 1:-1]
            spread = float(inner.max() - inner.min())
            if frame.min() < FRAME_MIN or spread == 0:
                continue
            bits = (inner - inner.min()) / spread > CONTRAST
            box = (left / width, 0.0, CELL / width, 1.0)
            descriptor = tuple(float(bit) / INNER for bit in bits.ravel())
            found.append(FoundFace(box, 1.0, CELL, spread, "frontal", descriptor))
        return tuple(found)
