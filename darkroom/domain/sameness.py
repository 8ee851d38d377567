"""Whether two photos are one picture: copied, scaled, squeezed, turned, mirrored, recoloured or compressed anew.

Belongs here: what is known of a photo for this, and the rules about two of them.
Does not belong here: measuring pictures (`miniatures`), groups of more than two (`duplicates`), shots that belong
together without being one picture (`stacks`).
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from darkroom.domain.media import RAW_TYPES

SURE = 0.15
"""Deviation of miniatures up to which two pictures are one, whatever their colours: a grey copy looks unlike."""

CLOSE = 0.4
"""Deviation up to which two pictures are one when the visual descriptor agrees; frames of a scene are twice as far."""

LIKENESS = 0.8
"""Cosine of visual descriptors from which they agree; 99 % of different pictures stay below."""

SQUEEZED = 2.0
"""How many times wider a copy may be made than its original."""

MISREAD = 0.2
"""Share of its numbers that reading a smaller copy may get wrong; with more it is another form of the same print."""


_NUMBER = re.compile(r"\d[\d.,:/-]*\d")


@dataclass(frozen=True)
class File:
    """A file that holds a photo now."""

    source_id: str
    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Picture:
    """What is known of a photo; it has at least one file.

    `sha256` is of its newest bytes; width and height are upright. `taken` is the wall time the camera noted, `None`
    where nothing better than an estimate is known; `camera` its maker and model. `numbers` are the numbers that can be
    read in it. `flat`: it shows nothing by which it could be told from others. `grey`: it has no colours.
    """

    photo_id: str
    sha256: str
    files: tuple[File, ...]
    media_type: str
    width: int | None = None
    height: int | None = None
    pixel_digest: str | None = None
    flat: bool = True
    grey: bool = False
    taken: datetime | None = None
    camera: str | None = None
    numbers: frozenset[str] = frozenset()

    @cached_property
    def kept_file(self) -> File:
        """The file that stays when the photo does: one of its newest bytes, where there is one."""
        return min(self.files, key=lambda file: (file.sha256 != self.sha256, file.source_id, file.path))

    @property
    def spare_bytes(self) -> int:
        """Size of the photo's other files."""
        return sum(file.size_bytes for file in self.files) - self.kept_file.size_bytes

    @property
    def is_raw(self) -> bool:
        """Whether it is a camera's raw data rather than a developed picture."""
        return self.media_type in RAW_TYPES

    @cached_property
    def rank(self) -> tuple[bool, bool, int, int, str]:
        """Orders photos by which to keep, best first: what the camera itself wrote, in colour, then the larger."""
        from_camera = self.taken is not None and self.camera is not None
        return (
            not from_camera,
            self.grey,
            -(self.width or 0) * (self.height or 0),
            -self.kept_file.size_bytes,
            self.photo_id,
        )


@dataclass(frozen=True)
class Pair:
    """Two photos a search brought up: deviation of their miniatures, cosine of their descriptors if both have one."""

    first: str
    second: str
    deviation: float
    likeness: float | None = None


def same_picture(first: Picture, second: Picture, pair: Pair) -> bool:
    """Whether what was measured says so, and nothing else speaks against it."""
    agrees = pair.likeness is not None and pair.likeness >= LIKENESS
    return pair.deviation <= (CLOSE if agrees else SURE) and not told_apart(first, second)


def told_apart(first: Picture, second: Picture) -> bool:
    """Whether something beside the looks of two photos says that they are different ones."""
    return (
        first.flat
        or second.flat
        or first.is_raw != second.is_raw
        or another_shot(first, second)
        or _squeeze(first, second) > SQUEEZED
        or other_numbers(first.numbers, second.numbers)
    )


def another_shot(first: Picture, second: Picture) -> bool:
    """Whether two cameras took them, or one did at different times; what is not known of either decides nothing."""
    if first.camera is None or second.camera is None:
        return False
    return first.camera != second.camera or another_moment(first, second)


def another_moment(first: Picture, second: Picture) -> bool:
    """Whether they were taken at different times; fractions of a second count where both have them."""
    if first.taken is None or second.taken is None:
        return False
    if first.taken.microsecond and second.taken.microsecond:
        return first.taken != second.taken
    return first.taken.replace(microsecond=0) != second.taken.replace(microsecond=0)


def numbers_in(text: str) -> frozenset[str]:
    """Numbers of two digits and more that stand in a text, with what separates their digits."""
    return frozenset(_NUMBER.findall(text))


def other_numbers(first: Set[str], second: Set[str]) -> bool:
    """Whether two pictures say different numbers: two invoices on one form, rather than one read with mistakes."""
    missing = min(len(first - second), len(second - first))
    return missing > 1 and missing > MISREAD * min(len(first), len(second))


def _squeeze(first: Picture, second: Picture) -> float:
    """How many times wider one is than the other in proportion to its height, turned if that is nearer."""
    if not (first.width and first.height and second.width and second.height):
        return 1.0
    one, other = first.width / first.height, second.width / second.height
    return min(max(ratio, 1 / ratio) for ratio in (one / other, one * other))
