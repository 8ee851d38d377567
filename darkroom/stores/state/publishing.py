"""Publishing: the one transaction that makes rows visible, and the epoch that names it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from darkroom.stores.state import schema
from darkroom.stores.state.outputs import PhotoOutput
from darkroom.stores.state.photo_words import publish_words


def next_epoch(connection: Connection) -> tuple[int, datetime]:
    """Takes the next publish epoch. The lock it holds until commit makes epochs visible in order."""
    row = connection.execute(text("SELECT epoch, published_at FROM serving.next_epoch()")).one()
    return row.epoch, row.published_at


def current_epoch(connection: Connection) -> int:
    """The newest committed epoch."""
    return connection.execute(select(schema.publish_epoch.c.epoch)).scalar_one()


def publish_photos(connection: Connection, epoch: int, photos: Sequence[Mapping[str, Any]]) -> None:
    """Inserts or replaces serving rows and appends a change for each."""
    table = schema.photos
    for photo in photos:
        values = {**photo, "epoch": epoch}
        statement = upsert(table).values(**values, first_epoch=epoch)
        first = func.coalesce(table.c.first_epoch, table.c.epoch)
        changes = {**values, "first_epoch": first, "published_at": func.now()}
        connection.execute(statement.on_conflict_do_update(index_elements=["photo_id"], set_=changes))
    publish_words(connection, photos)
    for library_id in {photo["library_id"] for photo in photos}:
        mine = [photo["photo_id"] for photo in photos if photo["library_id"] == library_id]
        note_changes(connection, epoch, library_id, "published", mine)


def note_changes(connection: Connection, epoch: int, library_id: UUID, kind: str, photos: Sequence[UUID]) -> None:
    """Appends to the feed of changes: photos `published`, `removed`, or `regrouped` with others."""
    rows = [{"library_id": library_id, "epoch": epoch, "kind": kind, "photo_id": photo} for photo in photos]
    if rows:
        connection.execute(insert(schema.changes), rows)


def publish_files(connection: Connection, epoch: int, files: Sequence[Mapping[str, Any]]) -> None:
    """Inserts or replaces the files of published photos; a photo that loses one to another is noted as changed."""
    table = schema.photo_files
    for library_id in {file["library_id"] for file in files}:
        mine = {
            (file["source_id"], file["path"]): file["photo_id"] for file in files if file["library_id"] == library_id
        }
        held = select(table.c.source_id, table.c.path, table.c.photo_id).where(
            tuple_(table.c.source_id, table.c.path).in_(list(mine))
        )
        lost = [row.photo_id for row in connection.execute(held) if mine[row.source_id, row.path] != row.photo_id]
        _note_lost_files(connection, epoch, library_id, lost)
    for file in files:
        values = {**file, "epoch": epoch}
        statement = upsert(table).values(**values)
        connection.execute(statement.on_conflict_do_update(index_elements=["source_id", "path"], set_=values))


def publish_faces(
    connection: Connection, epoch: int, photos: Sequence[UUID], faces: Sequence[Mapping[str, Any]]
) -> set[UUID]:
    """Makes these the faces of the photos; a face that stays keeps its person. Returns the people who lost faces."""
    table = schema.faces
    kept = [face["face_id"] for face in faces]
    gone = delete(table).where(table.c.photo_id.in_(photos), table.c.face_id.not_in(kept)).returning(table.c.person_id)
    lost: set[UUID] = set(connection.execute(gone).scalars()) - {None}
    if faces:
        statement = upsert(table).values([{**face, "epoch": epoch} for face in faces])
        values = {name: statement.excluded[name] for name in (*faces[0], "epoch") if name != "face_id"}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["face_id"], set_={**values, "published_at": func.now()})
        )
    return lost


def drop_missing_files(connection: Connection, epoch: int, library_id: UUID) -> None:
    """Removes serving rows of files that are no longer there; their photos stay and are noted as changed."""
    served, files = schema.photo_files, schema.source_files
    gone = exists().where(
        files.c.source_id == served.c.source_id, files.c.path == served.c.path, files.c.state == "missing"
    )
    statement = delete(served).where(served.c.library_id == library_id, gone).returning(served.c.photo_id)
    _note_lost_files(connection, epoch, library_id, connection.execute(statement).scalars().all())


def _note_lost_files(connection: Connection, epoch: int, library_id: UUID, photos: Collection[UUID]) -> None:
    """Takes photos that this epoch does not publish anyway under it."""
    table = schema.photos
    statement = update(table).where(table.c.photo_id.in_(set(photos)), table.c.epoch < epoch)
    changed = connection.execute(statement.values(epoch=epoch, published_at=func.now()).returning(table.c.photo_id))
    note_changes(connection, epoch, library_id, "published", sorted(changed.scalars()))


def files_published_after(connection: Connection, epoch: int) -> Iterator[tuple[Row[Any], list[Row[Any]]]]:
    """Photos of later epochs, each with the files it has now, by epoch and photo."""
    photos, files = schema.photos, schema.photo_files
    statement = (
        select(
            photos.c.epoch,
            photos.c.photo_id,
            photos.c.library_id,
            photos.c.published_at,
            files.c.source_id,
            files.c.path,
        )
        .outerjoin(files, files.c.photo_id == photos.c.photo_id)
        .where(photos.c.epoch > epoch)
        .order_by(photos.c.epoch, photos.c.photo_id, files.c.source_id, files.c.path)
    )
    for _, rows in groupby(connection.execute(statement), lambda row: row.photo_id):
        found = list(rows)
        yield found[0], [row for row in found if row.path is not None]


def publish_texts(
    connection: Connection, epoch: int, photo_ids: Sequence[UUID], texts: Sequence[Mapping[str, Any]]
) -> None:
    """Replaces the lines of text of these photos; one that has none in `texts` loses them."""
    table = schema.texts
    connection.execute(delete(table).where(table.c.photo_id.in_(photo_ids)))
    if texts:
        connection.execute(insert(table), [{**text, "epoch": epoch} for text in texts])


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


def outputs_done(connection: Connection, library_id: UUID, outputs: Sequence[str]) -> Iterable[tuple[UUID, str, str]]:
    """Photo, output and version of what serving says is done of these outputs."""
    table = schema.published_outputs
    statement = select(table.c.photo_id, table.c.output, table.c.version)
    here = (table.c.library_id == library_id, table.c.output.in_(outputs), table.c.state == "done")
    return connection.execute(statement.where(*here)).tuples().all()


def published_among(connection: Connection, photo_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these photos serving knows."""
    table = schema.photos
    return set(connection.execute(select(table.c.photo_id).where(table.c.photo_id.in_(photo_ids))).scalars())


def outputs_published_after(connection: Connection, epoch: int) -> Sequence[Row[Any]]:
    """Rows of `serving.published_outputs` of later epochs, by epoch, photo and output."""
    table = schema.published_outputs
    statement = select(table).where(table.c.epoch > epoch).order_by(table.c.epoch, table.c.photo_id, table.c.output)
    return connection.execute(statement).all()


def photos_at(connection: Connection, paths: Sequence[str]) -> Sequence[tuple[UUID, UUID, str]]:
    """Library, photo and path of published files at these paths, whatever their source."""
    table = schema.photo_files
    statement = select(table.c.library_id, table.c.photo_id, table.c.path).where(table.c.path.in_(paths))
    return connection.execute(statement).tuples().all()
