"""Which bytes belong to which photo: the truth of identity."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, exists, select
from sqlalchemy.dialects.postgresql import insert

from darkroom.stores.state import schema


def photo_of(connection: Connection, library_id: UUID, sha256: str) -> UUID | None:
    """The photo that has had these bytes."""
    table = schema.contents
    statement = select(table.c.photo_id).where(table.c.library_id == library_id, table.c.sha256 == sha256)
    return connection.execute(statement).scalar()


def photo_at_path_with_pixels(connection: Connection, file_id: int, pixel_digest: str) -> UUID | None:
    """The photo last seen in this file, if it has had these pixels: a tag editor rewrote the file."""
    files, table = schema.source_files, schema.contents
    same_pixels = exists().where(table.c.photo_id == files.c.photo_id, table.c.pixel_digest == pixel_digest)
    statement = select(files.c.photo_id).where(files.c.id == file_id, files.c.photo_id.is_not(None), same_pixels)
    return connection.execute(statement).scalar()


def record(connection: Connection, library_id: UUID, sha256: str, photo_id: UUID, pixel_digest: str | None) -> None:
    """Records that the photo has these bytes; bytes already known keep their photo."""
    statement = insert(schema.contents).values(
        library_id=library_id, sha256=sha256, photo_id=photo_id, pixel_digest=pixel_digest
    )
    connection.execute(statement.on_conflict_do_nothing())


def kept_originals(connection: Connection) -> list[tuple[UUID, str, UUID]]:
    """(library, digest, photo) of every content that a copying source has brought, in digest order."""
    table, files, source = schema.contents, schema.source_files, schema.sources
    copied = exists().where(
        files.c.library_id == table.c.library_id,
        files.c.sha256 == table.c.sha256,
        files.c.source_id == source.c.id,
        source.c.mode == "copy",
    )
    statement = select(table.c.library_id, table.c.sha256, table.c.photo_id).where(copied).order_by(table.c.sha256)
    return list(connection.execute(statement).tuples())
