"""Protocols of the AI tasks. Batch in, typed rows out; `batched == single` holds for every provider.

A provider is found by entry point (`darkroom.text_readers`, `darkroom.face_finders`, `darkroom.image_embedders`,
`darkroom.text_embedders`), loads its weights in `load`, and runs in a model process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from darkroom.domain.calibration import Calibration

Image = NDArray[np.uint8]
"""An upright RGB picture, shape (height, width, 3)."""

Vectors = NDArray[np.float32]
"""One vector a row, shape (count, dimensions), each of length 1."""


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


@dataclass(frozen=True)
class FoundFace:
    """A face in a picture.

    `box` is (x, y, w, h) as fractions of the picture that was given, clipped into it; `size` is the face's width in
    that picture's pixels, before clipping. `score` grows with certainty, on the finder's own scale. `sharpness` is the
    variance of the Laplacian of the aligned face: blurred and enlarged faces have little. `pose` is one of `POSES`, as
    the viewer sees it, or `None` where the finder does not know.
    """

    box: tuple[float, float, float, float]
    score: float
    size: int
    sharpness: float
    pose: str | None
    descriptor: tuple[float, ...]


POSES = ("frontal", "left", "right", "tilted")
"""Facing the viewer, looking to the viewer's left or right, or facing with the head leaning to a side."""


class Provider(Protocol):
    """What every provider of every task says about itself, and how it gets ready."""

    name: ClassVar[str]
    code_version: ClassVar[str]

    @classmethod
    def weights_digest(cls) -> str:
        """SHA-256 over the weights files, without loading them."""

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """Settings that change the result; part of the output version."""

    def load(self) -> None:
        """Loads the weights. Called once, in the process that will do the work."""


class TextReader(Provider, Protocol):
    """Reads text in pictures."""

    def read(self, images: Sequence[Image]) -> list[Reading]:
        """One reading per picture, in order. An unreadable picture raises `ValueError`."""


class FaceFinder(Provider, Protocol):
    """Finds faces and describes whose they are: descriptors of one person lie close by Euclidean distance."""

    dimensions: ClassVar[int]

    @classmethod
    def same_person_distance(cls, size: int) -> float | None:
        """The distance below which two faces are taken for one person's, the smaller of them `size` pixels wide.

        `None` when faces so small say nothing about whose they are.
        """

    def find(self, images: Sequence[Image]) -> list[tuple[FoundFace, ...]]:
        """The faces of each picture, in order, the largest first. What is no RGB picture raises `ValueError`."""


class ImageEmbedder(Provider, Protocol):
    """Turns pictures into vectors; similar pictures lie close by cosine, and `calibration` says how close is close."""

    dimensions: ClassVar[int]
    calibration: ClassVar[Calibration]

    def embed(self, images: Sequence[Image]) -> Vectors:
        """One vector per picture, in order. What is no RGB picture raises `ValueError`."""


class TextEmbedder(Provider, Protocol):
    """Turns texts into vectors; texts of similar meaning lie close by cosine. Safe to call from several threads.

    `calibration` says what the cosine of a query and a photo's document is worth.
    """

    dimensions: ClassVar[int]
    calibration: ClassVar[Calibration]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector per text, in order; what is too long is cut. A blank text raises `ValueError`."""
