"""A photo's document: which words and values of its rows the index holds."""

from datetime import UTC, datetime

import pytest

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.index import index_properties
from darkroom.contracts.table import IndexAs
from darkroom.domain.moments import time_words
from darkroom.domain.places import country, country_code
from darkroom.services.documents import entry, meant, readable
from darkroom.stores.vector_columns import schema

PHOTO = {"photo_id": "p", "library_id": "l", "media_type": "image/jpeg"}
METADATA = {
    "taken_local": datetime(2019, 7, 4, 18, 30),  # noqa: DTZ001 - wall time
    "latitude": 45.46,
    "longitude": 9.19,
    "camera_make": "Canon",
    "camera_model": "EOS 80D",
    "lens": None,
    "title": "Größe",
    "description": None,
    "keywords": ["Sun Set", "sun set", "Café"],
    "rating": 4,
}


def test_rows_become_words_and_folded_values():
    made = entry(
        PHOTO,
        [{"path": "2019/Stra%C3%9Fe 1.jpg"}, {"path": "b/IMG_2.jpg"}],
        METADATA,
        {"text": "東京"},
        {"visual_1": [1.0]},
    )
    assert made.photo_id == "p"
    assert made.library_id == "l"
    assert made.words == {
        "title": "grosse",
        "text": "東 京 東京",
        "keywords": "sun set sun set cafe",
        "camera": "canon eos 80d",
        "path": "2019 strasse 1 jpg b img 2 jpg",
        "place": "italy",
        "time": "2019 july thursday summer",
    }
    assert made.properties == {
        "media_type": "image/jpeg",
        "taken_local": METADATA["taken_local"],
        "latitude": 45.46,
        "longitude": 9.19,
        "camera_make": "canon",
        "camera_model": "eos 80d",
        "lens": None,
        "keywords": ["sun set", "cafe"],
        "rating": 4.0,
    }
    assert made.vectors == {"visual_1": [1.0]}


def test_the_most_telling_words_come_first_in_what_is_meant():
    known = {**METADATA, "text": "東京", "description": None}
    said = meant(known, ["2019/Stra%C3%9Fe 1.jpg"]).split("\n")
    assert said == [
        "Größe",
        "Sun Set",
        "sun set",
        "Café",
        "東京",
        "Italy",
        "2019 July Thursday summer",
        "2019/Straße 1.jpg",
    ]
    assert meant({}, []) == ""


def test_a_photo_nothing_is_known_of_still_has_an_entry():
    made = entry(PHOTO, [], None, None, {})
    assert made.words == {}
    assert {name for name, value in made.properties.items() if value is not None} == {"media_type"}


def test_a_path_that_is_no_text_does_no_harm():
    made = entry(PHOTO, [{"path": "a%FF%FEb/%ED%A0%80.jpg"}], None, None, {})
    made.words["path"].encode()
    assert made.words["path"] == "a b jpg"


def test_a_zoned_time_is_kept_as_wall_time():
    made = entry(PHOTO, [], {**METADATA, "taken_local": datetime(2019, 7, 4, tzinfo=UTC)}, None, {})
    assert made.properties["taken_local"] == datetime(2019, 7, 4)  # noqa: DTZ001 - wall time


def test_the_document_fills_every_property_there_is():
    full = {**METADATA, "lens": "50mm", "description": "d"}
    made = entry(PHOTO, [{"path": "a.jpg"}], full, {"text": "t"}, {})
    words = {one.name for one in index_properties(TABLES) if one.kind is IndexAs.WORDS}
    values = {one.name for one in index_properties(TABLES) if one.kind is not IndexAs.WORDS}
    assert set(made.words) == words
    assert {name for name, value in made.properties.items() if value is not None} == values
    assert {f"words_{name}" for name in words} | values <= set(schema().names)


def test_serving_columns_read_like_the_rows_they_came_from():
    serving = {**PHOTO, **METADATA, "text": "hello", "sha256": "x", "orientation": 1}
    assert readable(serving, ["a.jpg"])["camera"] == "Canon EOS 80D"
    assert set(readable(serving, [])) == {"title", "text", "keywords", "camera", "place", "time"}


@pytest.mark.parametrize(
    ("moment", "latitude", "expected"),
    [
        ("2020-01-01T00:00", None, "2020 January Wednesday winter"),
        ("2020-03-01T00:00", 50.0, "2020 March Sunday spring"),
        ("2020-12-31T23:59", 50.0, "2020 December Thursday winter"),
        ("2020-10-05T12:00", 50.0, "2020 October Monday autumn fall"),
        ("2020-12-31T23:59", -33.0, "2020 December Thursday summer"),
        ("2020-07-01T00:00", -33.0, "2020 July Wednesday winter"),
        ("0999-07-01T00:00", None, "999 July Monday summer"),
    ],
)
def test_time_words(moment, latitude, expected):
    assert time_words(datetime.fromisoformat(moment), latitude) == expected


@pytest.mark.parametrize(
    ("latitude", "longitude", "code", "name"),
    [
        (45.46, 9.19, "IT", "Italy"),
        (35.6, 139.7, "JP", "Japan"),
        (-33.8, 151.2, "AU", "Australia"),
        (0, -30, None, None),
        (90, 180, None, None),
    ],
)
def test_the_country_of_a_position(latitude, longitude, code, name):
    assert country_code(latitude, longitude) == code
    assert country(latitude, longitude) == name
