"""The upright pictures that everything else looks at: how they are made from decoded pixels, and encoded.

Does not belong here: decoding (`pixels.py`), where renditions are kept (services).
"""

from __future__ import annotations

import io

from PIL import Image

from darkroom.decoding.colour import eight_bit, flatten, to_srgb
from darkroom.decoding.inspection import RenditionBytes
from darkroom.decoding.pixels import UPRIGHT, Decoded
from darkroom.decoding.recipe import DISPLAY_EDGE, DISPLAY_QUALITY, THUMBNAIL_EDGE, THUMBNAIL_QUALITY


def display_picture(decoded: Decoded) -> Image.Image:
    """The photo upright in grey or sRGB, longest side at most `DISPLAY_EDGE` px, never enlarged, without metadata."""
    small = fit(eight_bit(decoded.image), DISPLAY_EDGE)
    coloured = to_srgb(flatten(small), decoded.profile)
    turned = coloured.transpose(UPRIGHT[decoded.orientation]) if decoded.orientation in UPRIGHT else coloured
    # Encoders copy some of what they find here (comments, for one) into what they write.
    turned.info = {}
    return turned


def thumbnail_picture(display: Image.Image) -> Image.Image:
    """The display picture, longest side at most `THUMBNAIL_EDGE` px."""
    return fit(display, THUMBNAIL_EDGE)


def encode(display: Image.Image, thumbnail: Image.Image) -> tuple[RenditionBytes, ...]:
    """Both renditions as JPEG."""
    return (
        _jpeg("thumbnail", thumbnail, THUMBNAIL_QUALITY),
        _jpeg("display", display, DISPLAY_QUALITY),
    )


def fit(image: Image.Image, edge: int) -> Image.Image:
    """The picture with its longest side at most `edge` px, each side at least one."""
    longest = max(image.size)
    if longest <= edge:
        return image
    size = tuple(max(1, round(side * edge / longest)) for side in image.size)
    # For shrinking, as sharp as bicubic at two thirds of the price.
    return image.resize((size[0], size[1]), Image.Resampling.HAMMING, reducing_gap=2.0)


def _jpeg(kind: str, image: Image.Image, quality: int) -> RenditionBytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return RenditionBytes(kind, "image/jpeg", image.width, image.height, buffer.getvalue())
