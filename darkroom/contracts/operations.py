"""How photos were processed: append-only copies, for analysts, of what state holds as the truth."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.columns import UUID_PATTERN, FactRow, PhotoId
from darkroom.contracts.table import Column, Row, Table

FAILURE_KINDS = (
    "unsupported",
    "corrupt",
    "too_large",
    "timeout",
    "crashed",
    "unreadable",
    "vanished",
    "changed",
    "quarantined",
    "error",
)


class Failure(FactRow):
    """Why a file was not taken in, or why one output of a photo could not be computed."""

    failure_id: Annotated[str, Column("Identity of the failure.", pattern=UUID_PATTERN)]
    photo_id: Annotated[str | None, Column("The photo, when there is one.", pattern=UUID_PATTERN)]
    source_id: Annotated[str | None, Column("Source of the file.", pattern=UUID_PATTERN)]
    path: Annotated[str | None, Column("Path inside the source, percent-escaped.")]
    output: Annotated[str, Column("What could not be made: an output's name, or 'intake'.")]
    kind: Annotated[str, Column("Class of the failure.", values=FAILURE_KINDS)]
    reason: Annotated[str, Column("What happened, in a sentence.")]
    transient: Annotated[bool, Column("Whether trying again may help.")]


class Batch(FactRow):
    """A unit of work: files frozen together and processed by one run."""

    sequence: Annotated[int, Column("Order of freezing; the attempt of the rows it writes.", ge=1)]
    request_id: Annotated[str | None, Column("Request it belongs to.", pattern=UUID_PATTERN)]
    kind: Annotated[str, Column("Why it exists.", values=("import", "refill"))]
    files: Annotated[int, Column("Number of items.", ge=1)]
    frozen_at: Annotated[AwareDatetime, Column("When its items were fixed (UTC).")]


class OutputVersion(Row):
    """Which version of an output counts: the newest `since` per library and output is current."""

    library_id: Annotated[str, Column("Library it holds for.", pattern=UUID_PATTERN)]
    output: Annotated[str, Column("Output.")]
    output_version: Annotated[str, Column("The version.", pattern=r"[0-9a-f]{12}")]
    provider: Annotated[str, Column("Provider of that version.")]
    since: Annotated[AwareDatetime, Column("When it became current (UTC).")]


class Publication(Row):
    """What a publish epoch said about one output of one photo: the rows analysts may trust."""

    epoch: Annotated[int, Column("Publish epoch.", ge=1)]
    photo_id: PhotoId
    library_id: Annotated[str, Column("Library the photo belongs to.", pattern=UUID_PATTERN)]
    output: Annotated[str, Column("Output, or 'photos' for the photo itself.")]
    output_version: Annotated[str | None, Column("Version published; null when it is off.")]
    attempt: Annotated[int | None, Column("Attempt published; null unless done.", ge=1)]
    state: Annotated[str, Column("State at that epoch.", values=("done", "failed", "missing", "off"))]
    reason: Annotated[str | None, Column("Why it is not done.")]
    tries: Annotated[int, Column("How often it has failed.", ge=0)]
    published_at: Annotated[AwareDatetime, Column("When the epoch was committed (UTC).")]


FAILURES = Table(
    name="failures",
    row=Failure,
    grain="one row per failure",
    primary_key=("failure_id",),
    pii=("path",),
)
BATCHES = Table(name="batches", row=Batch, grain="one row per batch", primary_key=("batch_id",))
OUTPUT_VERSIONS = Table(
    name="output_versions",
    row=OutputVersion,
    grain="one row per library, output, version and time it became current",
    primary_key=("library_id", "output", "since"),
)
PUBLICATIONS = Table(
    name="publications",
    row=Publication,
    grain="one row per epoch, photo and output",
    primary_key=("epoch", "photo_id", "output"),
)
