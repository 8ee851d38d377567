"""The inspector that runs in the sandbox: one photo's bytes in, everything intake wants to know out.

Belongs here: the order of the steps, and which failure costs which output.
Does not belong here: any single step (the modules beside this one), and anything outside the worker process.
"""

from __future__ import annotations

import os
import warnings
from datetime import datetime
from typing import Any

from PIL import Image

from darkroom.decoding.faults import fault_of
from darkroom.decoding.fingerprints import fingerprint, pixel_digest
from darkroom.decoding.inspection import Fault, Inspection, to_wire
from darkroom.decoding.pixels import Decoded, decode_picture, set_up_decoders
from darkroom.decoding.raw import decode_raw
from darkroom.decoding.renditions import display_picture, encode, thumbnail_picture
from darkroom.decoding.tags import read_tags
from darkroom.domain.describe import describe
from darkroom.domain.media import RAW_TYPES


class Inspector:
    """Handler of the decoding pool. `config` holds `max_pixels`."""

    def __init__(self, config: dict[str, Any]) -> None:
        set_up_decoders(config["max_pixels"])
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # The C libraries complain about damaged files on standard error, where nobody can tell which file they mean.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
        """Inspects the photo in the first blob; the task names its `media_type`, `file_name` and `modified_at`."""
        modified_at = datetime.fromisoformat(task["modified_at"])
        return to_wire(inspect(blobs[0], task["media_type"], task["file_name"], modified_at))


def inspect(data: memoryview, media_type: str, file_name: str, modified_at: datetime) -> Inspection:
    """Inspects a photo whose type is known. Never raises for what the bytes are: that becomes faults."""
    found: dict[str, Any] = {}
    faults: dict[str, Fault] = {}
    try:
        found["metadata"] = describe(read_tags(data, media_type), file_name, modified_at)
    except Exception as error:  # noqa: BLE001 - whatever hostile tags provoke costs the metadata, not the pixels
        faults["metadata"] = Fault("error", f"the tags cannot be read: {type(error).__name__}: {error}"[:300])
    try:
        decoded = decode_raw(data) if media_type in RAW_TYPES else decode_picture(data, media_type)
    except Exception as error:  # noqa: BLE001 - decoders raise anything; `fault_of` says what it means
        faults["renditions"] = faults["fingerprints"] = fault_of(error)
        return Inspection(media_type, faults=faults, **found)
    found |= {name: getattr(decoded, name) for name in ("width", "height", "frames", "orientation")}
    try:
        found |= _pictures(decoded)
    except Exception as error:  # noqa: BLE001 - a picture that decodes but cannot be converted is still a photo
        kind = "too_large" if isinstance(error, MemoryError) else "error"
        faults["renditions"] = faults["fingerprints"] = Fault(kind, f"{type(error).__name__}: {error}"[:300])
    return Inspection(media_type, faults=faults, **found)


def _pictures(decoded: Decoded) -> dict[str, Any]:
    digest = pixel_digest(decoded)
    display = display_picture(decoded)
    thumbnail = thumbnail_picture(display)
    return {
        "pixel_digest": digest,
        "fingerprint": fingerprint(digest, display, thumbnail),
        "renditions": encode(display, thumbnail),
    }
