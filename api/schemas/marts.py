"""Marts as clients see them."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Column(BaseModel):
    """A column of a mart."""

    name: str = Field(description="Name.", examples=["taken_day"])
    type: str = Field(description="Type, as SQL says it.", examples=["DATE"])
    description: str | None = Field(description="What it means.")


class Mart(BaseModel):
    """A table for analysts."""

    name: str = Field(description="Name.", examples=["library_daily"])
    description: str | None = Field(description="What it is about.")
    columns: list[Column] = Field(description="Its columns, in order.")
