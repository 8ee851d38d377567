"""How complete a library is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class OutputCounts(BaseModel):
    """Photos by how the output stands."""

    done: int = Field(0, ge=0, description="It is there.", examples=[1204])
    failed: int = Field(0, ge=0, description="It could not be made.", examples=[3])
    missing: int = Field(0, ge=0, description="It was not made yet.", examples=[0])
    off: int = Field(0, ge=0, description="It is switched off.", examples=[0])


class OutputReason(BaseModel):
    """Why photos lack an output."""

    state: Literal["failed", "missing", "off"] = Field(description="How it stands.", examples=["failed"])
    reason: str = Field(description="What was said.", examples=["the file is truncated"])
    photos: int = Field(ge=1, description="Photos it was said of.", examples=[3])


class Completeness(BaseModel):
    """One output over all photos."""

    output: str = Field(description="Name of the output.", examples=["texts"])
    photos: OutputCounts = Field(description="How many photos have it.")
    reasons: list[OutputReason] = Field(description="The commonest reasons why others have not, most photos first.")
