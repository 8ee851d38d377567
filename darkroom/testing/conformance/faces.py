"""What every finder of faces does: subclass `FaceFinderConformance`, give it a fixture `finder` and two `portraits`."""
# ruff: noqa: S101, D102 — a suite of tests asserts, and its names are sentences

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from darkroom.sdk.tasks import POSES, FaceFinder, FoundFace, Image

ODD_SHAPES = ((1, 1), (2, 2), (1, 2000), (2000, 1), (7, 640), (31, 33), (1024, 1024))
NO_PICTURES = (
    np.zeros((20, 20), np.uint8),
    np.zeros((20, 20, 4), np.uint8),
    np.zeros((20, 20, 3), np.float32),
    np.zeros((0, 20, 3), np.uint8),
)


def apart(one: FoundFace, other: FoundFace) -> float:
    """Euclidean distance of two descriptors."""
    return float(np.linalg.norm(np.subtract(one.descriptor, other.descriptor)))


class FaceFinderConformance:
    """Behaviour of `darkroom.sdk.tasks.FaceFinder`. The fixture is loaded already."""

    @staticmethod
    def portraits() -> tuple[Image, Image]:
        """Two pictures of the same height, each of one face, of two people."""
        raise NotImplementedError

    def test_one_face_in_a_portrait(self, finder: FaceFinder) -> None:
        for image in self.portraits():
            (faces,) = finder.find([image])
            (face,) = faces
            assert 0 < face.size <= image.shape[1]
            assert face.sharpness > 0
            assert face.pose is None or face.pose in POSES
            assert len(face.descriptor) == finder.dimensions
            assert np.isfinite(face.descriptor).all()

    def test_everyone_in_a_group_is_found_where_they_stand_the_largest_first(self, finder: FaceFinder) -> None:
        left, right = self.portraits()
        (faces,) = finder.find([np.concatenate([left, right], axis=1)])
        assert len(faces) == 2
        assert faces[0].size >= faces[1].size
        first, second = sorted(faces, key=lambda face: face.box[0])
        border = left.shape[1] / (left.shape[1] + right.shape[1])
        assert first.box[0] + first.box[2] / 2 < border < second.box[0] + second.box[2] / 2

    def test_a_persons_faces_are_close_and_two_peoples_are_not(self, finder: FaceFinder) -> None:
        one, other = self.portraits()
        darker = (one * 0.7).astype(np.uint8)
        (mine,), (again,), (theirs,) = finder.find([one, darker, other])
        limit = finder.same_person_distance(min(mine.size, again.size, theirs.size))
        assert limit is not None
        assert apart(mine, again) < limit < apart(mine, theirs)

    def test_small_faces_must_be_closer_than_large_ones_to_be_one_persons(self, finder: FaceFinder) -> None:
        limits = [finder.same_person_distance(size) for size in range(1, 1000)]
        told = [limit for limit in limits if limit is not None]
        assert told and told == sorted(told)
        assert limits[len(limits) - len(told) :] == told

    def test_boxes_are_fractions_inside_the_picture(self, finder: FaceFinder) -> None:
        image = self.portraits()[0]
        (face,) = finder.find([image])[0]
        x, y, w, h = face.box
        assert 0 <= x < x + w <= 1 + 1e-9
        assert 0 <= y < y + h <= 1 + 1e-9

    def test_pictures_searched_together_are_searched_like_each_alone(self, finder: FaceFinder) -> None:
        one, other = self.portraits()
        pictures = [one, np.zeros((40, 60, 3), np.uint8), other, one]
        alone = [finder.find([picture])[0] for picture in pictures]
        assert finder.find(pictures) == alone
        assert finder.find(pictures[::-1]) == alone[::-1]

    def test_no_pictures_give_no_answers(self, finder: FaceFinder) -> None:
        assert finder.find([]) == []

    @pytest.mark.parametrize("level", [0, 128, 255])
    def test_an_even_picture_has_no_face(self, finder: FaceFinder, level: int) -> None:
        assert finder.find([np.full((480, 640, 3), level, np.uint8)]) == [()]

    @pytest.mark.parametrize("shape", ODD_SHAPES)
    def test_no_size_is_too_odd(self, finder: FaceFinder, shape: tuple[int, int]) -> None:
        noise = np.random.default_rng(2).integers(0, 255, (*shape, 3), np.uint8)
        assert finder.find([noise]) == [()]

    @pytest.mark.parametrize("array", NO_PICTURES, ids=lambda array: f"{array.dtype}-{array.shape}")
    def test_what_is_no_rgb_picture_is_refused(self, finder: FaceFinder, array: Image) -> None:
        with pytest.raises(ValueError, match="RGB"):
            finder.find([array])

    def test_the_picture_given_is_left_as_it_was(self, finder: FaceFinder) -> None:
        image = self.portraits()[0].copy()
        before = image.copy()
        image.setflags(write=False)
        assert len(finder.find([image])[0]) == 1
        assert np.array_equal(image, before)

    def test_its_version_can_be_told_without_loading(self, finder: FaceFinder) -> None:
        kind = type(finder)
        assert re.fullmatch(r"[0-9a-f]{64}", kind.weights_digest())
        assert kind.weights_digest() == kind.weights_digest()
        assert json.loads(json.dumps(kind.parameters())) == kind.parameters()
        assert kind.name and kind.code_version
