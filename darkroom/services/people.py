"""People across batches: generations that say whose every published face is.

Belongs here: what a generation is made from, what it writes and what it shows. Does not belong here: the rules
(`darkroom.domain.people`), decisions of users (`curating`), or what all generations share (`generations`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.people import PERSON_FACES
from darkroom.domain.curation import Curation, Place, honoured, remembered, replay
from darkroom.domain.people import Belonging, Face, Neighbours, assign
from darkroom.domain.regrouping import Regrouping, regrouping
from darkroom.inference.neighbours import nearest
from darkroom.inference.registry import face_finder
from darkroom.services import generations
from darkroom.services.platform import Platform
from darkroom.stores.lake.descriptors import descriptors
from darkroom.stores.state import generations as state
from darkroom.stores.state import people
from darkroom.stores.state.generations import Generation

KIND = "people"
TABLES = (PERSON_FACES.name,)

DECISIONS, PUBLISHED, BEFORE = "decisions", "published_faces", "people_before"
"""Names of what is evidence beside a generation's own rows."""

NEIGHBOURS = 40
"""Faces each face is compared with: more than a burst has, so that bursts of one person hang together."""


@dataclass(frozen=True)
class Made:
    """A new generation: how many faces and people, faces of nobody, and the change against what is shown."""

    generation: int
    faces: int
    people: int
    nobody: int
    change: Regrouping


def make(platform: Platform, library_id: UUID) -> Made | None:
    """Writes a generation of a library's people; `None` when what is shown would come out again.

    It is made from published faces and the decisions so far. One at a time: what an earlier call left unshown is given
    up.
    """
    with platform.state.begin() as connection:
        state.give_up(connection, library_id, KIND)
        epoch = state.content_epoch(connection, library_id)
        fact = people.newest_fact(connection, library_id)
        pressing = people.newest_regrouping(connection, library_id)
        facts = people.facts_of(connection, library_id, fact)
        published = people.published_faces(connection, library_id)
        current = state.newest(connection, library_id, KIND, "current")
    places = {row.face_id: Place(row.photo_id, (row.x, row.y, row.w, row.h)) for row in published}
    before = _places_and_people(generations.rows_of(platform, current, TABLES)[PERSON_FACES.name]) if current else {}
    if current is not None and before.keys() == places.keys() and pressing <= current.fact:
        with platform.state.begin() as connection:
            state.still_true(connection, current, epoch)
        return None
    was = remembered({face: (place, person) for face, (place, person) in before.items() if person}, places)
    # Decisions that came later than the rows of that generation have changed what is shown.
    was |= {row.face_id: row.person_id for row in published if row.person_id}
    faces = [Face(row.face_id, row.photo_id, row.size_px) for row in published]
    whose = _clustered(platform, library_id, faces, was, replay(facts, places))
    with platform.state.begin() as connection:
        generation = state.begin(connection, library_id, KIND, epoch, fact)
    generations.write(platform, generation, {PERSON_FACES.name: _rows(generation, places, whose)})
    now = {face: one.person_id for face, one in whose.items() if one.person_id}
    return Made(generation.number, len(faces), len(set(now.values())), len(faces) - len(now), regrouping(was, now))


def show(platform: Platform, library_id: UUID) -> int:
    """Shows the newest generation that passed its gate; returns the publish epoch, 0 when there is nothing new.

    Raises `NotGated`.
    """
    generation = generations.unshown(platform, library_id, KIND)
    if generation is None:
        return 0
    return generations.show(platform, generation, TABLES, partial(_serve, generation))


def evidence(platform: Platform, generation: Generation, rows: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """What a generation is judged by: what was decided, which faces were published, and who was who before."""
    with platform.state.begin() as connection:
        facts = people.facts_of(connection, generation.library_id, generation.fact)
        published = people.published_faces(connection, generation.library_id)
        current = state.newest(connection, generation.library_id, KIND, "current")
    made = _places_and_people(rows[PERSON_FACES.name])
    curation = replay(facts, {face: place for face, (place, _) in made.items()})
    said = [(str(face), str(person), True) for face, person in curation.anchors.items()]
    said += [(str(face), str(person), False) for face, whose in curation.refusals.items() for person in whose]
    older = [str(row.face_id) for row in published if row.epoch <= generation.epoch]
    return {
        DECISIONS: pa.Table.from_pylist(
            [{"face_id": face, "person_id": person, "is_theirs": theirs} for face, person, theirs in said],
            pa.schema([("face_id", pa.string()), ("person_id", pa.string()), ("is_theirs", pa.bool_())]),
        ),
        PUBLISHED: pa.table({"face_id": pa.array(older, pa.string())}),
        BEFORE: generations.rows_of(platform, current, TABLES)[PERSON_FACES.name]
        if current
        else arrow_schema(PERSON_FACES).empty_table(),
    }


def _clustered(
    platform: Platform, library_id: UUID, faces: Sequence[Face], was: Mapping[UUID, UUID], curation: Curation
) -> dict[UUID, Belonging]:
    """Whose faces are. Only descriptors of the finder that is current are compared."""
    finder = face_finder(platform.settings.inference.face_finder)
    # The lake has faces that a gate has set aside, too: they may be nothing to compare.
    ids, vectors = descriptors(platform.lake, str(library_id), finder.version, [str(face.id) for face in faces])
    row_of = {UUID(face): row for row, face in enumerate(ids)}
    faces = [replace(face, comparable=face.id in row_of) for face in faces]
    compared = np.array([place for place, face in enumerate(faces) if face.comparable], np.int64)
    near = nearest(vectors[[row_of[faces[place].id] for place in compared]], NEIGHBOURS)
    placed = Neighbours(compared[near.left], compared[near.right], near.distance)
    return assign(library_id, faces, placed, finder.make.same_person_distance, was, curation)


def _rows(generation: Generation, places: Mapping[UUID, Place], whose: Mapping[UUID, Belonging]) -> pa.Table:
    found = [(face, place, whose[face]) for face, place in places.items()]
    boxes = zip(*(place.box for _, place, _ in found), strict=True) if found else ((),) * 4
    columns: dict[str, Sequence[Any]] = {
        "generation": [generation.number] * len(found),
        "library_id": [str(generation.library_id)] * len(found),
        "face_id": [str(face) for face, _, _ in found],
        "photo_id": [str(place.photo_id) for _, place, _ in found],
        **dict(zip("xywh", boxes, strict=True)),
        "person_id": [str(one.person_id) if one.person_id else None for _, _, one in found],
        "confirmed": [one.confirmed for _, _, one in found],
        "distance": [one.distance for _, _, one in found],
    }
    return pa.table({name: list(values) for name, values in columns.items()}, schema=arrow_schema(PERSON_FACES))


def _places_and_people(rows: pa.Table) -> dict[UUID, tuple[Place, UUID | None]]:
    names = ("face_id", "photo_id", "x", "y", "w", "h", "person_id")
    return {
        UUID(face): (Place(UUID(photo), (x, y, w, h)), UUID(person) if person else None)
        for face, photo, x, y, w, h, person in zip(*(rows[name].to_pylist() for name in names), strict=True)
    }


def _serve(generation: Generation, connection: Connection, epoch: int, rows: Mapping[str, pa.Table]) -> list[UUID]:
    """Shows whose faces are, with every decision that was taken while the generation was made.

    Whoever was decided about meanwhile keeps every face they have: the generation may have given them away.
    """
    library_id = generation.library_id
    made = _places_and_people(rows[PERSON_FACES.name])
    places = {face: place for face, (place, _) in made.items()}
    decided = {fact.person_id for fact in people.facts_of(connection, library_id, after=generation.fact)}
    published = people.published_faces(connection, library_id) if decided else ()
    kept = {row.face_id: row.person_id for row in published if row.person_id in decided and row.face_id in made}
    taken = {(places[face].photo_id, person) for face, person in kept.items()}
    given = {face: person for face, (place, person) in made.items() if person and (place.photo_id, person) not in taken}
    curation = replay(people.facts_of(connection, library_id), places)
    whose = honoured(given | kept, curation, places)
    changed = people.assign(connection, epoch, library_id, {face: whose.get(face) for face in made})
    names = {person: curation.names.get(person) for person in curation.people}
    people.describe(connection, epoch, library_id, names, curation.hidden)
    people.recount(connection, epoch, library_id)
    return changed
