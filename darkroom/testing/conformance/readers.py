"""What every reader of text does: subclass `TextReaderConformance`, give it a fixture `reader` and a `picture_of`."""
# ruff: noqa: S101, D102 — a suite of tests asserts, and its names are sentences

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from darkroom.sdk.tasks import Image, Reading, TextReader

ODD_SHAPES = ((1, 1), (2, 2), (1, 2000), (2000, 1), (7, 640), (31, 33), (2048, 2048))
NO_PICTURES = (
    np.zeros((20, 20), np.uint8),
    np.zeros((20, 20, 4), np.uint8),
    np.zeros((20, 20, 3), np.float32),
    np.zeros((0, 20, 3), np.uint8),
)


def said(reading: Reading) -> str:
    """All lines of a reading."""
    return "\n".join(line.text for line in reading.lines)


class TextReaderConformance:
    """Behaviour of `darkroom.sdk.tasks.TextReader`. The fixture is loaded already."""

    @staticmethod
    def picture_of(text: str) -> Image:
        """A picture in which this reader reads exactly this text of plain capitals, one line per line."""
        raise NotImplementedError

    def test_it_reads_what_a_picture_says_line_by_line(self, reader: TextReader) -> None:
        (reading,) = reader.read([self.picture_of("GARDEN HOUSE\nWINTER MARKET")])
        assert said(reading) == "GARDEN HOUSE\nWINTER MARKET"
        assert reading.rotation == 0
        assert all(0.5 <= line.score <= 1 for line in reading.lines)

    def test_pictures_read_together_read_like_each_alone(self, reader: TextReader) -> None:
        noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8)
        pictures = [
            self.picture_of("FIRST"),
            np.zeros((40, 60, 3), np.uint8),
            self.picture_of("SECOND LINE IS LONGER\nTHIRD"),
            noise,
            self.picture_of("LAST"),
        ]
        alone = [reader.read([picture])[0] for picture in pictures]
        assert reader.read(pictures) == alone
        assert reader.read(pictures[::-1]) == alone[::-1]

    def test_no_pictures_give_no_readings(self, reader: TextReader) -> None:
        assert reader.read([]) == []

    @pytest.mark.parametrize("level", [0, 128, 255])
    def test_an_even_picture_reads_as_nothing(self, reader: TextReader, level: int) -> None:
        assert reader.read([np.full((480, 640, 3), level, np.uint8)]) == [Reading(())]

    @pytest.mark.parametrize("shape", ODD_SHAPES)
    def test_no_size_is_too_odd(self, reader: TextReader, shape: tuple[int, int]) -> None:
        noise = np.random.default_rng(2).integers(0, 255, (*shape, 3), np.uint8)
        (reading,) = reader.read([noise])
        assert reading.rotation in (0, 90, 180, 270)

    def test_boxes_are_fractions_inside_the_picture_from_top_to_bottom(self, reader: TextReader) -> None:
        (reading,) = reader.read([self.picture_of("ABOVE\nBELOW")])
        for line in reading.lines:
            x, y, w, h = line.box
            assert 0 <= x < x + w <= 1 + 1e-9
            assert 0 <= y < y + h <= 1 + 1e-9
        assert reading.lines[0].box[1] < reading.lines[1].box[1]

    @pytest.mark.parametrize("array", NO_PICTURES, ids=lambda array: f"{array.dtype}-{array.shape}")
    def test_what_is_no_rgb_picture_is_refused(self, reader: TextReader, array: Image) -> None:
        with pytest.raises(ValueError, match="RGB"):
            reader.read([array])

    def test_the_picture_given_is_left_as_it_was(self, reader: TextReader) -> None:
        picture = self.picture_of("KEEP")
        picture.setflags(write=False)
        before = picture.copy()
        reader.read([picture])
        assert np.array_equal(picture, before)

    def test_its_version_can_be_told_without_loading(self, reader: TextReader) -> None:
        kind = type(reader)
        assert re.fullmatch(r"[0-9a-f]{64}", kind.weights_digest())
        assert kind.weights_digest() == kind.weights_digest()
        assert json.loads(json.dumps(kind.parameters())) == kind.parameters()
        assert kind.name and kind.code_version
