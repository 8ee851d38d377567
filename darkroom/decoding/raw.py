"""Pixels of camera raw files: the preview the camera made, or else a half-size development of the sensor's values.

Does not belong here: telling makers apart (`domain.media_tiff`), other formats (`pixels.py`).
"""

from __future__ import annotations

import io

import rawpy
from PIL import Image, JpegImagePlugin

from darkroom.decoding.faults import Undecodable
from darkroom.decoding.pixels import Decoded, check_size, shrink_on_load
from darkroom.decoding.recipe import PREVIEW_EDGE

ORIENTATION_OF_FLIP = {0: 1, 3: 3, 5: 8, 6: 6}
"""EXIF orientation by the raw library's code for how the camera was held."""


def decode_raw(data: memoryview) -> Decoded:
    """Decodes a raw file. Raises `Undecodable`, or whatever the decoders raise."""
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            sizes = raw.sizes
            check_size(sizes.width, sizes.height)
            orientation = ORIENTATION_OF_FLIP.get(sizes.flip, 1)
            preview = _preview(raw)
            if preview is None or max(preview.size) < PREVIEW_EDGE:
                preview = Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0))
    except rawpy.LibRawFileUnsupportedError as error:
        raise Undecodable("unsupported", "no decoder here reads this camera's raw files, or it is none") from error
    except (rawpy.LibRawTooBigError, rawpy.LibRawUnsufficientMemoryError) as error:
        raise MemoryError(str(error)) from error
    if orientation in (6, 8) and (preview.width < preview.height) != (sizes.width < sizes.height):
        # Some cameras turn the preview they embed, and say only how the sensor was held.
        orientation = 1
    return Decoded(preview, sizes.width, sizes.height, 1, orientation, preview.info.get("icc_profile"))


def _preview(raw: rawpy.RawPy) -> Image.Image | None:
    """The embedded preview, decoded; `None` when there is none that can be."""
    try:
        found = raw.extract_thumb()
        if not isinstance(found.data, bytes):
            return Image.fromarray(found.data)
        preview = Image.open(io.BytesIO(found.data), formats=("JPEG",))
        if isinstance(preview, JpegImagePlugin.JpegImageFile):
            shrink_on_load(preview)
        preview.load()
    except (rawpy.LibRawError, OSError, SyntaxError, ValueError):
        return None
    return preview
