"""Embedders for tests that need no model: pictures by their colours, texts by their words.

Belongs here: fakes. Does not belong here: what every embedder must do (`conformance.embedders`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np

from darkroom.domain.calibration import Calibration
from darkroom.sdk.tasks import Image, Vectors

GRID = 4
WORD_DIMENSIONS = 64


class FakeImageEmbedder:
    """A picture is the mean colours of its sixteenths."""

    name: ClassVar[str] = "fake"
    code_version: ClassVar[str] = "1"
    dimensions: ClassVar[int] = GRID * GRID * 3 + 1
    calibration: ClassVar[Calibration] = Calibration(middles=(0.8,), width=0.05, cut_off=0.5)

    @classmethod
    def weights_digest(cls) -> str:
        """The digest of no weights."""
        return hashlib.sha256().hexdigest()

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """The grid."""
        return {"grid": GRID}

    def load(self) -> None:
        """Nothing to load."""

    def embed(self, images: Sequence[Image]) -> Vectors:
        """One vector per picture. Raises `ValueError` for what is no picture."""
        rows = np.zeros((len(images), self.dimensions), np.float32)
        for row, image in zip(rows, images, strict=True):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
                raise ValueError(f"not an RGB picture of bytes: {image.dtype} {image.shape}")
            ys, xs = (np.linspace(0, side, GRID + 1).astype(int) for side in image.shape[:2])
            parts = [
                image[top : max(bottom, top + 1), left : max(right, left + 1)].mean(axis=(0, 1)) / 128 - 1
                for top, bottom in pairwise(ys)
                for left, right in pairwise(xs)
            ]
            row[:] = np.append(np.concatenate(parts), 1)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class FakeTextEmbedder:
    """A text is the bag of its words, each in a place of its own or nearly so."""

    name: ClassVar[str] = "fake"
    code_version: ClassVar[str] = "1"
    dimensions: ClassVar[int] = WORD_DIMENSIONS
    calibration: ClassVar[Calibration] = Calibration(middles=(0.5,), width=0.1, cut_off=0.5)

    @classmethod
    def weights_digest(cls) -> str:
        """The digest of no weights."""
        return hashlib.sha256().hexdigest()

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """The number of places."""
        return {"dimensions": WORD_DIMENSIONS}

    def load(self) -> None:
        """Nothing to load."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector per text. Raises `ValueError` for a blank text."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            if not text.split():
                raise ValueError("a blank text has no meaning")
            for word in text.lower().split():
                row[int.from_bytes(hashlib.sha256(word.encode(errors="replace")).digest()[:4]) % self.dimensions] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
