"""Protocols of the AI tasks. Batch in, typed rows out; `batched == single` holds for every provider.

A provider is found by entry point (`darkroom.text_readers`), loads its weights in `load`, and runs in a model process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""An upright RGB picture, shape (height, width, 3)."""


@dataclass(frozen=True)
class ReadLine:
    """A line of text; the box is (x, y, w, h) as fractions of the picture that was given, each in 0..1."""

    text: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Reading:
    """What a reader saw in one picture. `rotation`: degrees clockwise it was turned first (0, 90, 180, 270)."""

    lines: tuple[ReadLine, ...]
    rotation: int = 0


class TextReader(Protocol):
    """Reads text in pictures."""

    name: ClassVar[str]
    code_version: ClassVar[str]

    @classmethod
    def weights_digest(cls) -> str:
        """SHA-256 over the weights files, without loading them."""

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """Settings that change the result; part of the output version."""

    def load(self) -> None:
        """Loads the weights. Called once, in the process that will read."""

    def read(self, images: Sequence[Image]) -> list[Reading]:
        """One reading per picture, in order. An unreadable picture raises `ValueError`."""
