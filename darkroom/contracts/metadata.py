"""What the file says about the photo: when, where, with what, and in whose words."""

from typing import Annotated

from pydantic import AwareDatetime, NaiveDatetime

from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.table import Column, IndexAs, Row, Table

FIELD_SOURCES = ("estimate", "name", "location", "exif", "iptc", "xmp", "sidecar", "manual", "admin")


class FieldSource(Row):
    """Which source gave a field its value."""

    field: Annotated[str, Column("Name of the field.")]
    source: Annotated[str, Column("Where the value came from.", values=FIELD_SOURCES)]


class PhotoMetadata(ComputedRow):
    """Descriptive metadata read from a photo's bytes, with the source of every field.

    `taken_local` is the wall time at the place; `taken_utc` is null while the offset is unknown.
    """

    taken_local: Annotated[
        NaiveDatetime | None, Column("Local wall time of capture, without zone.", index=IndexAs.TIME)
    ]
    taken_offset_minutes: Annotated[
        int | None, Column("Offset from UTC at capture; null when unknown.", unit="min", ge=-840, le=840)
    ]
    taken_utc: Annotated[AwareDatetime | None, Column("Instant of capture; null when the offset is unknown.")]
    taken_source: Annotated[str | None, Column("Tag or rule that gave the time.")]
    latitude: Annotated[float | None, Column("Latitude, WGS 84.", unit="°", ge=-90, le=90, index=IndexAs.NUMBER)]
    longitude: Annotated[float | None, Column("Longitude, WGS 84.", unit="°", ge=-180, le=180, index=IndexAs.NUMBER)]
    altitude_m: Annotated[float | None, Column("Altitude above sea level.", unit="m")]
    country: Annotated[
        str | None,
        Column(
            "Country of the position, ISO 3166-1 alpha-2; null at sea and where countries share a time zone.",
            pattern=r"[A-Z]{2}",
        ),
    ]
    camera_make: Annotated[str | None, Column("Camera maker.", index=IndexAs.KEYWORD)]
    camera_model: Annotated[str | None, Column("Camera model.", index=IndexAs.KEYWORD)]
    lens: Annotated[str | None, Column("Lens model.", index=IndexAs.KEYWORD)]
    exposure_seconds: Annotated[float | None, Column("Exposure time.", unit="s", ge=0)]
    f_number: Annotated[float | None, Column("Aperture as f-number.", ge=0)]
    iso: Annotated[int | None, Column("Sensitivity, ISO.", ge=0)]
    focal_length_mm: Annotated[float | None, Column("Focal length.", unit="mm", ge=0)]
    focal_length_35mm: Annotated[float | None, Column("35 mm equivalent focal length.", unit="mm", ge=0)]
    flash: Annotated[bool | None, Column("Whether the flash fired.")]
    title: Annotated[str | None, Column("Title.", index=IndexAs.WORDS)]
    description: Annotated[str | None, Column("Caption or description.", index=IndexAs.WORDS)]
    keywords: Annotated[list[str], Column("Keywords, in the file's order, without repeats.", index=IndexAs.KEYWORD)]
    rating: Annotated[int | None, Column("Rating in stars; -1 is rejected.", ge=-1, le=5, index=IndexAs.NUMBER)]
    sources: Annotated[list[FieldSource], Column("Which source gave each field.")]


METADATA = Table(
    name="metadata",
    row=PhotoMetadata,
    grain="one row per photo, output version and attempt",
    primary_key=("photo_id", "output_version", "attempt"),
    pii=("latitude", "longitude", "altitude_m", "country", "title", "description", "keywords"),
    output="metadata",
)
