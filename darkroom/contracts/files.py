"""Where the bytes of a photo were seen, and where they are."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.columns import UUID_PATTERN, FactRow, PhotoId, Sha256
from darkroom.contracts.table import Column, IndexAs, Row, Table


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


class PublishedFile(Row):
    """A file a photo has."""

    source_id: Annotated[str, Column("Source the file belongs to.", pattern=UUID_PATTERN)]
    path: Annotated[str, Column("Path inside the source: percent-escaped UTF-8, '/' between parts.")]


class PublishedFiles(Row):
    """The files a photo had as of a publish epoch; none when all of them went away. Of a photo the newest row counts.

    `photo_files` cannot say it: a file that moved or went away leaves its row there.
    """

    epoch: Annotated[int, Column("Publish epoch.", ge=1)]
    photo_id: PhotoId
    library_id: Annotated[str, Column("Library the photo belongs to.", pattern=UUID_PATTERN)]
    files: Annotated[list[PublishedFile], Column("The files.")]
    published_at: Annotated[AwareDatetime, Column("When the epoch was committed (UTC).")]


PUBLISHED_FILES = Table(
    name="published_files",
    row=PublishedFiles,
    grain="one row per epoch and photo it changed",
    primary_key=("epoch", "photo_id"),
    pii=("files",),
)
PHOTO_FILES = Table(
    name="photo_files",
    row=PhotoFile,
    grain="one row per source, path and content",
    primary_key=("source_id", "path", "sha256"),
    pii=("path",),
)
