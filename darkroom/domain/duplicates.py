"""Groups of duplicates: photos of the same bytes, the same pixels, or nearly the same picture, and which one is kept.

Every photo of a group is a copy of the kept one, so groups cannot chain different pictures together. The kinds stand
on each other: a photo's files are counted with its bytes, and of photos with equal pixels one stands for all among the
nearly equal. So a redundant file is counted once.

Does not belong here: whether two photos are copies (`sameness`), finding candidates (`darkroom.services`).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.domain.duplicate_decisions import Decisions, Fact, Kind, replay
from darkroom.domain.sameness import Pair, Picture, another_shot, same_picture


@dataclass(frozen=True)
class Group:
    """Duplicates. `wasted` is the size of the redundant files by photo, the kept photo first.

    `decided`: people have said of every photo of it what is to be kept.
    """

    kind: Kind
    wasted: Mapping[str, int]
    decided: bool

    @property
    def keeper(self) -> str:
        """The photo that stays."""
        return next(iter(self.wasted))

    def id(self, library: uuid.UUID) -> uuid.UUID:
        """Identity of the group: it stays while the photo of the lowest id is in it."""
        return uuid.uuid5(library, f"{self.kind}:{min(self.wasted)}")


def same_bytes(pictures: Iterable[Picture], facts: Iterable[Fact] = ()) -> list[Group]:
    """Photos with several files."""
    decisions = replay(facts)
    several = [one for one in pictures if len(one.files) > 1 and one.photo_id not in decisions.own_files]
    return [
        Group(Kind.BYTES, {one.photo_id: one.spare_bytes}, one.photo_id in decisions.one_file)
        for one in sorted(several, key=lambda one: one.photo_id)
    ]


def same_pixels(pictures: Iterable[Picture], facts: Iterable[Fact] = ()) -> list[Group]:
    """Photos whose decoded pixels are equal.

    Flat ones only while nothing tells them apart: all black frames of one size have equal pixels.
    """
    grouping = _Grouping(pictures, replay(facts), Kind.PIXELS)
    leaders: dict[str, list[Picture]] = defaultdict(list)
    for one in grouping.undecided():
        alike = leaders[one.pixel_digest or one.photo_id]
        fitting = [leader.photo_id for leader in alike if not (one.flat and another_shot(leader, one))]
        if not grouping.join(one.photo_id, fitting):
            alike.append(one)
    return grouping.groups()


def nearly_equal(
    pictures: Iterable[Picture], pairs: Iterable[Pair], pixels: Sequence[Group] = (), facts: Iterable[Fact] = ()
) -> list[Group]:
    """Photos that are one picture; of those with equal pixels (`pixels`) only the kept ones take part.

    The best photos lead; another joins the leader it deviates least from. Pairs may come in any order and direction.
    """
    standing_for = {photo: group.keeper for group in pixels for photo in group.wasted}
    known = {one.photo_id: one for one in pictures if standing_for.get(one.photo_id, one.photo_id) == one.photo_id}
    copies: dict[str, dict[str, float]] = defaultdict(dict)
    for pair in pairs:
        first, second = known.get(pair.first), known.get(pair.second)
        if first and second and first is not second and same_picture(first, second, pair):
            deviation = min(pair.deviation, copies[pair.first].get(pair.second, pair.deviation))
            copies[pair.first][pair.second] = copies[pair.second][pair.first] = deviation
    grouping = _Grouping(known.values(), replay(facts, standing_for), Kind.NEAR)
    waiting = [one.photo_id for one in grouping.undecided() if one.photo_id in copies]
    while waiting:
        waiting = _led(grouping, waiting, copies)
    return grouping.groups()


def _led(grouping: _Grouping, waiting: Sequence[str], copies: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Lets photos join the leaders among `waiting`; returns those whom people keep apart from all of theirs."""
    order = {photo: position for position, photo in enumerate(waiting)}
    leaders: set[str] = set()
    for photo in waiting:
        if grouping.leads(photo) or leaders.isdisjoint(copies[photo]):
            leaders.add(photo)
    left = []
    for photo in waiting:
        if photo not in leaders:
            near = copies[photo]
            choice = sorted(leaders.intersection(near), key=lambda leader: (near[leader], order[leader]))
            if not grouping.join(photo, choice):
                left.append(photo)
    return left


class _Grouping:
    """Groups while they are gathered: what people decided stands, the rest joins where they allow it."""

    def __init__(self, pictures: Iterable[Picture], decisions: Decisions, kind: Kind) -> None:
        self._known = {one.photo_id: one for one in pictures}
        self._kind = kind
        self._apart = decisions.apart
        self._decided = {
            photo: keeper
            for photo, keeper in decisions.keepers[kind].items()
            if photo in self._known and keeper in self._known
        }
        self._members: dict[str, list[str]] = defaultdict(list)
        for photo, keeper in self._decided.items():
            self._members[keeper].append(photo)

    def undecided(self) -> list[Picture]:
        """Photos nothing is decided about, best first; before them those that people chose to keep."""
        free = [one for one in self._known.values() if one.photo_id not in self._decided]
        return sorted(free, key=lambda one: (not self.leads(one.photo_id), one.rank))

    def leads(self, photo: str) -> bool:
        """Whether others have joined the photo."""
        return photo in self._members

    def join(self, photo: str, leaders: Iterable[str]) -> bool:
        """Lets a photo that leads nobody join the first of these whose group it is not kept apart from."""
        if self.leads(photo):
            return False
        enemies = self._apart.get(photo, set())
        for leader in leaders:
            if enemies.isdisjoint((leader, *self._members.get(leader, ()))):
                self._members[leader].append(photo)
                return True
        return False

    def groups(self) -> list[Group]:
        """The groups, by their keepers."""
        made = []
        for keeper, others in sorted(self._members.items()):
            ranked = sorted((self._known[photo] for photo in others), key=lambda one: one.rank)
            wasted = {keeper: 0, **{one.photo_id: one.kept_file.size_bytes for one in ranked}}
            made.append(Group(self._kind, wasted, all(photo in self._decided for photo in others)))
        return made
