"""Faces with dlib: a HOG detector, five landmarks to straighten each face, and a ResNet's 128 numbers for whose it is.

The weights come from the `face_recognition_models` package, which is never imported (it needs a module that setuptools
no longer has); of its files only the five-point and the ResNet one are used. The detector is part of dlib itself.
Belongs here: which pixels are searched, and what is said of a face. Does not belong here: whose faces are one person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from darkroom.inference.weights import digest, packaged
from darkroom.sdk.tasks import FoundFace, Image

SIDE_MAX = 2048
SIDE_MIN = 1024
ENLARGED_MAX = 4.0
"""Faces under 80 px escape the detector, so small pictures are searched enlarged."""

TIGHT_SIDE = 320
TIGHT_BORDER = 0.2
"""A face that fills its picture lacks the surroundings the detector wants: a picture without a find is searched again,
small, with its edges drawn out by this share of its longer side."""

VIEWS = ("frontal", "left", "right", "tilted", "tilted")
"""What the detector's five parts were trained on, in their order."""

SCORE_MIN = 0.0
INSIDE_MIN = 0.5
CHIP_SIDE = 150
CHIP_MARGIN = 0.25

SAME_PERSON = ((50, 0.55), (30, 0.53), (20, 0.50))
"""From this width on (px, the smaller face): descriptors closer than this are one person's."""


class DlibFaces:
    """The bundled finder of faces. Descriptors are as the network gives them: about 1.4 long, not normalised."""

    name: ClassVar[str] = "dlib"
    code_version: ClassVar[str] = "1"
    dimensions: ClassVar[int] = 128

    @classmethod
    def weights_digest(cls) -> str:
        """SHA-256 over the two networks' files."""
        return digest(_networks())

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """Sizes and thresholds that decide what is found."""
        return {
            "side_max": SIDE_MAX,
            "side_min": SIDE_MIN,
            "enlarged_max": ENLARGED_MAX,
            "tight_side": TIGHT_SIDE,
            "tight_border": TIGHT_BORDER,
            "score_min": SCORE_MIN,
            "inside_min": INSIDE_MIN,
            "chip_margin": CHIP_MARGIN,
        }

    @classmethod
    def same_person_distance(cls, size: int) -> float | None:
        """Measured on labelled photos: fewer than five in a thousand pairs of two people are so close."""
        return next((distance for width, distance in SAME_PERSON if size >= width), None)

    def load(self) -> None:
        """Opens the networks; about 100 MB of memory."""
        import cv2
        import dlib

        cv2.setNumThreads(1)
        landmarks, descriptor = map(str, _networks())
        self._detector: Any = dlib.get_frontal_face_detector()
        self._landmarks: Any = dlib.shape_predictor(landmarks)
        self._descriptor: Any = dlib.face_recognition_model_v1(descriptor)

    def find(self, images: Sequence[Image]) -> list[tuple[FoundFace, ...]]:
        """The faces of each picture, the largest first. Raises `ValueError` for what is no RGB picture."""
        return [self._find(image) for image in images]

    def _find(self, image: Image) -> tuple[FoundFace, ...]:
        import cv2

        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"not an RGB picture of bytes: {image.dtype} {image.shape}")
        longest = max(image.shape[:2])
        scale = min(SIDE_MAX / longest, max(1.0, min(SIDE_MIN / longest, ENLARGED_MAX)))
        picture = _resized(image, scale)
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        found = self._detect(grey) or self._detect_tight(grey)
        faces = [self._face(picture, grey, *one, scale=scale) for one in found if _inside(one[0], grey) >= INSIDE_MIN]
        return tuple(sorted(faces, key=lambda face: (-face.size, face.box)))

    def _detect(self, grey: Image) -> list[tuple[Any, float, int]]:
        """Rectangles in a grey picture with score and number of the view that saw it."""
        return list(zip(*self._detector.run(grey, 0, SCORE_MIN), strict=True))

    def _detect_tight(self, grey: Image) -> list[tuple[Any, float, int]]:
        """The same for faces as large as the picture."""
        import dlib

        scale = min(1.0, TIGHT_SIDE / max(grey.shape))
        small = _resized(grey, scale)
        border = round(TIGHT_BORDER * max(small.shape))
        drawn_out = np.pad(small, border, mode="edge")
        return [
            (
                dlib.rectangle(
                    *(round((side - border) / scale) for side in (box.left(), box.top(), box.right(), box.bottom()))
                ),
                score,
                view,
            )
            for box, score, view in self._detect(drawn_out)
        ]

    def _face(self, picture: Image, grey: Image, box: Any, score: float, view: int, *, scale: float) -> FoundFace:
        import cv2
        import dlib

        height, width = grey.shape
        left, right = max(box.left(), 0) / width, min(box.right() + 1, width) / width
        top, bottom = max(box.top(), 0) / height, min(box.bottom() + 1, height) / height
        chip = dlib.get_face_chip(picture, self._landmarks(grey, box), CHIP_SIDE, CHIP_MARGIN)
        return FoundFace(
            box=(left, top, right - left, bottom - top),
            score=float(score),
            size=round(box.width() / scale),
            sharpness=float(cv2.Laplacian(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var()),
            pose=VIEWS[view],
            descriptor=tuple(self._descriptor.compute_face_descriptor(chip)),
        )


def _networks() -> tuple[Path, ...]:
    """Files of the landmark finder and of the descriptor."""
    return packaged(
        "face_recognition_models",
        "models/shape_predictor_5_face_landmarks.dat",
        "models/dlib_face_recognition_resnet_model_v1.dat",
    )


def _resized(picture: Image, scale: float) -> Image:
    import cv2

    if scale == 1:
        return np.ascontiguousarray(picture)
    size = [max(1, round(side * scale)) for side in picture.shape[1::-1]]
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=kind), np.uint8)


def _inside(box: Any, grey: Image) -> float:
    """Share of a rectangle that lies in the picture."""
    height, width = grey.shape
    across = min(box.right() + 1, width) - max(box.left(), 0)
    down = min(box.bottom() + 1, height) - max(box.top(), 0)
    return float(max(across, 0) * max(down, 0) / box.area())
