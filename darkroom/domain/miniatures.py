"""Miniatures: a picture as 32 × 32 grey values, and what can be told from two of them.

Belongs here: the hash that finds candidates, and the measure that tells a copy from a picture that is merely alike,
both in all eight positions a picture can be turned and mirrored into.
Does not belong here: making miniatures (`darkroom.decoding.fingerprints`), what follows for photos (`duplicates`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Miniatures = NDArray[np.uint8]
"""Grey values, shape (count, EDGE, EDGE)."""

Hashes = NDArray[np.uint8]
"""64 bits a row, shape (count, 8)."""

EDGE = 32

TURNS = range(8)
"""How a picture can lie: the bits say mirrored left to right (1), then top to bottom (2), after transposing (4)."""

INVERSE = (0, 1, 2, 3, 4, 6, 5, 7)
"""The turn that undoes each turn: quarter turns undo each other, every other one itself."""

FLAT = 3.0
"""Grey levels of contrast, beside a smooth shading, below which a miniature says nothing about its picture."""

_WAVES = 8
_POINTS = (2 * np.arange(EDGE) + 1) / (2 * EDGE)
_COSINES = np.cos(np.pi * np.arange(_WAVES)[:, None] * _POINTS[None]).astype(np.float32)


def _shadings() -> NDArray[np.float32]:
    """An orthonormal basis of the quadratic surfaces over a miniature, shape (EDGE², 6)."""
    x, y = np.meshgrid(2 * _POINTS - 1, 2 * _POINTS - 1)
    surfaces = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    return np.linalg.qr(surfaces)[0].astype(np.float32)


_SHADINGS = _shadings()


def parse(texts: Sequence[str]) -> Miniatures:
    """Miniatures from their columns: hex digits, row by row. Raises `ValueError` for anything else."""
    data = bytes.fromhex("".join(texts))
    return np.frombuffer(data, np.uint8).reshape(len(texts), EDGE, EDGE)


def turned(miniatures: Miniatures, turn: int) -> Miniatures:
    """The miniatures lying another way."""
    lying = miniatures.swapaxes(-1, -2) if turn & 4 else miniatures
    lying = lying[..., ::-1] if turn & 1 else lying
    return lying[..., ::-1, :] if turn & 2 else lying


def hashes(miniatures: Miniatures) -> list[Hashes]:
    """64-bit hashes by turn: the signs of the 8 × 8 slowest cosine waves, the mean left out.

    Mirroring a picture changes the sign of every other wave, so each turn's hash is exact. Source of the idea: Zauner,
    "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, with signs instead of a median.
    """
    waves = _COSINES @ miniatures.astype(np.float32) @ _COSINES.T
    odd = np.where(np.arange(_WAVES) % 2, np.float32(-1), np.float32(1))
    found = []
    for turn in TURNS:
        lying = waves.swapaxes(-1, -2) if turn & 4 else waves
        lying = lying * odd if turn & 1 else lying
        lying = lying * odd[:, None] if turn & 2 else lying
        bits = lying > 0
        bits[:, 0, 0] = False
        found.append(np.packbits(bits, axis=-1).reshape(-1, _WAVES))
    return found


def flat(miniatures: Miniatures) -> NDArray[np.bool_]:
    """Which pictures show nothing but a shading: black frames, blank pages, clear skies."""
    return np.asarray(_details(miniatures).std(axis=-1) < FLAT)


def deviations(first: Miniatures, second: Miniatures) -> NDArray[np.float32]:
    """By how much two miniatures differ where they differ most, pair by pair: 0 for equal ones, ∞ beside a flat one.

    Shading is taken off and contrast evened, so a copy in other light is close; the unit is the contrast that is left.
    The largest difference, not the mean: another number on a form, or a person who moved, is a small part of a picture.
    """
    one, other = _details(first), _details(second)
    contrast, other_contrast = one.std(axis=-1), other.std(axis=-1)
    telling = np.minimum(contrast, other_contrast) >= FLAT
    found = np.full(len(telling), np.inf, dtype=np.float32)
    evened = one[telling] / contrast[telling, None] - other[telling] / other_contrast[telling, None]
    found[telling] = np.abs(evened).max(axis=-1)
    return found


def _details(miniatures: Miniatures) -> NDArray[np.float32]:
    """What no smooth shading explains, shape (count, EDGE²)."""
    values = miniatures.reshape(-1, EDGE * EDGE).astype(np.float32)
    return np.asarray(values - (values @ _SHADINGS) @ _SHADINGS.T, np.float32)
