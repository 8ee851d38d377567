"""Imports as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.queries.imports import ImportRecord
from api.schemas.examples import BATCH, IMPORT, LIBRARY, PHOTO, SOURCE
from darkroom.domain.progress import progress

State = Literal["new", "planning", "running", "succeeded", "failed", "cancelling", "cancelled"]


class NewImport(BaseModel):
    """What to import."""

    model_config = ConfigDict(extra="forbid")

    source_id: UUID = Field(description="A registered source.", examples=[SOURCE])
    path: str | None = Field(
        None, max_length=4096, description="A folder or file inside the source; everything when left out."
    )
    removed_on_purpose: bool = Field(
        False,
        description="Whether files that are gone were removed on purpose. Otherwise an import fails when most are: the"
        " disk may not be mounted. A watched source that is copied needs no such word.",
    )


class Progress(BaseModel):
    """How far an import is."""

    files_listed: int | None = Field(description="Files seen in the source so far; null before listing.")
    files_new: int | None = Field(description="Of these, files that are new, changed or unfinished.")
    files_done: int = Field(description="Files opened so far, whatever came of them.")
    files_failed: int = Field(description="Files that could not be taken in; `/failures` says why.")
    photos_published: int = Field(description="Photos of this import that everyone can see.")
    percent: float = Field(ge=0, le=100, description="Share of the work; 0 while the files are still being listed.")
    rate_per_second: float | None = Field(description="Files a second, over the whole import; null unless it runs.")
    eta_seconds: float | None = Field(description="Estimated seconds to the end; null while there is no basis for it.")


class Gates(BaseModel):
    """Verdicts of quality gates over the tables of an import's batches."""

    passed: int = Field(description="Tables whose rows met their contract.")
    failed: int = Field(description="Tables whose rows did not: their batch was stopped.")


class Import(BaseModel):
    """An import and how far it is."""

    id: UUID = Field(description="Identity.", examples=[IMPORT])
    library_id: UUID = Field(description="The library its photos go to.", examples=[LIBRARY])
    source_id: UUID = Field(description="The source it reads.", examples=[SOURCE])
    path: str | None = Field(description="The part of the source it reads, percent-escaped; null for all of it.")
    state: State = Field(description="Where it stands; it has ended when it succeeded, failed or was cancelled.")
    progress: Progress = Field(description="How far it is.")
    gates: Gates = Field(description="What quality gates said of it.")
    error: str | None = Field(description="Why it failed, in a sentence.")
    created_at: datetime = Field(description="When it was asked for.")
    started_at: datetime | None = Field(description="When work began.")
    finished_at: datetime | None = Field(description="When it ended.")

    @classmethod
    def of(cls, record: ImportRecord, now: datetime) -> Import:
        """The import of a record, as of `now` (aware)."""
        row = record.row
        far = progress(
            record.batches,
            state=row["state"],
            files_new=row["files_new"],
            outputs_off=record.outputs_off,
            started_at=row["started_at"],
            now=now,
        )
        names = ("id", "library_id", "source_id", "path", "state", "error", "created_at", "started_at", "finished_at")
        counted = Progress(files_listed=row["files_listed"], files_new=row["files_new"], **vars(far))
        passed, failed = record.gates
        gates = Gates(passed=passed, failed=failed)
        return cls(progress=counted, gates=gates, **{name: row[name] for name in names})


class Failure(BaseModel):
    """Why a file was not taken in, or an output could not be made."""

    id: UUID = Field(description="Identity.")
    photo_id: UUID | None = Field(description="The photo, when there is one.", examples=[PHOTO])
    source_id: UUID | None = Field(description="The source of the file.", examples=[SOURCE])
    path: str | None = Field(description="Path inside the source, percent-escaped.", examples=["2024/broken.jpg"])
    output: str = Field(description="What could not be made: an output, or `intake` for the file.", examples=["intake"])
    kind: str = Field(description="Class of the failure.", examples=["corrupt"])
    reason: str = Field(description="What happened, in a sentence.", examples=["the file is empty"])
    transient: bool = Field(description="Whether trying again may help.")
    recorded_at: datetime = Field(description="When it happened.")


class ProgressEvent(BaseModel):
    """Data of a `progress` event: one step of one batch moved on."""

    step: str = Field(description="The step.", examples=["intake"])
    done: int = Field(description="Files or photos the step is done with.", examples=[64])
    total: int | None = Field(description="Of so many.", examples=[256])
    batch_id: UUID | None = Field(description="The batch.", examples=[BATCH])
    recorded_at: datetime = Field(description="When.")
