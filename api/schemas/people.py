"""People as clients see them, and what clients decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.examples import FACE, LIBRARY, OTHER_PERSON, PERSON, PHOTO
from api.schemas.photos import VERSION_DIGITS, Face

LONGEST_NAME = 200
MOST_IDS = 500

Faces = Annotated[list[UUID], Field(min_length=1, max_length=MOST_IDS, examples=[[FACE]])]


class Cover(BaseModel):
    """The face that stands for a person."""

    face_id: UUID = Field(description="The face.", examples=[FACE])
    thumbnail: str = Field(description="Address of its thumbnail.")


class Person(BaseModel):
    """Somebody whose faces were recognised as one person's, named or not."""

    id: UUID = Field(description="Identity: it stays when faces are grouped anew.", examples=[PERSON])
    library_id: UUID = Field(description="The library the person belongs to.", examples=[LIBRARY])
    name: str | None = Field(description="The name somebody gave; null without one.", examples=["Anna"])
    hidden: bool = Field(description="Whether lists leave the person out.")
    faces: int = Field(description="How many faces the person has.", examples=[12])
    photos: int = Field(description="On how many photos.", examples=[12])
    cover: Cover | None = Field(description="A face to show; null when there is none.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Person:
        """The person of a row with its cover."""
        cover = row["cover"]
        shown = Cover(face_id=cover, thumbnail=face_address(cover, row["thumbnail_sha256"])) if cover else None
        names = ("library_id", "name", "hidden", "faces", "photos")
        return cls(id=row["person_id"], cover=shown, **{name: row[name] for name in names})


class PersonFace(Face):
    """A face of a person, and where to see it."""

    photo_id: UUID = Field(description="The photo it is in.", examples=[PHOTO])
    score: float = Field(description="Certainty of the finder, on its own scale: more is surer.", examples=[1.2])
    thumbnail: str = Field(description="Address of its thumbnail.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> PersonFace:
        """The face of a serving row."""
        seen = {"photo_id": row["photo_id"], "score": row["score"]}
        address = face_address(row["face_id"], row["thumbnail_sha256"])
        return cls(**vars(Face.of(row)), **seen, thumbnail=address)


class PersonChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Anna"}, {"hidden": True}]})

    name: str | None = Field(None, max_length=LONGEST_NAME, description="A name; null or nothing takes it away.")
    hidden: bool = Field(False, description="Whether lists leave the person out.")


class Merge(BaseModel):
    """Who becomes part of the person."""

    model_config = ConfigDict(extra="forbid")

    others: list[UUID] = Field(
        alias="from", min_length=1, max_length=MOST_IDS, description="People to merge.", examples=[[OTHER_PERSON]]
    )


class ChosenFaces(BaseModel):
    """Faces a decision is about."""

    model_config = ConfigDict(extra="forbid")

    face_ids: Faces = Field(description="Their ids.")


def face_address(face_id: UUID, sha256: str) -> str:
    """Address of a face's thumbnail; `v` names its content, so that a client may keep it for ever."""
    return f"/v1/faces/{face_id}/thumbnail?v={sha256[:VERSION_DIGITS]}"
