"""What people decided about duplicates, and what counts of it now.

A fact names photos, not groups: groups are found anew by every run and every version of a hash, photos stay. A newer
fact overrules older ones about the same photos.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Why photos are duplicates: one photo in several files, equal pixels, or nearly the same picture."""

    BYTES = "bytes"
    PIXELS = "pixels"
    NEAR = "near"


class Verdict(StrEnum):
    """One photo (of one photo: one file) is to be kept, the others are redundant; or they are no duplicates.

    Withdrawn: what was said of them counts no more, and nothing is decided.
    """

    KEPT = "kept"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Fact:
    """A decision about a group, by the photos it had; `keeper_id` is the photo kept, when one was."""

    kind: Kind
    verdict: Verdict
    photo_ids: tuple[str, ...]
    keeper_id: str | None = None


@dataclass(frozen=True)
class Decisions:
    """What counts of all facts.

    `keepers` gives, by kind, the photo kept instead of a redundant one, and is never redundant itself; `apart` the
    photos that are no duplicates of one. Of photos with several files, those in `own_files` keep them all, those in
    `one_file` only one.
    """

    keepers: Mapping[Kind, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    apart: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    own_files: set[str] = field(default_factory=set)
    one_file: set[str] = field(default_factory=set)

    def add(self, fact: Fact) -> None:
        """Lets a newer fact count."""
        photos = frozenset(fact.photo_ids)
        if fact.kind is Kind.BYTES:
            self._count_files(photos, fact.verdict)
        elif fact.keeper_id is not None:
            self._keep(self.keepers[fact.kind], photos | {fact.keeper_id}, fact.keeper_id)
        elif fact.verdict is Verdict.DISMISSED:
            self._part(photos)
        else:
            self._forget(self.keepers[fact.kind], photos)

    def _count_files(self, photos: frozenset[str], verdict: Verdict) -> None:
        for files, said in ((self.one_file, Verdict.KEPT), (self.own_files, Verdict.DISMISSED)):
            if verdict is said:
                files.update(photos)
            else:
                files.difference_update(photos)

    def _keep(self, keepers: dict[str, str], photos: frozenset[str], keeper: str) -> None:
        for photo in photos:
            self.apart[photo] -= photos
        for photo, former in list(keepers.items()):
            if former in photos and photo not in photos:
                keepers[photo] = keeper
                if not self.apart[photo].isdisjoint(photos):
                    del keepers[photo]
        keepers.update(dict.fromkeys(photos - {keeper}, keeper))
        keepers.pop(keeper, None)

    def _part(self, photos: frozenset[str]) -> None:
        for photo in photos:
            self.apart[photo] |= photos - {photo}
        for keepers in self.keepers.values():
            for keeper in set(keepers.values()):
                parted = [photo for photo in photos if keepers.get(photo) == keeper]
                if keeper in photos or len(parted) > 1:
                    for photo in parted:
                        del keepers[photo]

    def _forget(self, keepers: dict[str, str], photos: frozenset[str]) -> None:
        for photo in photos:
            self.apart[photo] -= photos
            if keepers.get(photo) in photos:
                del keepers[photo]


def replay(facts: Iterable[Fact], standing_for: Mapping[str, str] | None = None) -> Decisions:
    """What counts, from facts in the order they were said; `standing_for` names photos that others stand for."""
    decisions, stand = Decisions(), standing_for or {}
    for fact in facts:
        photos = tuple(dict.fromkeys(stand.get(photo, photo) for photo in fact.photo_ids))
        keeper = stand.get(fact.keeper_id, fact.keeper_id) if fact.keeper_id else None
        if len(photos) > 1 or fact.kind is Kind.BYTES:
            decisions.add(Fact(fact.kind, fact.verdict, photos, keeper))
    return decisions
