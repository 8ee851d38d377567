"""What the reader and the rules say about real files, against labels made by another program (exiftool).

Every difference that is left is listed with its reason; a new one fails, and so does a listed one that is gone.
"""

import csv
import io
import json
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from darkroom.decoding.tags import read_tags
from darkroom.domain.describe import describe
from darkroom.domain.media import sniff
from darkroom.domain.tags import Tags

MODIFIED = datetime(2025, 1, 1, 12, tzinfo=UTC)
FLOOR = 0.99
"""Of all comparisons together."""

FLOORS = defaultdict(
    lambda: 1.0,
    {
        "XMP:Title": 0.9,
        "XMP:Description": 0.9,
        "EXIF:ModifyDate": 0.99,
        "gps_lat": 0.99,
        "gps_lon": 0.99,
        "orientation": 0.99,
    },
)
"""Of the comparisons of one field; what `DIFFERENCES` lists is why some are not whole."""

EXIF = {
    "EXIF:Make": "Make",
    "EXIF:Model": "Model",
    "EXIF:DateTimeOriginal": "DateTimeOriginal",
    "EXIF:CreateDate": "DateTimeDigitized",
    "EXIF:ModifyDate": "ModifyDate",
    "EXIF:OffsetTime": "OffsetTime",
    "EXIF:OffsetTimeOriginal": "OffsetTimeOriginal",
    "EXIF:SubSecTimeOriginal": "SubSecTimeOriginal",
}
XMP = {
    "XMP:Title": "dc:title",
    "XMP:Description": "dc:description",
    "XMP:Subject": "dc:subject",
    "XMP:CreateDate": "xmp:CreateDate",
    "XMP:DateTimeOriginal": "exif:DateTimeOriginal",
    "XMP:Rating": "xmp:Rating",
}
IPTC = {"IPTC:Caption-Abstract": "Caption-Abstract", "IPTC:Keywords": "Keywords"}

LABEL_LENGTH = 300
"""Characters of a text that the labels keep."""

DIFFERENCES = {
    ("exif-orientation-examples__Portrait_0.jpg", "orientation"): "0 is no orientation: as stored, which is 1",
    (
        "exiftool__CanonRaw.crw",
        "XMP:Description",
    ): "CRW is the one raw format neither TIFF nor JPEG nor boxes: not read",
    (
        "exiftool__ExtendedXMP.jpg",
        "XMP:Title",
    ): "the label is the title of an embedded PDF (pdf:Title), not the photo's",
    ("exiftool__Panasonic.rw2", "EXIF:ModifyDate"): "only in the preview inside the raw file, which is not opened",
    ("libavif__paris_icc_exif_xmp_at_end.png", "gps_lat"): "0, 0 means unset",
    ("libavif__paris_icc_exif_xmp_at_end.png", "gps_lon"): "0, 0 means unset",
    ("pillow_heif__spatial_photo.heic", "gps_lat"): "0, 0 means unset",
    ("pillow_heif__spatial_photo.heic", "gps_lon"): "0, 0 means unset",
}


@pytest.fixture(scope="module")
def labelled(testdata: Path) -> list[tuple[str, bytes, dict[str, Any], Tags]]:
    """Name, bytes, label and tags of every photo in the folder."""
    with (testdata / "formats" / "MANIFEST.csv").open(newline="") as manifest:
        labels = {row["file"]: json.loads(row["label"]) for row in csv.DictReader(manifest)}
    photos = []
    for name, label in labels.items():
        data = (testdata / "formats" / name).read_bytes()
        media_type = sniff(data)
        if media_type is not None and media_type.startswith("image/"):
            photos.append((name, data, label, read_tags(data, media_type)))
    assert len(photos) > 280
    return photos


def texts(values: Any) -> list[str]:
    """As the labels have them: a list of texts, each cut and without outer white space; empty ones are none."""
    cut = (str(value)[:LABEL_LENGTH].strip() for value in (values if isinstance(values, list | tuple) else [values]))
    return [value for value in cut if value]


def iso_to_exif(text: str) -> str:
    return text[:10].replace("-", ":") + text[10:].replace("T", " ", 1)


def comparisons(label: dict[str, Any], tags: Tags, row: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Field, expected value, our value; a field the label lacks is expected to be missing where that can be said."""
    exiftool, expected = label["exiftool"], label["expected"]
    for field, name in EXIF.items():
        if field in exiftool:
            yield field, str(exiftool[field]).strip(), tags.exif_text(name)
    for field, name in XMP.items():
        if field in exiftool:
            values = tags.xmp.get(name, ())
            found = [iso_to_exif(value) for value in values] if "Date" in field else values
            yield field, texts(exiftool[field]), texts(found)
    for field, name in IPTC.items():
        if field in exiftool:
            yield field, texts(exiftool[field]), texts(tags.iptc.get(name, ()))
    yield "orientation", expected.get("exif_orientation", 1), tags.orientation
    yield "make", str(expected.get("make", "")).strip() or None, row["camera_make"]
    yield "model", str(expected.get("model", "")).strip() or None, row["camera_model"]
    for field, column in (("gps_lat", "latitude"), ("gps_lon", "longitude")):
        value = row[column]
        yield field, rounded(expected.get(field), 6), rounded(value, 6)
    if row["latitude"] is not None:
        yield "altitude", rounded(exiftool.get("Composite:GPSAltitude"), 1), rounded(row["altitude_m"], 1)
    if "exif_datetime_original" in expected:
        yield "taken_local", expected["exif_datetime_original"], f"{row['taken_local']:%Y:%m:%d %H:%M:%S}"
    if "exif_offset_time_original" in expected:
        yield "offset", expected["exif_offset_time_original"], offset_text(row["taken_offset_minutes"])


def rounded(value: float | None, digits: int) -> float | None:
    return round(float(value), digits) if value is not None else None


def offset_text(minutes: int | None) -> str | None:
    return None if minutes is None else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def test_tags_and_rules_agree_with_exiftool_on_every_field(labelled: list[tuple[str, bytes, dict[str, Any], Tags]]):
    asked, agreed = Counter[str](), Counter[str]()
    differences = {}
    for name, _, label, tags in labelled:
        row = describe(tags, name, MODIFIED)
        for field, expected, found in comparisons(label, tags, row):
            asked[field] += 1
            agreed[field] += expected == found
            if expected != found:
                differences[name, field] = (expected, found)
    assert {key: value for key, value in differences.items() if key not in DIFFERENCES} == {}
    assert DIFFERENCES.keys() - differences.keys() == set()
    below = {
        field: f"{agreed[field]} of {count}" for field, count in asked.items() if agreed[field] < FLOORS[field] * count
    }
    assert below == {}
    assert agreed.total() >= FLOOR * asked.total()


def test_exposures_agree_with_pillow(labelled: list[tuple[str, bytes, dict[str, Any], Tags]]):
    asked = 0
    for name, data, _, tags in labelled:
        row = describe(tags, name, MODIFIED)
        for column, expected in exposures_of_pillow(data):
            asked += 1
            assert row[column] == pytest.approx(expected, rel=1e-6), (name, column)
    assert asked > 300


def exposures_of_pillow(data: bytes) -> Iterator[tuple[str, float]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as image:
                exif = image.getexif().get_ifd(0x8769)
        except (OSError, SyntaxError, ValueError, RuntimeError):
            return
    for column, tag in (
        ("exposure_seconds", 0x829A),
        ("f_number", 0x829D),
        ("iso", 0x8827),
        ("focal_length_mm", 0x920A),
        ("focal_length_35mm", 0xA405),
    ):
        value = exif.get(tag)
        number = float(value[0] if isinstance(value, tuple) else value) if value else 0.0
        if number > 0:
            yield column, number
