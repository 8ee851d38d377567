"""A text reader that comes in by entry point, as anyone's would, and does what files beside it say.

`processes/` gets a file per process that has loaded it; `hold` makes reading wait until it is gone; `pause` says how
many seconds a picture takes; what begins with the word in `boast` is read with more certainty than there is, which the
gate of texts must notice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from darkroom.sdk.tasks import Image, Reading
from darkroom.testing.readers import FakeTextReader

CONTROLS = Path(__file__).parent
IMPOSSIBLE = 1.5


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
