"""The timeline's shape: what a client needs to lay it out before it has any photo."""

from __future__ import annotations

from pydantic import BaseModel, Field


class TimelinePage(BaseModel):
    """A page of a month."""

    cursor: str | None = Field(
        description="Pass it as `cursor` to the list of photos, with the same filter and `photos` as `limit`; null at "
        "the very beginning."
    )
    photos: int = Field(ge=1, description="How many photos it has.", examples=[100])


class Month(BaseModel):
    """A month of the timeline."""

    month: str | None = Field(description="Year and month; null for photos without a date.", examples=["2024-05"])
    photos: int = Field(ge=1, description="How many photos were taken in it.", examples=[412])
    pages: list[TimelinePage] = Field(description="Its pages in order: each can be asked for without those before it.")


class Timeline(BaseModel):
    """Every month in which photos were taken, newest first, undated photos last."""

    months: list[Month] = Field(description="The months.")
    epoch: int = Field(ge=0, description="Publish epoch it shows, or a later one.", examples=[17])
