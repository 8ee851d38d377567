"""Duplicates and stacks as clients see them."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.queries.duplicates import SHOWN, GroupRecord
from api.queries.photos import PhotoRecord
from api.schemas.examples import GROUP, LIBRARY, OTHER_PHOTO, PHOTO
from api.schemas.photos import Photo

DuplicateKind = Literal["bytes", "pixels", "near"]
StackKind = Literal["raw_jpeg", "burst"]


class DuplicateGroup(BaseModel):
    """Photos that are copies of the one to keep, or one photo that several files hold."""

    id: UUID = Field(description="Identity of the group; it stays while its photos do.", examples=[GROUP])
    library_id: UUID = Field(description="The library it belongs to.", examples=[LIBRARY])
    kind: DuplicateKind = Field(
        description="Same bytes in several files (`bytes`), equal pixels (`pixels`), or nearly the same (`near`).",
        examples=["near"],
    )
    wasted_bytes: int = Field(ge=0, description="Size of the redundant files, in bytes.", examples=[2_514_034])
    keeper_id: UUID = Field(description="The photo to keep; until a decision, a proposal.", examples=[PHOTO])
    decision: Literal["kept", "dismissed"] | None = Field(
        description="What people decided about all of it; null while nobody has.", examples=["kept"]
    )
    photo_count: int = Field(ge=1, description="How many photos the group has.", examples=[2])
    photos: list[Photo] = Field(description=f"The photos, the kept one first; at most {SHOWN} of them.")

    @classmethod
    def of(cls, record: GroupRecord) -> DuplicateGroup:
        """The group of a record."""
        row = record.row
        return cls(
            id=row["group_id"],
            photo_count=row["photos"],
            photos=[Photo.of(photo) for photo in record.photos],
            **{name: row[name] for name in ("library_id", "kind", "wasted_bytes", "keeper_id", "decision")},
        )


class Keep(BaseModel):
    """Which photo of a group is to be kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"keeper_id": PHOTO}]})

    keeper_id: UUID = Field(description="A photo of the group; the others are redundant.", examples=[PHOTO])


class Merge(BaseModel):
    """Photos that are copies of one, whatever they look like."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"keeper_id": PHOTO, "copies": [OTHER_PHOTO]}]}
    )

    keeper_id: UUID = Field(description="The photo to keep.", examples=[PHOTO])
    copies: list[UUID] = Field(min_length=1, max_length=SHOWN, description="Redundant photos of the same library.")


class Stack(BaseModel):
    """Photos that belong together without being copies."""

    id: UUID = Field(description="Identity of the stack.")
    library_id: UUID = Field(description="The library it belongs to.", examples=[LIBRARY])
    kind: StackKind = Field(
        description="A raw file and what was developed from it (`raw_jpeg`), or shots in quick succession (`burst`).",
        examples=["burst"],
    )
    photos: list[Photo] = Field(description="The photos in order; the first stands for all.")

    @classmethod
    def of(cls, row: dict[str, Any], photos: list[PhotoRecord]) -> Stack:
        """The stack of a serving row."""
        told = {name: row[name] for name in ("library_id", "kind")}
        return cls(id=row["stack_id"], photos=[Photo.of(photo) for photo in photos], **told)
