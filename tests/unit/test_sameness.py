"""What makes two photos one picture, and what tells them apart whatever they look like."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from darkroom.domain.sameness import File, Pair, Picture, numbers_in, other_numbers, same_picture

NOON = datetime.fromisoformat("2024-05-01T12:00:00")
PHOTO = Picture(
    "a",
    sha256="s",
    files=(File("source", "a.jpg", "s", 1000),),
    media_type="image/jpeg",
    width=4000,
    height=3000,
    flat=False,
    taken=NOON,
    camera="canon eos r5",
)


def alike(deviation: float = 0.05, likeness: float | None = 0.97, **changed: Any) -> bool:
    return same_picture(PHOTO, replace(PHOTO, photo_id="b", **changed), Pair("a", "b", deviation, likeness))


def test_miniatures_that_hardly_deviate_are_one_picture_whatever_the_colours_say() -> None:
    assert alike(deviation=0.1, likeness=-0.1)
    assert alike(deviation=0.1, likeness=None)


def test_miniatures_that_deviate_a_little_need_the_descriptor() -> None:
    assert alike(deviation=0.3, likeness=0.97)
    assert not alike(deviation=0.3, likeness=0.5)
    assert not alike(deviation=0.3, likeness=None)
    assert not alike(deviation=0.5, likeness=0.99)


@pytest.mark.parametrize(
    "changed",
    [
        {"flat": True},
        {"media_type": "image/x-canon-cr2"},
        {"taken": NOON + timedelta(seconds=1)},
        {"camera": "nikon z9"},
        {"width": 4000, "height": 1400},
    ],
    ids=["flat", "raw and developed", "another second", "another camera", "squeezed too much"],
)
def test_other_facts_tell_pictures_apart_that_look_the_same(changed: dict[str, Any]) -> None:
    assert not alike(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"taken": None},
        {"camera": None},
        {"taken": None, "camera": None},
        {"width": 300, "height": 300},
        {"width": 3000, "height": 4000},
        {"width": None, "height": None},
    ],
    ids=["no date", "no camera", "no tags", "squeezed", "turned", "size unknown"],
)
def test_what_a_copy_may_have_lost_tells_nothing(changed: dict[str, Any]) -> None:
    assert alike(**changed)


def test_fractions_of_a_second_count_where_both_have_them() -> None:
    frame = replace(PHOTO, taken=NOON.replace(microsecond=120_000))
    next_frame = replace(frame, photo_id="b", taken=NOON.replace(microsecond=240_000))
    whole_seconds = replace(frame, photo_id="b", taken=NOON)
    pair = Pair("a", "b", 0.02, 0.99)
    assert not same_picture(frame, next_frame, pair)
    assert same_picture(frame, whole_seconds, pair)


def test_forms_with_other_numbers_are_not_one_picture() -> None:
    first = numbers_in("Invoice 1000234 of 2024-05-01\nphone 089/123456\nTotal 1,234.00 EUR")
    second = numbers_in("Invoice 1000871 of 2024-06-11\nphone 089/123456\nTotal 987.45 EUR")
    assert first == {"1000234", "2024-05-01", "089/123456", "1,234.00"}
    assert other_numbers(first, second)
    assert not same_picture(replace(PHOTO, numbers=first), replace(PHOTO, numbers=second), Pair("a", "b", 0.01, 1.0))


def test_a_number_misread_in_a_smaller_copy_or_not_read_at_all_is_no_other_number() -> None:
    numbers = numbers_in(" ".join(str(number) for number in range(100, 120)))
    assert not other_numbers(numbers, (numbers - {"100", "101"}) | {"180", "181"})
    assert not other_numbers(numbers, frozenset())
    assert not other_numbers(numbers, numbers - {"100", "101", "102", "103", "104", "105"})
    assert other_numbers(numbers, frozenset(str(number) for number in range(200, 220)))


def test_the_kept_file_is_of_the_newest_bytes_and_the_others_are_spare() -> None:
    files = (File("s1", "b.jpg", "new", 30), File("s1", "a.jpg", "old", 20), File("s0", "c.jpg", "new", 30))
    photo = replace(PHOTO, sha256="new", files=files)
    assert photo.kept_file == files[2]
    assert photo.spare_bytes == 50


def test_photos_are_ranked_by_what_the_camera_wrote_then_by_colour_and_size() -> None:
    enlarged = replace(PHOTO, photo_id="enlarged", camera=None, width=8000, height=6000)
    exported = replace(PHOTO, photo_id="exported", width=2000, height=1500)
    light = replace(PHOTO, photo_id="light", files=(File("s", "x", "s", 10),))
    grey = replace(PHOTO, photo_id="grey", grey=True, width=5000)
    ranked = sorted([enlarged, grey, exported, light, PHOTO], key=lambda one: one.rank)
    assert ranked == [PHOTO, light, exported, grey, enlarged]
