"""Stacks: shots that belong together and are no duplicates: a raw file with its developed picture, and bursts.

Does not belong here: whether two shots look alike, which the caller knows; duplicates (`duplicates`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from darkroom.domain.sameness import Picture, another_moment

GAP = timedelta(seconds=2)
"""Longest pause between shots of one burst."""

SPAN = timedelta(seconds=60)
"""Longest burst. A camera that takes a picture every other second for hours is filming."""

_ROLE = re.compile(r"[._-]?RAW-\d+(\.MP)?\.(COVER|ORIGINAL)$", re.IGNORECASE)
"""What telephones append to the names of a raw file and its picture."""


class StackKind(StrEnum):
    """Why shots belong together."""

    RAW_JPEG = "raw_jpeg"
    BURST = "burst"


@dataclass(frozen=True)
class Stack:
    """Photos that belong together; the first stands for all."""

    kind: StackKind
    photo_ids: tuple[str, ...]


def raw_pairs(pictures: Iterable[Picture]) -> list[Stack]:
    """Raw files with the pictures developed from the same exposure: one folder, related names, one camera, one moment.

    The name alone says little: cameras count to 9999 and start again.
    """
    named: dict[tuple[str, str, str], dict[str, Picture]] = defaultdict(dict)
    for one in pictures:
        for file in one.files:
            folder, _, name = file.path.rpartition("/")
            named[file.source_id, folder, _stem(name)][one.photo_id] = one
    stacks: list[Stack] = []
    taken: set[str] = set()
    for key in sorted(named):
        shots = sorted((one for one in named[key].values() if one.photo_id not in taken), key=lambda one: one.rank)
        for raw in [one for one in shots if one.is_raw]:
            developed = [
                one for one in shots if not one.is_raw and one.photo_id not in taken and _one_exposure(raw, one)
            ]
            if developed:
                stacks.append(Stack(StackKind.RAW_JPEG, tuple(one.photo_id for one in (*developed, raw))))
                taken.update(stacks[-1].photo_ids)
    return stacks


def soon_after_another(pictures: Iterable[Picture]) -> list[Picture]:
    """The shots a burst could be made of: of a camera that took another one right before or after."""
    by_camera = _by_camera(pictures)
    found: dict[str, Picture] = {}
    for shots in by_camera.values():
        for (earlier, first), (later, second) in pairwise(shots):
            if later - earlier <= GAP:
                found |= {first.photo_id: first, second.photo_id: second}
    return list(found.values())


def bursts(pictures: Iterable[Picture], alike: Callable[[Picture, Picture], bool]) -> list[Stack]:
    """Series of one camera, each shot soon after the one before, and like it and like the first.

    `alike` compares two shots. The sharpest or best is not known here: the first stands for all.
    """
    return [
        Stack(StackKind.BURST, tuple(one.photo_id for _, one in series))
        for _, shots in sorted(_by_camera(pictures).items())
        for series in _series(shots, alike)
        if len(series) > 1
    ]


Timed = tuple[datetime, Picture]


def _by_camera(pictures: Iterable[Picture]) -> dict[str, list[Timed]]:
    """Dated shots of known cameras, in order of time."""
    found: dict[str, list[Timed]] = defaultdict(list)
    for one in pictures:
        if one.taken is not None and one.camera is not None:
            found[one.camera].append((one.taken, one))
    return {camera: sorted(shots, key=lambda timed: (timed[0], timed[1].photo_id)) for camera, shots in found.items()}


def _series(shots: list[Timed], alike: Callable[[Picture, Picture], bool]) -> Iterator[list[Timed]]:
    series: list[Timed] = []
    for when, one in shots:
        if series:
            (began, first), (before, last) = series[0], series[-1]
            if when - before <= GAP and when - began <= SPAN and alike(last, one) and alike(first, one):
                series.append((when, one))
                continue
        yield series
        series = [(when, one)]
    yield series


def _one_exposure(raw: Picture, developed: Picture) -> bool:
    known = raw.taken is not None and developed.taken is not None and raw.camera is not None
    return known and raw.camera == developed.camera and not another_moment(raw, developed)


def _stem(name: str) -> str:
    """What the names of one exposure's files share: no suffix, no second one (`x.cr2.jpg`), no role."""
    stem, dot, suffix = name.rpartition(".")
    stem = _ROLE.sub("", stem if dot else suffix)
    return re.sub(r"\.[a-z][a-z0-9]{1,3}$", "", stem, flags=re.IGNORECASE).casefold()
