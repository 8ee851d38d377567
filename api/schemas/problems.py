"""The body of every error."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ProblemError(BaseModel):
    """One part of the request that is wrong."""

    detail: str = Field(description="What is wrong with it.", examples=["Input should be greater than 0"])
    pointer: str | None = Field(None, description="JSON pointer into the body.", examples=["#/source_id"])
    parameter: str | None = Field(None, description="Name of the parameter or header.", examples=["limit"])


class ProblemBody(BaseModel):
    """A problem as RFC 9457 describes it."""

    type: str = Field(description="Where the type is described.", examples=["/problems/not-found"])
    title: str = Field(description="Name of the type.", examples=["Not found"])
    status: int = Field(description="HTTP status.", examples=[404])
    detail: str = Field(description="What happened this time.", examples=["There is no such photo."])
    instance: str | None = Field(None, description="Names this occurrence; the log has it too.")
    errors: list[ProblemError] = Field(default_factory=list, description="The parts that are wrong, if any.")


class ProblemEntry(BaseModel):
    """An entry of the registry of problems."""

    type: str = Field(description="URI of the type.", examples=["/problems/not-found"])
    title: str = Field(description="Name of the type.", examples=["Not found"])
    status: int = Field(description="HTTP status it comes with.", examples=[404])
    meaning: str = Field(description="What it means and what to do about it.")
