"""Published photos for tests of what reads them: serving rows written directly, without a pipeline.

Every function takes a connection of the owner. Belongs here: rows that look like a publication's. Does not belong
here: how publishing really writes them (`services.publishing`).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

from darkroom.domain import identity
from darkroom.stores.state import schema
from darkroom.stores.state.photo_words import publish_words
from darkroom.stores.state.publishing import next_epoch

MODIFIED_AT = datetime(2024, 5, 1, 10, 34, 56, tzinfo=UTC)


def add_library(connection: Connection, user_id: uuid.UUID, name: str = "other") -> uuid.UUID:
    """A library of a user."""
    table = schema.libraries
    return connection.execute(insert(table).values(owner_id=user_id, name=name).returning(table.c.id)).scalar_one()


def add_source(connection: Connection, library_id: uuid.UUID, path: str, **values: Any) -> uuid.UUID:
    """A source over the folder `path`; `reference` unless `mode` says otherwise."""
    table = schema.sources
    row = {"library_id": library_id, "name": path.rsplit("/", 1)[-1], "mode": "reference", "path": path, **values}
    return connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()


def publish_photo(
    connection: Connection,
    name: str,
    *,
    library_id: uuid.UUID = identity.DEFAULT_LIBRARY,
    source_id: uuid.UUID | None = None,
    content: bytes | None = None,
    outputs: Mapping[str, str] | None = None,
    **values: Any,
) -> uuid.UUID:
    """Publishes a photo called `name` under an epoch of its own; `values` replace columns of `serving.photos`.

    With `source_id` it has a file of that name in the source; `outputs` maps names to states. Returns its id.
    """
    content = content if content is not None else name.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    epoch, _ = next_epoch(connection)
    row = {
        "photo_id": identity.photo_id(library_id, sha256),
        "library_id": library_id,
        "epoch": epoch,
        "sha256": sha256,
        "media_type": "image/jpeg",
        "size_bytes": len(content),
        "width": 4000,
        "height": 3000,
        "orientation": 1,
        **values,
    }
    connection.execute(insert(schema.photos).values(row))
    publish_words(connection, [row])
    if source_id is not None:
        add_file(connection, row, source_id, name)
    for output, state in (outputs or {}).items():
        stands = {"photo_id": row["photo_id"], "library_id": library_id, "output": output, "state": state}
        connection.execute(insert(schema.published_outputs).values(**stands, epoch=epoch))
    return row["photo_id"]  # type: ignore[no-any-return]


def add_file(
    connection: Connection,
    photo: Mapping[str, Any],
    source_id: uuid.UUID,
    path: str,
    modified_at: datetime = MODIFIED_AT,
) -> None:
    """A file of a published photo."""
    names = ("photo_id", "library_id", "sha256", "size_bytes", "epoch")
    row = {**{name: photo[name] for name in names}, "source_id": source_id, "path": path, "modified_at": modified_at}
    connection.execute(insert(schema.photo_files).values(row))


def add_person(
    connection: Connection,
    name: str | None,
    photos: Sequence[uuid.UUID | str],
    library_id: uuid.UUID = identity.DEFAULT_LIBRARY,
    **values: Any,
) -> uuid.UUID:
    """A person called `name` with a face in each of these published photos. Returns the person's id."""
    person_id = uuid.uuid4()
    epoch, _ = next_epoch(connection)
    row = {"person_id": person_id, "library_id": library_id, "name": name, "epoch": epoch, **values}
    connection.execute(insert(schema.people).values(faces=len(photos), photos=len(photos), **row))
    for photo_id in photos:
        face = {"face_id": uuid.uuid4(), "photo_id": photo_id, "library_id": library_id, "person_id": person_id}
        box = {"x": 0.1, "y": 0.1, "w": 0.2, "h": 0.2, "score": 1.0, "size_px": 90, "thumbnail_sha256": "0" * 64}
        connection.execute(insert(schema.faces).values(**face, **box, epoch=epoch))
    return person_id


def add_duplicates(
    connection: Connection,
    photos: Sequence[uuid.UUID],
    kind: str = "near",
    *,
    sizes: Sequence[int] = (),
    library_id: uuid.UUID = identity.DEFAULT_LIBRARY,
    **values: Any,
) -> uuid.UUID:
    """A group of these published photos, the first to be kept; `sizes` are of their files. Returns the group's id."""
    sizes = sizes or [100] * len(photos)
    wasted = sum(sizes[1:]) if kind != "bytes" else sizes[0]
    epoch, _ = next_epoch(connection)
    row = {
        "group_id": uuid.uuid5(library_id, f"{kind}:{min(photos)}"),
        "library_id": library_id,
        "kind": kind,
        "keeper_id": photos[0],
        "photos": len(photos),
        "wasted_bytes": wasted,
        "found_bytes": wasted,
        "epoch": epoch,
        **values,
    }
    connection.execute(insert(schema.duplicate_groups).values(**row))
    for position, (photo_id, size) in enumerate(zip(photos, sizes, strict=True)):
        member = {"group_id": row["group_id"], "photo_id": photo_id, "library_id": library_id}
        connection.execute(insert(schema.duplicate_members).values(**member, position=position, size_bytes=size))
    return row["group_id"]  # type: ignore[no-any-return]


def add_stack(
    connection: Connection,
    photos: Sequence[uuid.UUID],
    kind: str = "burst",
    library_id: uuid.UUID = identity.DEFAULT_LIBRARY,
) -> uuid.UUID:
    """A stack of these published photos. Returns its id."""
    stack_id = uuid.uuid5(library_id, f"{kind}:{min(photos)}")
    epoch, _ = next_epoch(connection)
    row = {"stack_id": stack_id, "library_id": library_id, "kind": kind, "photos": len(photos), "epoch": epoch}
    connection.execute(insert(schema.stacks).values(**row))
    for position, photo_id in enumerate(photos):
        member = {"stack_id": stack_id, "photo_id": photo_id, "library_id": library_id, "position": position}
        connection.execute(insert(schema.stack_members).values(**member))
    return stack_id
