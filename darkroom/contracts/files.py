"""Where the bytes of a photo were seen."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.columns import UUID_PATTERN, FactRow, PhotoId, Sha256
from darkroom.contracts.table import Column, IndexAs, Table


class PhotoFile(FactRow):
    """A file in a source that held a photo's bytes when it was seen."""

    photo_id: PhotoId
    source_id: Annotated[str, Column("Source the file belongs to.", pattern=UUID_PATTERN)]
    path: Annotated[
        str,
        Column("Path inside the source: percent-escaped UTF-8, '/' between parts.", index=IndexAs.WORDS),
    ]
    sha256: Sha256
    size_bytes: Annotated[int, Column("Size of the file.", unit="bytes", ge=1)]
    modified_at: Annotated[AwareDatetime, Column("Modification time the file system gave (UTC).")]


PHOTO_FILES = Table(
    name="photo_files",
    row=PhotoFile,
    grain="one row per source, path and content",
    primary_key=("source_id", "path", "sha256"),
    pii=("path",),
)
