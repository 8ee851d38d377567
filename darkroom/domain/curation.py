"""What people decided about people, replayed over the faces there are now.

Facts are append-only and speak of places in photos, never of faces: a face belongs to one version of a finder, a place
does not. Belongs here: the kinds of facts, and what all of them together say. Does not belong here: clustering
(`people`), or writing facts (`darkroom.services.curating`).
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from darkroom.domain.boxes import Box, counterpart


class FactKind(StrEnum):
    """What was decided.

    `NAMED`: the person has this name, or none. `HIDDEN`, `SHOWN`: whether lists leave the person out. Such a fact may
    name a place that was the person's then. `CONFIRMED`: the face at this place is the person. `REJECTED`: it is not.
    `MERGED`: the person is the same as `into_person_id`; the faces that came along are confirmed beside it.
    """

    NAMED = "named"
    HIDDEN = "hidden"
    SHOWN = "shown"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    MERGED = "merged"


@dataclass(frozen=True)
class Place:
    """Where a face is."""

    photo_id: UUID
    box: Box


@dataclass(frozen=True)
class Fact:
    """One decision, or its part about one place."""

    kind: FactKind
    person_id: UUID
    into_person_id: UUID | None = None
    name: str | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Curation:
    """What the facts say of the faces there are now; persons that were merged away stand nowhere but in `merged`."""

    merged: Mapping[UUID, UUID]
    """Who became part of whom, to the end of the chain."""

    people: frozenset[UUID]
    """Everybody somebody decided about."""

    names: Mapping[UUID, str]
    hidden: frozenset[UUID]

    anchors: Mapping[UUID, UUID]
    """Faces somebody said are a person's."""

    hints: Mapping[UUID, UUID]
    """Faces that were a person's when somebody decided about the person, seeing them."""

    refusals: Mapping[UUID, frozenset[UUID]]
    """By face, whose it is not."""


def tidy_name(name: str | None) -> str | None:
    """A name without what cannot be seen of it; `None` when nothing is left."""
    seen = "".join(sign for sign in name or "" if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cs"))
    return " ".join(unicodedata.normalize("NFC", seen).split()) or None


def replay(facts: Iterable[Fact], faces: Mapping[UUID, Place]) -> Curation:
    """What all facts, oldest first, say. Where two contradict each other, the later one holds."""
    told = list(facts)
    merged = _merged(told)
    by_photo: dict[UUID, dict[UUID, Box]] = defaultdict(dict)
    for one, where in faces.items():
        by_photo[where.photo_id][one] = where.box
    names: dict[UUID, str | None] = {}
    hidden: dict[UUID, bool] = {}
    anchors: dict[UUID, UUID] = {}
    hints: dict[UUID, UUID] = {}
    refusals: dict[UUID, set[UUID]] = defaultdict(set)
    for fact in told:
        person = merged.get(fact.person_id, fact.person_id)
        if fact.kind is FactKind.NAMED and fact.person_id not in merged:
            names[person] = fact.name
        elif fact.kind in (FactKind.HIDDEN, FactKind.SHOWN) and fact.person_id not in merged:
            hidden[person] = fact.kind is FactKind.HIDDEN
        face = counterpart(fact.place.box, by_photo[fact.place.photo_id]) if fact.place else None
        if face is None or fact.place is None:
            continue
        if fact.kind is FactKind.REJECTED:
            refusals[face].add(person)
            for said in (anchors, hints):
                if said.get(face) == person:
                    del said[face]
        elif fact.kind is FactKind.CONFIRMED:
            for mate in by_photo[fact.place.photo_id]:
                if anchors.get(mate) == person:
                    del anchors[mate]
            anchors[face] = person
            refusals[face].discard(person)
        elif person not in refusals[face]:
            hints[face] = person
    people = {merged.get(fact.person_id, fact.person_id) for fact in told}
    return Curation(
        merged=merged,
        people=frozenset(people),
        names={person: name for person, name in names.items() if name is not None},
        hidden=frozenset(person for person, is_hidden in hidden.items() if is_hidden),
        anchors=anchors,
        hints=hints,
        refusals={face: frozenset(whose) for face, whose in refusals.items() if whose},
    )


def remembered(before: Mapping[UUID, tuple[Place, UUID]], now: Mapping[UUID, Place]) -> dict[UUID, UUID]:
    """Whose faces of now were before: the same faces, or what another version of a finder sees at their place."""
    gone: dict[UUID, dict[UUID, Box]] = defaultdict(dict)
    for face, (place, _) in before.items():
        if face not in now:
            gone[place.photo_id][face] = place.box
    was = {
        face: face if face in before else counterpart(place.box, gone[place.photo_id]) for face, place in now.items()
    }
    return {face: before[earlier][1] for face, earlier in was.items() if earlier is not None}


def honoured(whose: Mapping[UUID, UUID], curation: Curation, faces: Mapping[UUID, Place]) -> dict[UUID, UUID]:
    """Whose faces are once decisions are respected that whoever said `whose` may not have known."""
    people = {face: curation.merged.get(person, person) for face, person in whose.items()}
    people = {face: person for face, person in people.items() if person not in curation.refusals.get(face, ())}
    people |= curation.anchors
    first: dict[tuple[UUID, UUID], UUID] = {}
    for face in sorted(people, key=lambda one: (one not in curation.anchors, one)):
        first.setdefault((faces[face].photo_id, people[face]), face)
    return {face: person for face, person in people.items() if first[faces[face].photo_id, person] == face}


def _merged(facts: Iterable[Fact]) -> dict[UUID, UUID]:
    """Everybody who was merged away, with who they are now; a merge that would close a circle says nothing."""
    into: dict[UUID, UUID] = {}

    def end(person: UUID) -> UUID:
        while person in into:
            person = into[person]
        return person

    for fact in facts:
        other = fact.into_person_id
        if other is not None and fact.person_id not in into and end(other) != fact.person_id:
            into[fact.person_id] = other
    return {person: end(person) for person in into}
