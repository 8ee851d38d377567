"""Colours: every mode a decoder may answer becomes eight-bit grey or sRGB, without transparency.

Belongs here: depth, palettes, transparency, ICC profiles. Does not belong here: size and orientation (`renditions.py`).
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_SPACE_OF_MODE = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}


def eight_bit(image: Image.Image) -> Image.Image:
    """The picture with modes L, LA, RGB, RGBA, CMYK or LAB: resizable, eight bits a channel."""
    mode = image.mode
    if mode in ("L", "RGB", "P") and "transparency" in image.info:
        return image.convert("LA" if mode == "L" else "RGBA")
    if mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB"):
        return image
    if mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if mode in ("I", "F"):
        return _levels(image)
    return image.convert({"1": "L", "PA": "RGBA", "La": "LA", "RGBa": "RGBA"}.get(mode, "RGB"))


def flatten(image: Image.Image) -> Image.Image:
    """Transparency laid over white."""
    if image.mode not in ("LA", "RGBA"):
        return image
    opaque = image.mode[:-1]
    paper = Image.new(opaque, image.size, "white")
    paper.paste(image.convert(opaque), mask=image.getchannel("A"))
    return paper


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture as grey (L) or sRGB (RGB), converted by its ICC profile when it has one that fits."""
    transform = _transform(image.mode, profile or b"")
    if transform is not None:
        converted = ImageCms.applyTransform(image, transform)
        if converted is not None:
            return converted.convert("L") if image.mode == "L" else converted
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


@lru_cache(maxsize=32)
def _transform(mode: str, profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """What takes `mode` with `profile` to sRGB; `None` when nothing is needed or the profile is of no use."""
    try:
        if mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif not profile:
            return None
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACE_OF_MODE.get(mode):
            return None
        if mode == "RGB" and "srgb" in (source.profile.profile_description or "").lower():
            return None
        target = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, target, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _levels(image: Image.Image) -> Image.Image:
    """Deep or floating values scaled to eight bits by the range they use: 0..1, 0..255, 0..65535, or their own."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    top = next((top for top in (1.0, 255.0, 65535.0) if high <= top), high) if low >= 0 else high
    floor = min(low, 0.0)
    if image.mode == "I" and top == 1.0:
        top = 255.0
    scaled = (values - floor) * (255.0 / max(top - floor, 1e-9))
    return Image.fromarray(scaled.clip(0, 255).astype(np.uint8))
