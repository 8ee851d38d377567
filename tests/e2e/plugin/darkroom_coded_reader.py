"""A text reader and a face finder that come in by entry point, as anyone's would, and do what files beside them say.

`processes/` gets a file per process that has loaded it; `hold` makes reading wait until it is gone; `pause` says how
many seconds a picture takes; what begins with the word in `boast` is read with more certainty than there is, which the
gate of texts must notice.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from darkroom.sdk.tasks import FoundFace, Image, Reading
from darkroom.testing.readers import FakeTextReader

CONTROLS = Path(__file__).parent
IMPOSSIBLE = 1.5
PEOPLE = 3
OTHERS = 32
"""Numbers of a descriptor in which faces of one person differ: in few of them they would lie on a line, in no heap."""
NUMBER = re.compile(r"[0-9]{4}$")


class CodedTextReader(FakeTextReader):
    """Reads what coded pictures say."""

    name: ClassVar[str] = "coded"

    def load(self) -> None:
        """Says which process it is in."""
        super().load()
        (CONTROLS / "processes" / str(os.getpid())).touch()

    def read(self, images: Sequence[Image]) -> list[Reading]:
        """One reading per picture."""
        while (CONTROLS / "hold").exists():
            time.sleep(0.01)
        pause = CONTROLS / "pause"
        if pause.exists():
            time.sleep(float(pause.read_text()))
        return [_boasted(reading) for reading in super().read(images)]


def _boasted(reading: Reading) -> Reading:
    boast = CONTROLS / "boast"
    if not boast.exists() or not any(line.text.startswith(boast.read_text()) for line in reading.lines):
        return reading
    return replace(reading, lines=tuple(replace(line, score=IMPOSSIBLE) for line in reading.lines))


class CodedFaceFinder:
    """Finds one face in every coded picture whose word ends in a number: of one of three people, by that number."""

    name: ClassVar[str] = "coded"
    code_version: ClassVar[str] = "1"
    dimensions: ClassVar[int] = PEOPLE + OTHERS

    def __init__(self) -> None:
        self._reader = FakeTextReader()

    @classmethod
    def weights_digest(cls) -> str:
        """The digest of no weights."""
        return FakeTextReader.weights_digest()

    @classmethod
    def parameters(cls) -> dict[str, str | int | float | bool]:
        """How many people there are."""
        return {"people": PEOPLE}

    @classmethod
    def same_person_distance(cls, size: int) -> float | None:
        """Between the quarter that one person's faces differ by and the distance of two people."""
        return 0.5

    def load(self) -> None:
        """Allows finding."""
        self._reader.load()

    def find(self, images: Sequence[Image]) -> list[tuple[FoundFace, ...]]:
        """The faces of each picture."""
        return [_faces("".join(line.text for line in reading.lines)) for reading in self._reader.read(images)]


def _faces(word: str) -> tuple[FoundFace, ...]:
    number = NUMBER.search(word)
    if number is None:
        return ()
    drawn = random.Random(word)
    whose = [float(person == int(number[0]) % PEOPLE) for person in range(PEOPLE)]
    descriptor = (*whose, *(drawn.gauss(0, 0.03) for _ in range(OTHERS)))
    return (FoundFace((0.25, 0.25, 0.5, 0.5), 1.0, 200, 100.0, "frontal", descriptor),)
