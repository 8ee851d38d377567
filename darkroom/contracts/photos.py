"""Photos and their contents: what a photo is, and which bytes it has had."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.columns import FactRow, PhotoId, Sha256
from darkroom.contracts.table import Column, IndexAs, Table


class Photo(FactRow):
    """A photo as first taken in: what its newest bytes are, without anything computed from pixels."""

    photo_id: PhotoId
    attempt: Annotated[int, Column("Sequence number of the batch; the newest is current.", ge=1)]
    sha256: Sha256
    media_type: Annotated[
        str, Column("Media type by content, never by extension.", pattern=r"image/[a-z0-9.+-]+", index=IndexAs.KEYWORD)
    ]
    size_bytes: Annotated[int, Column("Size of the bytes.", unit="bytes", ge=1)]
    width: Annotated[int | None, Column("Stored width, before orientation; null when undecodable.", unit="px", ge=1)]
    height: Annotated[int | None, Column("Stored height, before orientation; null when undecodable.", unit="px", ge=1)]
    orientation: Annotated[int, Column("EXIF orientation that brings the stored pixels upright.", ge=1, le=8)]
    frames: Annotated[int | None, Column("Number of frames or pages; renditions show the first.", ge=1)]


class PhotoContent(FactRow):
    """Bytes a photo has had. A tag editor adds a row with the same pixel digest, not a photo."""

    photo_id: PhotoId
    sha256: Sha256
    pixel_digest: Annotated[
        str | None, Column("SHA-256 over size and decoded pixels; null when undecodable.", pattern=r"[0-9a-f]{64}")
    ]
    since: Annotated[AwareDatetime, Column("When these bytes were first seen (UTC).")]


PHOTOS = Table(
    name="photos",
    row=Photo,
    grain="one row per photo and attempt",
    primary_key=("photo_id", "attempt"),
)
PHOTO_CONTENTS = Table(
    name="photo_contents",
    row=PhotoContent,
    grain="one row per photo and content",
    primary_key=("photo_id", "sha256"),
)
