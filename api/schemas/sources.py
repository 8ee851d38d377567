"""Sources as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas.examples import LIBRARY, SOURCE

Mode = Literal["copy", "reference"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class NewSource(BaseModel):
    """A folder to register."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(
        min_length=1, max_length=4096, description="Absolute path of the folder, as the file system has it."
    )
    mode: Mode = Field("reference", description="`reference` reads originals in place; `copy` keeps a copy of each.")
    name: Name | None = Field(None, description="What people call it; the folder's name when left out.")
    watched: bool = Field(False, description="Whether to import again by itself, now and then.")


class SourceChange(BaseModel):
    """What may change about a registered folder."""

    model_config = ConfigDict(extra="forbid", strict=True)

    watched: bool = Field(description="Whether to import again by itself, now and then.", examples=[False])


class Source(BaseModel):
    """A registered folder."""

    id: UUID = Field(description="Identity.", examples=[SOURCE])
    library_id: UUID = Field(description="The library its photos go to.", examples=[LIBRARY])
    name: str = Field(description="What people call it.", examples=["Pictures"])
    mode: Mode = Field(description="Whether originals are copied or read in place.")
    path: str = Field(description="Real path of the folder, percent-escaped.", examples=["/srv/pictures"])
    watched: bool = Field(description="Whether it is imported again by itself.")
    created_at: datetime = Field(description="When it was registered.")
