"""Reconciling: the search index holds what serving says it holds, and nothing else.

Both are projections, written one after the other; a disk that was restored, or an index that was deleted, parts them.
What the index lacks, or holds of a photo beyond what serving counts, is indexed anew; entries of photos nobody knows
are removed.
Belongs here: comparing them, and what becomes of a difference. Does not belong here: writing entries (`indexing`), or
when to look (`orchestration`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from darkroom.domain.outputs import INDEX_OUTPUT, VECTOR_OUTPUTS, space
from darkroom.services.platform import Platform
from darkroom.stores.state import batches, libraries, outputs, publishing
from darkroom.stores.state.outputs import PhotoOutput

ENTRIES = "entries"
"""Stands for the entries themselves beside the vector spaces some of them have a vector in."""

PARTED = "the search index did not agree with what is published"
AT_ONCE = 1000
"""Outputs recorded by one statement: a lost index may have held everything."""


@dataclass(frozen=True)
class Agreement:
    """What a library has on one side: how many photos, and the digest of their ids, of entries and of each space."""

    photos: dict[str, int]
    digests: dict[str, str]

    @classmethod
    def of(cls, held: dict[str, set[str]]) -> Agreement:
        """What is held, in short."""
        return cls({name: len(ids) for name, ids in held.items()}, {name: _digest(ids) for name, ids in held.items()})


@dataclass(frozen=True)
class Reconciled:
    """A library's two sides as they were found, and what was done: photos to be indexed anew, entries removed.

    Of the photos to be indexed anew `surplus` have a vector that serving does not count; the others lack something.
    """

    library_id: UUID
    serving: Agreement
    index: Agreement
    anew: int
    removed: int
    surplus: int

    @property
    def agreed(self) -> bool:
        """Whether both sides said the same."""
        return self.serving == self.index


def reconcile(platform: Platform) -> list[Reconciled]:
    """Compares and repairs every library. Photos to be indexed anew become holes, which are refilled as all are."""
    with platform.state.begin() as connection:
        known = libraries.library_ids(connection)
    return [_reconcile(platform, library_id) for library_id in known]


def _reconcile(platform: Platform, library_id: UUID) -> Reconciled:
    # A batch writes entries before it publishes them: its photos differ meanwhile, and nothing is to be done.
    with platform.state.begin() as connection:
        under_way = batches.photos_under_way(connection, library_id)
    serving = _served(platform, library_id)
    index = {ENTRIES: set(platform.vectors.photo_ids([str(library_id)]))}
    for name in serving.keys() - {ENTRIES}:
        index[name] = set(platform.vectors.photo_ids([str(library_id)], name))
    with platform.state.begin() as connection:
        under_way |= batches.photos_under_way(connection, library_id)
        left = {str(photo) for photo in under_way}
        lacking = set().union(*(held - index[name] for name, held in serving.items())) - left
        surplus = set().union(*((index[name] & serving[ENTRIES]) - held for name, held in serving.items())) - left
        strange = {UUID(photo) for photo in index[ENTRIES] - serving[ENTRIES] - left}
        strange -= publishing.published_among(connection, list(strange))
        off = INDEX_OUTPUT in outputs.outputs_off(connection, library_id)
        anew = set() if off else lacking | surplus
        holes = [PhotoOutput(UUID(photo), INDEX_OUTPUT, "missing", reason=PARTED) for photo in anew]
        for start in range(0, len(holes), AT_ONCE):
            outputs.record(connection, library_id, holes[start : start + AT_ONCE])
    platform.vectors.delete([str(photo) for photo in strange])
    sides = Agreement.of(serving), Agreement.of(index)
    return Reconciled(library_id, *sides, len(anew), len(strange), len(surplus & anew))


def _served(platform: Platform, library_id: UUID) -> dict[str, set[str]]:
    """Photos by what serving says the index holds of them: entries, and vectors of spaces that count or are served."""
    with platform.state.begin() as connection:
        done = publishing.outputs_done(connection, library_id, (INDEX_OUTPUT, *VECTOR_OUTPUTS))
        current = outputs.versions(connection, library_id)
    spaces = [space(name, one.version) for name, one in current.items() if name in VECTOR_OUTPUTS]
    held: dict[str, set[str]] = {name: set() for name in (ENTRIES, *spaces)}
    for photo_id, output, version in done:
        held.setdefault(ENTRIES if output == INDEX_OUTPUT else space(output, version), set()).add(str(photo_id))
    return {name: photos & held[ENTRIES] for name, photos in held.items()}


def _digest(ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]
