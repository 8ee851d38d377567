"""Published faces for tests of people: rows of the lake and of serving, written directly, without a finder.

Belongs here: faces that look as if the bundled finder had seen them. Does not belong here: how faces are really found
(`services.faces`) or published (`services.publishing`).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.faces import FACES
from darkroom.domain.identity import DEFAULT_LIBRARY, face_id, photo_id
from darkroom.inference.registry import face_finder
from darkroom.stores.lake import Lake
from darkroom.stores.state import schema
from darkroom.stores.state.people import describe, recount
from darkroom.stores.state.publishing import next_epoch, note_changes, publish_faces, published_among

SIZE = 120
SPREAD = 0.25
"""About how far apart two faces of one person are; two people's are 1.4."""


def looks(person: int, number: int, dimensions: int = 128) -> NDArray[np.float64]:
    """The descriptor of a person's face in the photo with this number."""
    face = np.random.default_rng(person).normal(size=dimensions)
    noise = np.random.default_rng((person, number)).normal(size=dimensions)
    return np.asarray(face / np.linalg.norm(face) + noise * SPREAD / np.sqrt(2 * dimensions), np.float64)


def face_row(photo: uuid.UUID, place: int, of: int, version: str, shift: float = 0.0) -> dict[str, Any]:
    """A face as a finder's row says it: the `place`-th from the left, `shift` to the right of where it was."""
    box = (round(0.02 + place * 0.9 / of + shift, 6), 0.2, round(0.8 / of, 6), 0.4)
    face = face_id(photo, version, box)
    thumbnail = hashlib.sha256(face.bytes).hexdigest()
    return {
        "face_id": face,
        "photo_id": photo,
        **dict(zip("xywh", box, strict=True)),
        "score": 1.0,
        "size_px": SIZE,
        "thumbnail_sha256": thumbnail,
    }


def publish_people(
    connection: Connection,
    lake: Lake | None,
    photos: Sequence[Sequence[int]],
    *,
    first: int = 0,
    library_id: uuid.UUID = DEFAULT_LIBRARY,
    version: str | None = None,
    shift: float = 0.0,
) -> list[list[uuid.UUID]]:
    """Publishes photos, each with a face of every person named, and returns the faces' ids photo by photo.

    Photos are numbered from `first` on. One that is there already gets these faces instead of those it has, as after a
    new search with `version` (the bundled finder's unless given). Without a lake only serving knows them.
    """
    version = version or face_finder("dlib").version
    ids = [photo_id(library_id, _sha256(number)) for number in range(first, first + len(photos))]
    epoch, _ = next_epoch(connection)
    known = published_among(connection, ids)
    new = [_photo(library_id, number, epoch) for number, one in enumerate(ids, first) if one not in known]
    if new:
        connection.execute(insert(schema.photos), new)
    note_changes(connection, epoch, library_id, "published", ids)
    found = [
        [face_row(photo, place, len(people), version, shift) for place in range(len(people))]
        for photo, people in zip(ids, photos, strict=True)
    ]
    served = [{**row, "library_id": library_id} for rows in found for row in rows]
    recount(connection, epoch, library_id, publish_faces(connection, epoch, ids, served))
    shared = {
        "library_id": str(library_id),
        "batch_id": str(uuid.uuid5(library_id, "batch")),
        "attempt": epoch,
        "output_version": version,
        "provider": "dlib",
        "computed_at": datetime.now(UTC),
        "sharpness": 80.0,
        "pose": "frontal",
        "thumbnail_bytes": 400,
    }
    computed = [
        {
            **{name: str(value) if isinstance(value, uuid.UUID) else value for name, value in row.items()},
            **shared,
            "descriptor": looks(person, number).tolist(),
        }
        for number, (rows, people) in enumerate(zip(found, photos, strict=True), first)
        for row, person in zip(rows, people, strict=True)
    ]
    if lake is not None and computed:
        lake.insert({FACES.name: pa.Table.from_pylist(computed, arrow_schema(FACES))})
    return [[row["face_id"] for row in rows] for rows in found]


THUMBNAIL = hashlib.sha256(b"picture").hexdigest()


def add_person(
    connection: Connection,
    person: uuid.UUID,
    faces: Mapping[uuid.UUID, uuid.UUID],
    *,
    name: str | None = None,
    library_id: uuid.UUID = DEFAULT_LIBRARY,
    **values: Any,
) -> None:
    """Shows faces, by id with their photos, as a person's; `values` replace columns of `serving.faces`.

    Further faces of a photo stand to the right of those that are there. The thumbnail of each is the bytes `picture`.
    """
    epoch, _ = next_epoch(connection)
    for face, photo in faces.items():
        beside = select(func.count()).where(schema.faces.c.photo_id == photo)
        place = connection.execute(beside).scalar_one()
        row = face_row(photo, place, 8, "0" * 12)
        known = {"face_id": face, "library_id": library_id, "person_id": person, "epoch": epoch}
        connection.execute(insert(schema.faces).values({**row, **known, "thumbnail_sha256": THUMBNAIL, **values}))
    if name is not None:
        describe(connection, epoch, library_id, {person: name}, ())
    recount(connection, epoch, library_id, [person])


def _photo(library_id: uuid.UUID, number: int, epoch: int) -> dict[str, Any]:
    return {
        "photo_id": photo_id(library_id, _sha256(number)),
        "library_id": library_id,
        "epoch": epoch,
        "sha256": _sha256(number),
        "media_type": "image/jpeg",
        "size_bytes": 1000,
        "width": 2000,
        "height": 1500,
        "orientation": 1,
    }


def _sha256(number: int) -> str:
    return hashlib.sha256(f"people {number}".encode()).hexdigest()
