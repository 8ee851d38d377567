"""Fingerprints: an exact digest of the stored pixels, perceptual hashes and two measures of the upright picture.

Does not belong here: comparing fingerprints, which is a rule over many photos.
"""

from __future__ import annotations

import hashlib
from typing import Any

import imagehash
import numpy as np
from PIL import Image

from darkroom.decoding.pixels import Decoded
from darkroom.domain.miniatures import EDGE

STRIP_BYTES = 4 * 1024**2
"""Pixels are hashed and measured in strips of about this size, so that a large picture is never copied whole."""


def pixel_digest(decoded: Decoded) -> str:
    """SHA-256 over the stored size and the decoded pixels before orientation: rewriting tags leaves it unchanged."""
    image = decoded.image
    palette = image.getpalette() or []
    facts = [decoded.width, decoded.height, *image.size, image.mode, palette, image.info.get("transparency")]
    digest = hashlib.sha256(repr(facts).encode())
    rows = _rows(image.width * 4)
    for top in range(0, image.height, rows):
        digest.update(image.crop((0, top, image.width, min(top + rows, image.height))).tobytes())
    return digest.hexdigest()


def fingerprint(digest: str, display: Image.Image, thumbnail: Image.Image) -> dict[str, Any]:
    """The columns of `Fingerprint` without provenance."""
    grey = display.convert("L")
    histogram = np.asarray(grey.histogram())
    return {
        "pixel_digest": digest,
        "dhash": str(imagehash.dhash(thumbnail)),
        "phash": str(imagehash.phash(thumbnail)),
        "miniature": miniature(thumbnail),
        "chroma": chroma(thumbnail),
        "sharpness": laplacian_variance(np.asarray(grey)),
        "brightness": float(histogram @ np.arange(256) / (255 * histogram.sum())),
    }


def miniature(thumbnail: Image.Image) -> str:
    """The picture as `EDGE` × `EDGE` grey values, hex, whatever its proportions.

    The filter weighs pixels by their share: with whole pixels a copy of another size would differ by as much as another
    picture.
    """
    return thumbnail.convert("L").resize((EDGE, EDGE), Image.Resampling.HAMMING).tobytes().hex()


def chroma(thumbnail: Image.Image) -> float:
    """How coloured the picture is: mean distance of the strongest from the weakest channel, 0 grey to 1."""
    channels = np.asarray(thumbnail.convert("RGB"))
    return int((channels.max(axis=-1) - channels.min(axis=-1)).sum(dtype=np.int64)) / (255 * channels[..., 0].size)


def laplacian_variance(grey: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """Variance of the four-neighbour Laplacian inside the border; 0 for pictures too small to have an inside.

    Integers throughout, so that equal pictures give equal numbers on every machine. `grey` has shape (height, width).
    """
    height, width = grey.shape
    if height < 3 or width < 3:
        return 0.0
    total = squares = 0
    rows = _rows(width * 2)
    for top in range(1, height - 1, rows):
        strip = grey[top - 1 : min(top + rows, height - 1) + 1].astype(np.int16)
        inside = strip[:-2, 1:-1] + strip[2:, 1:-1] + strip[1:-1, :-2] + strip[1:-1, 2:] - 4 * strip[1:-1, 1:-1]
        total += int(inside.sum(dtype=np.int64))
        squares += int(np.square(inside, dtype=np.int32).sum(dtype=np.int64))
    count = (height - 2) * (width - 2)
    return squares / count - (total / count) ** 2


def _rows(row_bytes: int) -> int:
    return max(1, STRIP_BYTES // max(1, row_bytes))
