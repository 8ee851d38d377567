"""What a decoder's exception means for the file it was given.

Belongs here: the translation into kinds of failure. Does not belong here: dead or hung workers (`decoder.py`).
"""

from __future__ import annotations

from PIL import Image, UnidentifiedImageError

from darkroom.decoding.inspection import Fault

REASON_CHARACTERS_MAX = 300


class Undecodable(Exception):
    """Raised by our own code for pixels that will not be decoded; `kind` is one of the kinds of failure."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def fault_of(error: Exception) -> Fault:
    """The fault of a file whose pixels raised `error` while they were decoded."""
    if isinstance(error, Undecodable):
        return Fault(error.kind, str(error))
    if isinstance(error, MemoryError | Image.DecompressionBombError | Image.DecompressionBombWarning):
        return Fault("too_large", "the picture needs more pixels or memory than is allowed")
    if isinstance(error, UnidentifiedImageError):
        # The library's own text holds an address, which would make equal failures look different.
        return Fault("corrupt", "the pixels cannot be decoded: the structure is damaged or of a variant nobody reads")
    if "has not been built in" in str(error):
        return Fault("unsupported", "the pixels are compressed in a way no decoder here reads")
    text = " ".join(str(error).split())[:REASON_CHARACTERS_MAX] or type(error).__name__
    return Fault("corrupt", f"the pixels cannot be decoded: {text}")
