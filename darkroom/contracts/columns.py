"""Columns that many tables share, so that one name means one thing in every table."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.table import Column, IndexAs, Row

UUID_PATTERN = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SHA256_PATTERN = r"[0-9a-f]{64}"

PhotoId = Annotated[str, Column("Identity of the photo: UUIDv5 of library and first bytes seen.", pattern=UUID_PATTERN)]
LibraryId = Annotated[str, Column("Library the row belongs to.", pattern=UUID_PATTERN, index=IndexAs.KEYWORD)]
BatchId = Annotated[str, Column("Batch whose run wrote the row.", pattern=UUID_PATTERN)]
Sha256 = Annotated[str, Column("SHA-256 of the bytes, lower-case hex.", pattern=SHA256_PATTERN)]


class FactRow(Row):
    """A row that records something seen, once."""

    library_id: LibraryId
    batch_id: BatchId
    recorded_at: Annotated[AwareDatetime, Column("When the row was written (UTC).")]


class ComputedRow(Row):
    """A row computed from a photo: keyed by (photo, output version, attempt), never updated."""

    photo_id: PhotoId
    library_id: LibraryId
    batch_id: BatchId
    attempt: Annotated[int, Column("Sequence number of the batch; the newest attempt of a version is current.", ge=1)]
    output_version: Annotated[
        str, Column("Hash of provider, code version, weights and parameters.", pattern=r"[0-9a-f]{12}")
    ]
    provider: Annotated[str, Column("Provider that really answered.")]
    computed_at: Annotated[AwareDatetime, Column("When the row was computed (UTC).")]
