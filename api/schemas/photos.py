"""A photo as clients see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.queries.photos import PhotoRecord
from api.schemas.examples import LIBRARY, PHOTO, SHA256, SOURCE


class TakenAt(BaseModel):
    """When the photo was taken: the wall time at the place, and the instant where the offset is known."""

    local: datetime = Field(description="Local wall time, without zone.", examples=["2024-05-01T12:34:56"])
    offset: str | None = Field(description="Offset from UTC; null when unknown.", examples=["+02:00"])
    utc: datetime | None = Field(description="The instant; null while the offset is unknown.")
    source: str | None = Field(description="Tag or rule that gave the time.", examples=["DateTimeOriginal"])


class Location(BaseModel):
    """Where the photo was taken (WGS 84)."""

    latitude: float = Field(description="Degrees north.", examples=[48.137])
    longitude: float = Field(description="Degrees east.", examples=[11.575])
    altitude_m: float | None = Field(description="Metres above sea level.", examples=[519.0])


class Camera(BaseModel):
    """What the photo was taken with."""

    make: str | None = Field(description="Maker.", examples=["FUJIFILM"])
    model: str | None = Field(description="Model.", examples=["X-T5"])
    lens: str | None = Field(description="Lens.", examples=["XF23mmF1.4 R"])


class Exposure(BaseModel):
    """How the photo was exposed; null is unknown."""

    exposure_seconds: float | None = Field(None, description="Exposure time in seconds.", examples=[0.004])
    f_number: float | None = Field(None, description="Aperture as f-number.", examples=[2.8])
    iso: int | None = Field(None, description="Sensitivity, ISO.", examples=[200])
    focal_length_mm: float | None = Field(None, description="Focal length in millimetres.", examples=[23.0])
    focal_length_35mm: float | None = Field(None, description="35 mm equivalent in millimetres.", examples=[35.0])
    flash: bool | None = Field(None, description="Whether the flash fired.", examples=[False])


class Box(BaseModel):
    """A box in the upright picture, as fractions of its width and height."""

    x: float = Field(ge=0, le=1, description="Left edge.")
    y: float = Field(ge=0, le=1, description="Top edge.")
    w: float = Field(ge=0, le=1, description="Width.")
    h: float = Field(ge=0, le=1, description="Height.")


class Face(BaseModel):
    """A face found in the photo."""

    id: UUID = Field(description="Identity of the face.")
    box: Box = Field(description="Where it is.")
    person_id: UUID | None = Field(description="The person, once known.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Face:
        """The face of a serving row."""
        box = Box(**{side: row[side] for side in ("x", "y", "w", "h")})
        return cls(id=row["face_id"], box=box, person_id=row["person_id"])


class PhotoFile(BaseModel):
    """A file in a source that holds the photo."""

    source_id: UUID = Field(description="The source.", examples=[SOURCE])
    path: str = Field(description="Path inside the source, percent-escaped.", examples=["2024/05/market.jpg"])
    size_bytes: int = Field(description="Size in bytes.", examples=[2_514_034])
    modified_at: datetime = Field(description="Modification time the file system gave (UTC).")


class Output(BaseModel):
    """How one output of the photo stands."""

    state: Literal["done", "failed", "missing", "off"] = Field(description="Whether it is there.", examples=["done"])
    provider: str | None = Field(description="Provider that answered.", examples=["rapidocr"])
    version: str | None = Field(description="Version of provider, code, weights and parameters.")
    reason: str | None = Field(description="Why it is not done.")


class Renditions(BaseModel):
    """Addresses of smaller pictures, upright and without position. They change when the picture does."""

    thumbnail: str | None = Field(description="At most 256 pixels on the longer side; null when there is none.")
    display: str | None = Field(description="At most 2048 pixels on the longer side; null when there is none.")


class Photo(BaseModel):
    """A published photo."""

    id: UUID = Field(description="Identity, made from the library and the first bytes seen.", examples=[PHOTO])
    library_id: UUID = Field(description="The library it belongs to.", examples=[LIBRARY])
    sha256: str = Field(description="SHA-256 of the newest bytes, lower-case hex.", examples=[SHA256])
    media_type: str = Field(description="Media type by content.", examples=["image/jpeg"])
    size_bytes: int = Field(description="Size of the original in bytes.", examples=[2_514_034])
    width: int | None = Field(description="Stored width in pixels, before orientation; null when undecodable.")
    height: int | None = Field(description="Stored height in pixels, before orientation; null when undecodable.")
    orientation: int = Field(ge=1, le=8, description="EXIF orientation that brings it upright.", examples=[1])
    taken_at: TakenAt | None = Field(description="When it was taken; null when nothing says.")
    location: Location | None = Field(description="Where it was taken; null when nothing says.")
    camera: Camera = Field(description="What it was taken with.")
    exposure: Exposure = Field(description="How it was exposed.")
    title: str | None = Field(description="Title in the file.")
    description: str | None = Field(description="Caption in the file.")
    keywords: list[str] = Field(description="Keywords in the file.", examples=[["market", "spring"]])
    rating: int | None = Field(description="Stars, -1 to 5; -1 is rejected.", examples=[4])
    text: str | None = Field(description="Text read in the picture; null until it was looked for.")
    faces: list[Face] = Field(description="Faces found; empty while the output `faces` is not made.")
    field_sources: dict[str, str] = Field(
        description="Where each value came from, by its column of the table `metadata`: `exif`, `iptc`, `xmp`, `name` "
        "(of the file), `location` or `estimate`.",
        examples=[{"taken_local": "exif", "title": "iptc"}],
    )
    files: list[PhotoFile] = Field(description="Where its bytes were seen.")
    renditions: Renditions = Field(description="Smaller pictures.")
    outputs: dict[str, Output] = Field(description="How each output stands, by name.")

    @classmethod
    def of(cls, record: PhotoRecord) -> Photo:
        """The photo of a record."""
        row = record.row
        return cls(
            id=row["photo_id"],
            taken_at=_taken_at(row),
            location=_location(row),
            camera=Camera(make=row["camera_make"], model=row["camera_model"], lens=row["lens"]),
            exposure=Exposure(**(row["exposure"] or {})),
            faces=[Face.of(face) for face in record.faces],
            files=[PhotoFile(**file) for file in record.files],
            renditions=Renditions(
                thumbnail=rendition_address(row["photo_id"], "thumbnail", row["thumbnail_sha256"]),
                display=rendition_address(row["photo_id"], "display", row["display_sha256"]),
            ),
            outputs={output["output"]: Output(**output) for output in record.outputs},
            **{name: row[name] for name in PLAIN_FIELDS},
        )


VERSION_DIGITS = 16
PLAIN_FIELDS = (
    "library_id",
    "sha256",
    "media_type",
    "size_bytes",
    "width",
    "height",
    "orientation",
    "title",
    "description",
    "keywords",
    "rating",
    "text",
    "field_sources",
)


def rendition_address(photo_id: UUID, kind: str, sha256: str | None) -> str | None:
    """Address of a rendition; `v` names its content, so that a client may keep it for ever."""
    return f"/v1/photos/{photo_id}/renditions/{kind}?v={sha256[:VERSION_DIGITS]}" if sha256 else None


def _taken_at(row: Mapping[str, Any]) -> TakenAt | None:
    if row["taken_local"] is None:
        return None
    minutes = row["taken_offset_minutes"]
    offset = None
    if minutes is not None:
        sign = "-" if minutes < 0 else "+"
        offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    return TakenAt(local=row["taken_local"], offset=offset, utc=row["taken_utc"], source=row["taken_source"])


def _location(row: Mapping[str, Any]) -> Location | None:
    if row["latitude"] is None or row["longitude"] is None:
        return None
    return Location(latitude=row["latitude"], longitude=row["longitude"], altitude_m=row["altitude_m"])


class ExportEnd(BaseModel):
    """The trailer of an export: without one, or with `complete` false, lines are missing."""

    photos: int = Field(description="How many photos came before.", examples=[1204])
    complete: bool = Field(description="Whether that is all of them.", examples=[True])
    epoch: int = Field(description="Publish epoch the export shows.", examples=[17])
