"""Smaller pictures made from a photo, upright and without position."""

from typing import Annotated

from darkroom.contracts.columns import ComputedRow, Sha256
from darkroom.contracts.table import Column, Table

KINDS = ("thumbnail", "display")


class Rendition(ComputedRow):
    """A rendition in the object store: orientation applied, metadata stripped."""

    kind: Annotated[str, Column("Which rendition.", values=KINDS)]
    sha256: Sha256
    media_type: Annotated[str, Column("Media type of the rendition.", values=("image/jpeg", "image/webp", "image/png"))]
    width: Annotated[int, Column("Width, upright.", unit="px", ge=1, le=2048)]
    height: Annotated[int, Column("Height, upright.", unit="px", ge=1, le=2048)]
    size_bytes: Annotated[int, Column("Size of the rendition.", unit="bytes", ge=1)]


RENDITIONS = Table(
    name="renditions",
    row=Rendition,
    grain="one row per photo, kind, output version and attempt",
    primary_key=("photo_id", "kind", "output_version", "attempt"),
    output="renditions",
)
