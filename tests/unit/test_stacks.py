"""Stacks: a raw file and its picture, and bursts; neither is made of names or of time alone."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.sameness import File, Picture
from darkroom.domain.stacks import SPAN, Stack, StackKind, bursts, raw_pairs

NOON = datetime.fromisoformat("2024-05-01T12:00:00")


def shot(path: str, seconds: float = 0, camera: str | None = "pixel 6", source: str = "s") -> Picture:
    raw = path.lower().endswith((".dng", ".cr2", ".nef"))
    return Picture(
        photo_id=path,
        sha256=path,
        files=(File(source, path, path, 100),),
        media_type="image/x-adobe-dng" if raw else "image/jpeg",
        width=4000,
        height=3000,
        flat=False,
        taken=NOON + timedelta(seconds=seconds),
        camera=camera,
    )


def always(one: Picture, other: Picture) -> bool:
    return True


@pytest.mark.parametrize(
    ("developed", "raw"),
    [
        ("2024/IMG_0001.JPG", "2024/IMG_0001.CR2"),
        ("img_0001.jpg", "IMG_0001.NEF"),
        ("PXL_1.RAW-01.COVER.jpg", "PXL_1.RAW-02.ORIGINAL.dng"),
        ("PXL_1.RAW-01.MP.COVER.jpg", "PXL_1.RAW-02.ORIGINAL.dng"),
        ("DSC_1.nef.jpg", "DSC_1.nef"),
    ],
)
def test_a_raw_file_and_its_picture_are_a_stack_that_shows_the_picture(developed: str, raw: str) -> None:
    assert raw_pairs([shot(raw), shot(developed)]) == [Stack(StackKind.RAW_JPEG, (developed, raw))]


@pytest.mark.parametrize(
    "other",
    [
        shot("a/IMG_0001.JPG", seconds=86_400),
        shot("a/IMG_0001.JPG", camera="pixel 7"),
        shot("a/IMG_0001.JPG", camera=None),
        replace(shot("a/IMG_0001.JPG"), taken=None),
        shot("b/IMG_0001.JPG"),
        shot("a/IMG_0001.JPG", source="another"),
        shot("a/IMG_0002.JPG"),
        shot("a/IMG_0001.DNG"),
    ],
    ids=["day", "camera", "no camera", "no date", "folder", "source", "name", "two raws"],
)
def test_the_same_name_is_not_enough(other: Picture) -> None:
    assert raw_pairs([shot("a/IMG_0001.CR2"), other]) == []


def test_a_second_of_a_counter_that_started_again_stays_alone() -> None:
    first, second = shot("IMG_1.CR2"), shot("IMG_1.JPG")
    again = replace(shot("IMG_1 (1).JPG"), taken=NOON + timedelta(days=400))
    assert raw_pairs([again, second, first]) == [Stack(StackKind.RAW_JPEG, ("IMG_1.JPG", "IMG_1.CR2"))]


def test_a_burst_is_one_stack_in_order_of_time() -> None:
    frames = [shot(f"IMG_{number}.jpg", number / 5) for number in range(6)]
    assert bursts(reversed(frames), always) == [Stack(StackKind.BURST, tuple(one.photo_id for one in frames))]


def test_a_pause_another_camera_or_another_scene_ends_a_burst() -> None:
    frames = [shot("a", 0), shot("b", 0.3), shot("c", 60), shot("d", 60.2), shot("e", 60.4, camera="canon")]
    assert [stack.photo_ids for stack in bursts(frames, always)] == [("a", "b"), ("c", "d")]
    other_scene = bursts(frames[:2], lambda one, other: False)
    assert other_scene == []


def test_a_burst_that_drifts_away_from_its_first_shot_ends_there() -> None:
    frames = [shot(name, number) for number, name in enumerate("abcdef")]
    near = bursts(frames, lambda one, other: abs(ord(one.photo_id) - ord(other.photo_id)) <= 2)
    assert [stack.photo_ids for stack in near] == [("a", "b", "c"), ("d", "e", "f")]


def test_hours_of_a_picture_every_second_are_no_single_burst() -> None:
    frames = [shot(f"{number:05}", number) for number in range(7200)]
    assert max(len(stack.photo_ids) for stack in bursts(frames, always)) <= SPAN.total_seconds() + 1


def test_undated_photos_and_photos_of_unknown_cameras_are_in_no_burst() -> None:
    assert bursts([replace(shot("a"), taken=None), replace(shot("b"), taken=None)], always) == []
    assert bursts([shot("a", camera=None), shot("b", camera=None)], always) == []


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["x", "y"])), max_size=20),
    st.randoms(use_true_random=False),
)
def test_order_does_not_matter_and_no_shot_is_in_two_bursts(
    times: list[tuple[int, str]], shuffler: random.Random
) -> None:
    frames = [shot(f"{number:02}", seconds, camera) for number, (seconds, camera) in enumerate(times)]
    found = bursts(frames, always)
    assert bursts(shuffler.sample(frames, len(frames)), always) == found
    members = [photo for stack in found for photo in stack.photo_ids]
    assert len(members) == len(set(members))
