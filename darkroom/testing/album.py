"""A few index entries by hand, and which of them filters accept: what tests of search indexes work with."""

from __future__ import annotations

from datetime import datetime

from darkroom.domain.words import normalise
from darkroom.sdk.stores import Entry

MINE = "00000000-0000-4000-8000-000000000001"
THEIRS = "00000000-0000-4000-8000-000000000002"

FILTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("year = 2019", ("a", "b")),
    ("taken_at < 2019-07-05", ("a",)),
    ("taken_at <= 2019", ("a", "b")),
    ("taken_at > 2019", ("c",)),
    ("taken_at != 2019-07", ("b", "c", "d")),
    ("taken_at:*", ("a", "b", "c")),
    ("camera.make = CANON", ("a",)),
    ('camera.make = "Can*"', ("a",)),
    ("camera.make != canon", ("b", "c", "d")),
    ("camera.model:80d", ("a",)),
    ('camera.model = "o\'neil"', ("b",)),
    ("lens:*", ()),
    ("media_type = image/*", ("a", "b", "c", "d")),
    ("rating >= 3", ("a", "c")),
    ("rating = -1", ("b",)),
    ("NOT rating >= 3", ("b", "d")),
    ('keywords:"Sun Set"', ("a",)),
    ("keywords:sun*", ("a", "b")),
    ("keywords:sun", ("b",)),
    ("keywords:*", ("a", "b")),
    ("NOT keywords:*", ("c", "d")),
    ("text:strasse", ("a",)),
    ("text:stra*", ("a",)),
    ("text:stra", ()),
    ('text:"Berlin STRAẞE"', ("a",)),
    ("text:京都", ("c",)),
    ("text:京", ("c",)),
    ("text:*", ("a", "c")),
    ("latitude > 48 AND longitude < 14", ("a",)),
    ("location:*", ("a",)),
    ("NOT location:*", ("b", "c", "d")),
    ("rating >= 3 AND (keywords:sun* OR text:京都)", ("a", "c")),
    ("NOT (rating >= 3 OR keywords:sun)", ("d",)),
    (f"library_id = {MINE}", ("a", "b", "c", "d")),
    (f"library_id = {THEIRS}", ()),
    # The index does not hold these fields: it must accept whatever they might.
    ("width > 100", ("a", "b", "c", "d")),
    ("NOT width > 100", ("a", "b", "c", "d")),
    ("rating >= 3 AND outputs.texts = done", ("a", "c")),
    ("NOT (rating >= 3 AND width > 100)", ("a", "b", "c", "d")),
    ("NOT (rating >= 3 OR path:x)", ("b", "d")),
)
"""Filters and which of `album` the index must accept."""


def entry(photo_id: str, text: str = "", library_id: str = MINE, **words: str) -> Entry:
    """An entry with text, and other word properties by name."""
    given = {"text": text, **words} if text else words
    return Entry(photo_id, library_id, words={name: normalise(said) for name, said in given.items()})


def album() -> list[Entry]:
    """Four photos, `a` to `d`, the last with nothing known."""
    return [
        Entry(
            "a",
            MINE,
            {"text": normalise("Berlin, Straße des 17. Juni")},
            {
                "media_type": "image/jpeg",
                "taken_local": datetime(2019, 7, 4, 18, 30),  # noqa: DTZ001 - local wall time
                "latitude": 52.5,
                "longitude": 13.4,
                "camera_make": "canon",
                "camera_model": "eos 80d",
                "keywords": ["sun set", "mauer"],
                "rating": 5.0,
            },
        ),
        Entry(
            "b",
            MINE,
            {"title": "holiday"},
            {
                "media_type": "image/heic",
                "taken_local": datetime(2019, 12, 31, 23, 59, 59),  # noqa: DTZ001 - local wall time
                "camera_make": "nikon",
                "camera_model": "o'neil",
                "keywords": ["sun"],
                "rating": -1.0,
            },
        ),
        Entry(
            "c",
            MINE,
            {"text": normalise("東京都")},
            {
                "media_type": "image/jpeg",
                "taken_local": datetime(2020, 1, 1),  # noqa: DTZ001 - local wall time
                "keywords": [],
                "rating": 3.0,
            },
        ),
        Entry("d", MINE, {}, {"media_type": "image/png"}),
    ]
