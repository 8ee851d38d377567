"""Faces found in photos, and what is needed to say whose they are."""

from typing import Annotated

from darkroom.contracts.columns import SHA256_PATTERN, UUID_PATTERN, ComputedRow
from darkroom.contracts.table import Column, Table

POSES = ("frontal", "left", "right", "tilted")

FaceId = Annotated[str, Column("Identity of the face: UUIDv5 of photo, output version and box.", pattern=UUID_PATTERN)]


class Face(ComputedRow):
    """A face in a photo. Its box is in the upright display rendition, as fractions of its width and height."""

    face_id: FaceId
    x: Annotated[float, Column("Left edge.", ge=0, le=1)]
    y: Annotated[float, Column("Top edge.", ge=0, le=1)]
    w: Annotated[float, Column("Width.", ge=0, le=1)]
    h: Annotated[float, Column("Height.", ge=0, le=1)]
    score: Annotated[float, Column("Certainty of the finder, on its own scale: more is surer.")]
    size_px: Annotated[int, Column("Width in the display rendition.", unit="px", ge=1)]
    sharpness: Annotated[float, Column("Variance of the Laplacian of the aligned face.", ge=0)]
    pose: Annotated[str | None, Column("Where the face looks, as the viewer sees it.", values=POSES)]
    descriptor: Annotated[list[float], Column("Whose face it is: near for one person, by Euclidean distance.")]
    thumbnail_sha256: Annotated[str, Column("SHA-256 of its thumbnail, an object.", pattern=SHA256_PATTERN)]
    thumbnail_bytes: Annotated[int, Column("Size of its thumbnail.", unit="bytes", ge=1)]


FACES = Table(
    name="faces",
    row=Face,
    grain="one row per face, output version and attempt",
    primary_key=("photo_id", "output_version", "attempt", "face_id"),
    pii=("descriptor",),
    output="faces",
)
