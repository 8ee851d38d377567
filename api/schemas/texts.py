"""Text in a photo as clients see it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.schemas.photos import Box


class TextLine(BaseModel):
    """A line of text that was read."""

    text: str = Field(description="The line.", examples=["TOTAL 12.40"])
    score: float = Field(ge=0, le=1, description="How certain the reader was.", examples=[0.97])
    box: Box = Field(description="Where it stands.")


class PhotoLines(BaseModel):
    """Text read in one photo."""

    lines: list[TextLine] = Field(description="The lines in reading order; empty when none was read, or not yet.")
