"""What became of a photo or a file."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.examples import BATCH, IMPORT, PHOTO, SHA256, SOURCE
from api.schemas.imports import Failure
from api.schemas.photos import Output, Photo
from darkroom.domain.verdicts import Fate


class WhyFile(BaseModel):
    """A file in a source."""

    source_id: UUID = Field(description="The source.", examples=[SOURCE])
    path: str = Field(description="Path inside the source, percent-escaped.", examples=["2024/05/market.jpg"])
    state: Literal["frozen", "taken", "failed", "unsupported", "missing"] = Field(description="How it stands.")
    size_bytes: int = Field(description="Size when it was last seen.")
    sha256: str | None = Field(description="Digest of its bytes, once read.", examples=[SHA256])
    photo_id: UUID | None = Field(description="The photo in it, once known.", examples=[PHOTO])
    seen_at: datetime = Field(description="When it was last seen.")


class WhyBatch(BaseModel):
    """A batch that held the file or photo."""

    id: UUID = Field(description="Identity.", examples=[BATCH])
    import_id: UUID | None = Field(description="The import it belongs to.", examples=[IMPORT])
    kind: Literal["import", "refill"] = Field(description="Why it exists.")
    state: Literal["frozen", "running", "published", "failed", "cancelled"] = Field(description="How it stands.")
    item_state: str = Field(description="How the file or photo fared in it.", examples=["taken"])
    error: str | None = Field(description="Why it failed.")
    frozen_at: datetime = Field(description="When it was made.")
    finished_at: datetime | None = Field(description="When it ended.")


class WhyGate(BaseModel):
    """A gate's answer about one table of one batch."""

    batch_id: UUID = Field(description="The batch.", examples=[BATCH])
    table: str = Field(description="The table.", examples=["metadata"])
    passed: bool = Field(description="Whether the rows were good.")
    rows: int = Field(description="How many rows it saw.")
    checked_at: datetime = Field(description="When.")


class Why(BaseModel):
    """What became of a photo or a file, and the evidence."""

    subject: str = Field(description="What was asked about.", examples=[PHOTO])
    state: Fate = Field(description="Where it stands.")
    verdict: str = Field(description="The same in a sentence.", examples=["It is published and complete."])
    photo: Photo | None = Field(description="The photo, when it is published.")
    files: list[WhyFile] = Field(description="Files, the one seen last first.")
    outputs: dict[str, Output] = Field(description="How each output stands now, published or not.")
    failures: list[Failure] = Field(description="What failed, newest first.")
    gates: list[WhyGate] = Field(description="What the gates of its batches said, newest first.")
    batches: list[WhyBatch] = Field(description="Batches that held it, newest first.")
