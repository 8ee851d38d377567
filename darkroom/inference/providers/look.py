"""How a picture looks: colours, contrasts and textures of its patches as 480 numbers, computed without learnt weights.

Every patch is eight numbers: mean and spread of lightness and two opponent colours, and the two principal strengths of
its gradients, which do not change when the picture is mirrored or turned. The vector is the mean of random waves over
the patches (a kernel mean embedding), at three patch sizes: two pictures are close when the same kinds of patches fill
the same shares of them, wherever they stand. Look-alike, not meaning: a dog on grass is close to a horse on grass.

Sources: Rahimi and Recht, "Random Features for Large-Scale Kernel Machines", 2007 (the waves); Smola et al., "A Hilbert
Space Embedding for Distributions", 2007 (their mean); Bigün and Granlund, "Optimal Orientation Detection of Linear
Symmetry", 1987 (the structure tensor).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from darkroom.domain.calibration import Calibration
from darkroom.sdk.tasks import Image, Vectors

Floats = NDArray[np.float32]

SIDE = 112
"""Pictures are brought to this many pixels squared, keeping their proportions."""

ASPECT_MAX = 8.0
"""Narrower pictures are squeezed to this."""

PATCHES = (3, 6, 12)
STEP = 5
WAVES = 80

LIGHT = 0.45
LIGHT_SHARE = 0.7
LIGHT_MAX = 1.6
"""Colour casts are taken out wholly, exposure by this share (an exponent), towards this mean; brighter light is cut."""

COLOUR_SCALE = np.array([8, 14, 14], np.float32)
TEXTURE_SCALE = 1.4
TEXTURE_FLOOR = 0.02


class Look:
    """The bundled embedder of pictures."""

    name: ClassVar[str] = "look"
    code_version: ClassVar[str] = "1"
    dimensions: ClassVar[int] = 2 * WAVES * len(PATCHES)
    calibration: ClassVar[Calibration] = Calibration(middles=(0.77,), width=0.037, cut_off=0.69)
    """By `bench.look_quality`: what is worth what, were one picture in a hundred a copy, crop or shot of the same."""

    @classmethod
    def weights_digest(cls) -> str:
        """SHA-256 over the waves, which are computed."""
        return hashlib.sha256(b"".join(_waves(level).round(4).tobytes() for level in range(len(PATCHES)))).hexdigest()

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """Sizes and scales that shape the vector."""
        return {
            "side": SIDE,
            "patches": "-".join(map(str, PATCHES)),
            "step": STEP,
            "waves": WAVES,
            "light_share": LIGHT_SHARE,
            "texture_scale": TEXTURE_SCALE,
            "texture_floor": TEXTURE_FLOOR,
        }

    def load(self) -> None:
        """Nothing to load but the library that filters pictures."""
        import cv2

        cv2.setNumThreads(1)

    def embed(self, images: Sequence[Image]) -> Vectors:
        """One vector of length 1 per picture. Raises `ValueError` for what is no RGB picture."""
        vectors = np.empty((len(images), self.dimensions), np.float32)
        for row, image in enumerate(images):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
                raise ValueError(f"not an RGB picture of bytes: {image.dtype} {image.shape}")
            opponents = _opponents(_in_even_light(_small(image)))
            whole = np.concatenate([_level(opponents, level) for level in range(len(PATCHES))])
            vectors[row] = whole / np.linalg.norm(whole)
        return vectors


def _small(image: Image) -> Image:
    """The picture at its working size."""
    import cv2

    height, width = image.shape[:2]
    aspect = min(max(width / height, 1 / ASPECT_MAX), ASPECT_MAX)
    size = (round(SIDE * aspect**0.5), round(SIDE * aspect**-0.5))
    shrinks = size[0] <= width and size[1] <= height
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=kind), np.uint8)


def _in_even_light(image: Image) -> Floats:
    """The picture in 0..LIGHT_MAX as if under grey light (the grey-world assumption), its exposure evened."""
    picture = image.astype(np.float32) / np.float32(255)
    means = picture.mean(axis=(0, 1)) + np.float32(0.02)
    mean = means.mean()
    factors = mean / means * (LIGHT / mean) ** LIGHT_SHARE
    return np.asarray(np.minimum(picture * factors.astype(np.float32), LIGHT_MAX), np.float32)


def _opponents(picture: Floats) -> Floats:
    """Lightness, red against green, yellow against blue."""
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    return np.stack([(red + green + blue) / 3, (red - green) * 0.7, (red + green - 2 * blue) * 0.4], axis=-1)


def _level(opponents: Floats, level: int) -> Floats:
    """Mean of the waves over the patches of one size, shape (2 × WAVES,)."""
    phases = _patches(opponents, PATCHES[level]) @ _waves(level)
    return np.concatenate([np.cos(phases).mean(axis=0), np.sin(phases).mean(axis=0)])


def _patches(opponents: Floats, size: int) -> Floats:
    """Eight numbers of every patch of this size, shape (patches, 8), scaled so that 1 is a clear difference."""
    import cv2

    def blurred(plane: Any) -> Any:
        return cv2.blur(plane, (size, size))

    means = blurred(opponents)
    spreads = np.sqrt(np.maximum(blurred(opponents * opponents) - means * means, 0))
    light = cv2.blur(opponents[..., 0], (max(size // 2, 1),) * 2)
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=0.25)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=0.25)
    xx, yy, xy = blurred(across * across), blurred(down * down), blurred(across * down)
    root = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)
    strengths = np.sqrt(np.maximum(np.stack([xx + yy + root, xx + yy - root], axis=-1), 0) / 2)
    numbers = np.concatenate(
        [
            means * COLOUR_SCALE,
            np.log(spreads + TEXTURE_FLOOR) * TEXTURE_SCALE,
            np.log(strengths + TEXTURE_FLOOR / 2) * TEXTURE_SCALE,
        ],
        axis=-1,
    )
    sampled = numbers[size // 2 :: STEP, size // 2 :: STEP]
    return np.asarray(sampled.reshape(-1, numbers.shape[-1]), np.float32)


@cache
def _waves(level: int) -> Floats:
    """Frequencies of the waves, shape (8, WAVES): normal, and spread evenly instead of drawn, so the same everywhere.

    Source: Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018 (powers of the generalised golden
    ratio as an additive sequence).
    """
    numbers = 8
    ratio = 1.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (numbers + 1))
    steps = ratio ** -np.arange(1, numbers + 1)
    places = (0.5 + steps[:, None] * np.arange(1 + level * WAVES, 1 + (level + 1) * WAVES)) % 1
    normal = NormalDist()
    return np.array([[normal.inv_cdf(place) for place in row] for row in places], np.float32)
