"""The row that describes a photo: whole, within the contract's bounds, every field with its source."""

import math
import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.metadata import FIELD_SOURCES, METADATA, PhotoMetadata
from darkroom.domain.describe import COLUMNS, describe
from darkroom.domain.tags import Ratio, Tags

MODIFIED = datetime(2025, 6, 1, 12, tzinfo=UTC)
PROVENANCE = {
    "photo_id": str(uuid.UUID(int=1)),
    "library_id": str(uuid.UUID(int=2)),
    "batch_id": str(uuid.UUID(int=3)),
    "attempt": 1,
    "output_version": "0123456789ab",
    "provider": "tags",
    "computed_at": MODIFIED,
}

FULL = Tags(
    exif={
        "DateTimeOriginal": b"2019:07:04 12:34:56\0",
        "SubSecTimeOriginal": b"25\0",
        "GPSLatitude": (Ratio(52, 1), Ratio(31, 1), Ratio(0, 1)),
        "GPSLatitudeRef": b"N\0",
        "GPSLongitude": (Ratio(13, 1), Ratio(24, 1), Ratio(0, 1)),
        "GPSLongitudeRef": b"E\0",
        "GPSAltitude": (Ratio(340, 10),),
        "Make": b"Canon\0",
        "Model": b"EOS R5\0",
        "LensModel": b"RF50\0",
        "ExposureTime": (Ratio(10, 500),),
        "FNumber": (Ratio(28, 10),),
        "PhotographicSensitivity": (100,),
        "FocalLength": (Ratio(50, 1),),
        "FocalLengthIn35mmFilm": (50,),
        "Flash": (16,),
    },
    xmp={"dc:title": ("Title",), "dc:subject": ("a", "b")},
    iptc={"Caption-Abstract": ("Words",)},
)


def test_a_full_photo_fills_every_column_but_the_rating():
    found = describe(FULL, "a.jpg", MODIFIED)
    sources = {item.field: item.source for item in found.pop("sources")}
    assert found == {
        "taken_local": datetime(2019, 7, 4, 12, 34, 56, 250_000),  # noqa: DTZ001
        "taken_offset_minutes": 120,
        "taken_utc": datetime(2019, 7, 4, 10, 34, 56, 250_000, tzinfo=UTC),
        "taken_source": "EXIF:DateTimeOriginal",
        "latitude": 52 + 31 / 60,
        "longitude": 13.4,
        "altitude_m": 34.0,
        "country": "DE",
        "camera_make": "Canon",
        "camera_model": "EOS R5",
        "lens": "RF50",
        "exposure_seconds": 0.02,
        "f_number": 2.8,
        "iso": 100,
        "focal_length_mm": 50.0,
        "focal_length_35mm": 50.0,
        "flash": False,
        "title": "Title",
        "description": "Words",
        "keywords": ["a", "b"],
        "rating": None,
    }
    assert sources.keys() == {name for name, value in found.items() if value is not None} - {"taken_source"}
    assert {name: source for name, source in sources.items() if source != "exif"} == {
        "taken_offset_minutes": "location",
        "taken_utc": "location",
        "title": "xmp",
        "description": "iptc",
        "keywords": "xmp",
    }


def test_the_columns_are_those_of_the_contract_without_provenance():
    assert {*COLUMNS, *ComputedRow.model_fields} == {field.name for field in METADATA.fields}
    assert tuple(describe(FULL, "a.jpg", MODIFIED)) == COLUMNS


def test_a_photo_without_tags_has_its_file_time_only():
    found = describe(Tags(), "a.jpg", MODIFIED)
    assert {name for name, value in found.items() if value} == {
        "taken_local",
        "taken_utc",
        "taken_source",
        "sources",
    }
    assert {item.source for item in found["sources"]} == {"estimate"}


def test_an_offset_beyond_the_contract_takes_the_instant_with_it():
    # No zone lies further than 14 hours from UTC today; Manila's clocks once did.
    manila = {
        "GPSLatitude": (14.6,),
        "GPSLatitudeRef": b"N",
        "GPSLongitude": (121.0,),
        "GPSLongitudeRef": b"E",
        "DateTimeOriginal": b"1840:01:01 12:00:00",
    }
    found = describe(Tags(exif=manila), "a.jpg", MODIFIED)
    assert found["taken_local"] == datetime(1840, 1, 1, 12)  # noqa: DTZ001
    assert (found["taken_offset_minutes"], found["taken_utc"]) == (None, None)


numbers = st.one_of(
    st.builds(Ratio, st.integers(-(2**31), 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.integers(-(2**31), 2**32 - 1),
    st.floats(),
)
words = st.text(max_size=30) | st.sampled_from(
    [
        "2019:07:04 12:34:56",
        "2019-07-04T12:34:56+02:00",
        "+14:00",
        "-14:00",
        "20190704",
        "120000-1400",
        "N",
        "E",
        "39,54.6S",
        "5",
    ]
)
exif_values = st.one_of(
    words.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=20),
    st.lists(numbers, max_size=4).map(tuple),
)
tag_names = [
    *FULL.exif,
    "ModifyDate",
    "OffsetTime",
    "OffsetTimeOriginal",
    "GPSDateStamp",
    "GPSTimeStamp",
    "UserComment",
    "Rating",
    "XPKeywords",
    "RatingPercent",
    "ShutterSpeedValue",
    "ApertureValue",
    "Orientation",
]
xmp_names = [
    "dc:title",
    "dc:subject",
    "xmp:Rating",
    "xmp:CreateDate",
    "exif:GPSLatitude",
    "exif:GPSLongitude",
    "exif:GPSTimeStamp",
    "exif:ExposureTime",
    "MicrosoftPhoto:Rating",
    "exif:GPSAltitude",
]
any_tags = st.builds(
    Tags,
    exif=st.dictionaries(st.sampled_from(tag_names), exif_values),
    xmp=st.dictionaries(st.sampled_from(xmp_names), st.lists(words, max_size=3).map(tuple)),
    iptc=st.dictionaries(
        st.sampled_from(["Keywords", "DateCreated", "TimeCreated", "ObjectName"]),
        st.lists(words, max_size=3).map(tuple),
    ),
    little_endian=st.booleans(),
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(any_tags, st.text(max_size=40), st.datetimes(timezones=st.just(UTC)))
def test_any_tags_make_a_row_that_keeps_the_contract(of: Tags, name: str, modified_at: datetime):
    found = describe(of, name, modified_at)
    row = PhotoMetadata.model_validate({**PROVENANCE, **found})
    for field in METADATA.fields:
        value = getattr(row, field.name)
        if value is not None and isinstance(value, int | float) and not isinstance(value, bool):
            assert math.isfinite(value)
            assert field.column.ge is None or value >= field.column.ge
            assert field.column.le is None or value <= field.column.le
    assert (row.taken_utc is None) == (row.taken_local is None or row.taken_offset_minutes is None)
    assert (row.taken_local is None) == (row.taken_source is None)
    assert (row.latitude is None) == (row.longitude is None)
    if row.taken_utc is not None and row.taken_local is not None and row.taken_offset_minutes is not None:
        assert row.taken_utc.replace(tzinfo=None) + timedelta(minutes=row.taken_offset_minutes) == row.taken_local
    assert of.orientation in range(1, 9)
    assert {item.source for item in row.sources} <= set(FIELD_SOURCES)
