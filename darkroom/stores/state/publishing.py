"""Publishing: the one transaction that makes rows visible, and the epoch that names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from darkroom.stores.state import schema
from darkroom.stores.state.outputs import PhotoOutput


def next_epoch(connection: Connection) -> tuple[int, datetime]:
    """Takes the next publish epoch. The lock it holds until commit makes epochs visible in order."""
    table = schema.publish_epoch
    statement = update(table).values(epoch=table.c.epoch + 1, published_at=func.now())
    row = connection.execute(statement.returning(table.c.epoch, table.c.published_at)).one()
    return row.epoch, row.published_at


def current_epoch(connection: Connection) -> int:
    """The newest committed epoch."""
    return connection.execute(select(schema.publish_epoch.c.epoch)).scalar_one()


def publish_photos(connection: Connection, epoch: int, photos: Sequence[Mapping[str, Any]]) -> None:
    """Inserts or replaces serving rows and appends a change for each."""
    table = schema.photos
    for photo in photos:
        values = {**photo, "epoch": epoch}
        statement = upsert(table).values(**values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["photo_id"], set_={**values, "published_at": func.now()})
        )
    if photos:
        changes = [
            {"library_id": p["library_id"], "epoch": epoch, "kind": "published", "photo_id": p["photo_id"]}
            for p in photos
        ]
        connection.execute(insert(schema.changes), changes)


def publish_files(connection: Connection, epoch: int, files: Sequence[Mapping[str, Any]]) -> None:
    """Inserts or replaces the files of published photos."""
    table = schema.photo_files
    for file in files:
        values = {**file, "epoch": epoch}
        statement = upsert(table).values(**values)
        connection.execute(statement.on_conflict_do_update(index_elements=["source_id", "path"], set_=values))


def drop_missing_files(connection: Connection, library_id: UUID) -> None:
    """Removes serving rows of files that are no longer there; their photos stay."""
    served, files = schema.photo_files, schema.source_files
    gone = exists().where(
        files.c.source_id == served.c.source_id, files.c.path == served.c.path, files.c.state == "missing"
    )
    connection.execute(delete(served).where(served.c.library_id == library_id, gone))


def publish_outputs(connection: Connection, epoch: int, library_id: UUID, outputs: Sequence[PhotoOutput]) -> None:
    """Copies how each output stands into serving: from now on that is what everyone is told."""
    if not outputs:
        return
    rows = [{**vars(output), "library_id": library_id, "epoch": epoch} for output in outputs]
    statement = upsert(schema.published_outputs).values(rows)
    values = {name: statement.excluded[name] for name in rows[0]}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["photo_id", "output"], set_={**values, "published_at": func.now()}
        )
    )


def published_among(connection: Connection, photo_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these photos serving knows."""
    table = schema.photos
    return set(connection.execute(select(table.c.photo_id).where(table.c.photo_id.in_(photo_ids))).scalars())


def outputs_published_after(connection: Connection, epoch: int) -> Sequence[Row[Any]]:
    """Rows of `serving.published_outputs` of later epochs, by epoch, photo and output."""
    table = schema.published_outputs
    statement = select(table).where(table.c.epoch > epoch).order_by(table.c.epoch, table.c.photo_id, table.c.output)
    return connection.execute(statement).all()
