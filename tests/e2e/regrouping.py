"""What is made across batches of coded pictures: waiting until it shows everything published, and whether it is right.

Belongs here: people and duplicates of a home. Does not belong here: what holds of single photos (`oracle`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.state import generations, schema
from tests.e2e.driving import Darkroom, until
from tests.e2e.oracle import require, state_of
from tests.e2e.plugin.darkroom_coded_reader import NUMBER, PEOPLE

KINDS = {"people": "person_faces", "duplicates": "duplicates"}
"""Kinds of generations, and the table of the lake whose rows serving shows."""


def regrouped(darkroom: Darkroom, seconds: float = 180) -> None:
    """Waits until people and duplicates have been made of everything that is published."""

    def shown() -> bool:
        with state_of(darkroom) as connection:
            epoch = generations.content_epoch(connection, DEFAULT_LIBRARY)
            current = [generations.newest(connection, DEFAULT_LIBRARY, kind, "current") for kind in KINDS]
        return all(one is not None and one.epoch >= epoch for one in current)

    until(shown, seconds, "people or duplicates of what is published were not shown")


def check_groups(darkroom: Darkroom) -> None:
    """Every face is somebody's, all of a coded person are one's, and the lake's current generations are served."""
    table, members = schema.faces, schema.duplicate_members
    with state_of(darkroom) as connection:
        faces = connection.execute(select(table.c.face_id, table.c.photo_id, table.c.person_id)).all()
        texts = dict(connection.execute(select(schema.photos.c.photo_id, schema.photos.c.text)).tuples().all())
        duplicates = connection.execute(select(members.c.group_id, members.c.photo_id)).tuples().all()
        current = {kind: generations.newest(connection, DEFAULT_LIBRARY, kind, "current") for kind in KINDS}
    people = defaultdict(set)
    for face in faces:
        number = NUMBER.search(texts[face.photo_id] or "")
        people[int(number[0]) % PEOPLE if number else None].add(face.person_id)
    require(None not in people, "a face was found where there is none")
    told = [person for found in people.values() for person in found]
    require(None not in told and len(told) == len(set(told)) == len(people), f"coded people are told as {dict(people)}")
    with Lake.open(darkroom.home, LakeSettings()) as lake:
        kept = {
            kind: lake.rows_of_generation(name, made.number).to_pylist()
            for kind, name in KINDS.items()
            if (made := current[kind])
        }
    require(len(kept["people"]) == len(faces), f"the lake knows {len(kept['people'])} faces, serving {len(faces)}")
    _agree({(row["face_id"], row["person_id"]) for row in kept["people"]}, [face[::2] for face in faces])
    _agree({(row["group_id"], row["photo_id"]) for row in kept["duplicates"]}, duplicates)


def _agree(lake: set[tuple[str, str]], serving: Iterable[Sequence[UUID]]) -> None:
    served = {(str(group), str(member)) for group, member in serving}
    require(lake == served, f"only in the lake: {sorted(lake - served)[:3]}, only served: {sorted(served - lake)[:3]}")
