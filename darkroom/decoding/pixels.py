"""From a photo's bytes to its decoded pixels, once: which decoder opens what, and what it says about the picture.

Belongs here: opening by content with an allow-list, shrinking on load, stored size, orientation, frames.
Does not belong here: raw files (`raw.py`), colours (`colour.py`), exceptions' meaning (`faults.py`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import pi_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PsdImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from darkroom.decoding.faults import Undecodable
from darkroom.decoding.recipe import SHRINK_EDGE

PILLOW_FORMATS = {
    "image/apng": PngImagePlugin.PngImageFile.format,
    "image/avif": AvifImagePlugin.AvifImageFile.format,
    "image/bmp": BmpImagePlugin.BmpImageFile.format,
    "image/gif": GifImagePlugin.GifImageFile.format,
    "image/jp2": Jpeg2KImagePlugin.Jpeg2KImageFile.format,
    "image/jpeg": JpegImagePlugin.JpegImageFile.format,
    "image/png": PngImagePlugin.PngImageFile.format,
    "image/tiff": TiffImagePlugin.TiffImageFile.format,
    "image/vnd.adobe.photoshop": PsdImagePlugin.PsdImageFile.format,
    "image/webp": WebPImagePlugin.WebPImageFile.format,
}
PNG_TEXT_BYTES_MAX = 16 * 1024**2
HEIF_TYPES = frozenset({"image/heic", "image/heif"})

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings stored pixels upright, by EXIF orientation."""

_UNDO = UPRIGHT | {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


@dataclass(frozen=True)
class Decoded:
    """Decoded pixels as stored, perhaps shrunk; `width` and `height` are the full stored size in px.

    `orientation` is the EXIF orientation still to be applied; `profile` an ICC profile.
    """

    image: Image.Image
    width: int
    height: int
    frames: int | None
    orientation: int
    profile: bytes | None


def set_up_decoders(max_pixels: int) -> None:
    """Bounds the decoders of this process: pictures of at most `max_pixels`, one thread, nothing but the picture.

    Text in a PNG may be longer than the library's default, which refuses what picture editors write.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    PngImagePlugin.MAX_TEXT_CHUNK = PNG_TEXT_BYTES_MAX
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False


def check_size(width: int, height: int) -> None:
    """Raises `Undecodable` for a picture with more pixels than `set_up_decoders` allowed."""
    if width * height > (Image.MAX_IMAGE_PIXELS or 0):
        raise Undecodable("too_large", f"{width} x {height} px are more than the {Image.MAX_IMAGE_PIXELS} allowed")


def decode_picture(data: memoryview, media_type: str) -> Decoded:
    """Decodes the first frame or page of anything but a raw file. Raises whatever the decoders raise."""
    if media_type in HEIF_TYPES:
        return _decode_heif(data)
    if media_type not in PILLOW_FORMATS:
        raise Undecodable("unsupported", f"no decoder here reads the pixels of {media_type}")
    image = Image.open(io.BytesIO(data), formats=(PILLOW_FORMATS[media_type],))
    width, height = image.size
    check_size(width, height)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _decode_tiff(image, data)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        shrink_on_load(image)
    image.load()
    frames = _count_frames(data, image) if media_type != "image/vnd.adobe.photoshop" else 1
    return Decoded(image, width, height, frames, orientation_of(image), image.info.get("icc_profile"))


def shrink_on_load(image: JpegImagePlugin.JpegImageFile) -> None:
    """Tells the JPEG decoder to leave out detail that no output keeps."""
    longest = max(image.size)
    scale = next(scale for scale in (8, 4, 2, 1) if scale == 1 or longest >= scale * SHRINK_EDGE)
    if scale > 1:
        image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 when the tags are absent or damaged."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - damaged tags raise anything; they must not cost the pixels, which are fine
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_tiff(image: TiffImagePlugin.TiffImageFile, data: memoryview) -> Decoded:
    """Pillow turns TIFF files while it loads them; that is undone, so that a changed tag leaves the pixels equal."""
    orientation = orientation_of(image)
    image.load()
    stored = image.transpose(_UNDO[orientation]) if orientation in _UNDO else image
    frames = _count_frames(data, image)
    return Decoded(stored, stored.width, stored.height, frames, orientation, image.info.get("icc_profile"))


def _count_frames(data: memoryview, image: Image.Image) -> int | None:
    """Number of frames or pages; `None` when they cannot be counted. Counting may lose the first frame: look again."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile | GifImagePlugin.GifImageFile):
        return int(getattr(image, "n_frames", 1))
    try:
        with Image.open(io.BytesIO(data), formats=(str(image.format),)) as again:
            return int(getattr(again, "n_frames", 1))
    except Exception:  # noqa: BLE001 - a damaged later page must not cost the first
        return None


def _decode_heif(data: memoryview) -> Decoded:
    """Decodes the primary picture of a HEIF file.

    The decoder applies the container's own rotation, which is the one that counts; the EXIF orientation beside it
    repeats it and must not turn the picture again.
    """
    heif = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    check_size(*heif.size)
    picture = heif.to_pillow()
    return Decoded(picture, picture.width, picture.height, len(heif), 1, picture.info.get("icc_profile"))
