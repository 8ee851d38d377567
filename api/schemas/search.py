"""A search and its results as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, Page
from api.schemas.examples import PHOTO
from api.schemas.photos import Photo
from darkroom.domain.filters import LONGEST
from darkroom.services.search import LONGEST_TEXT

LegName = Literal["words", "meaning", "look", "person"]


class SearchRequest(BaseModel):
    """What is looked for. Everything is optional and may be combined.

    A text and an example rank photos; a person and a filter restrict them. Without a text and an example the photos
    come in the timeline's order.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"text": "market berlin", "filter": "taken_at >= 2024", "limit": 20},
                {"photo_id": PHOTO, "limit": 20},
            ]
        },
    )

    text: str | None = Field(
        None,
        max_length=LONGEST_TEXT,
        description="Words, in any language, however accented or cased, or what the photo is about, in English.",
        examples=["market berlin"],
    )
    photo_id: UUID | None = Field(None, description="A photo; photos that look like it are found, itself not.")
    example_id: UUID | None = Field(None, description="An uploaded example; photos that look like it are found.")
    person_id: UUID | None = Field(None, description="Only photos that show this person.")
    filter: str | None = Field(
        None,
        max_length=LONGEST,
        description="Conditions (a subset of AIP-160), as in the list of photos.",
        examples=["taken_at >= 2024 AND keywords:spring"],
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT, description="How many results a page has at most.")
    cursor: str | None = Field(
        None, max_length=2048, description="`next_cursor` of the page before, with everything else the same."
    )

    @model_validator(mode="after")
    def _one_example(self) -> Self:
        if self.photo_id is not None and self.example_id is not None:
            raise ValueError("send photo_id or example_id, not both")
        return self


class Span(BaseModel):
    """A stretch of characters."""

    start: int = Field(ge=0, description="First character (Unicode code points).", examples=[0])
    end: int = Field(ge=0, description="After the last character.", examples=[6])


class Highlight(BaseModel):
    """A piece of a photo's text, with the words that were looked for."""

    text: str = Field(description="The piece.", examples=["Market in Berlin"])
    spans: list[Span] = Field(description="Where the words are in it.")


class SearchReason(BaseModel):
    """One reason why a photo was found."""

    kind: Literal["words", "meaning", "look", "person", "filter"] = Field(
        description="What found it: words it has, what its texts mean, how it looks, who is in it, or the filter.",
        examples=["words"],
    )
    detail: str = Field(description="The reason in a line.", examples=["market, berlin in title"])
    score: float = Field(ge=0, le=1, description="How much of what was asked this reason answers.", examples=[1.0])
    property: str | None = Field(None, description="Where the words are: title, text, keywords, path, time, …")
    highlights: list[Highlight] = Field(default_factory=list, description="Where the words are, in their text.")


class SearchHit(BaseModel):
    """A photo that was found."""

    photo: Photo = Field(description="The photo.")
    score: float = Field(ge=0, le=1, description="How well it answers the search; never rises from hit to hit.")
    reasons: list[SearchReason] = Field(description="Why it was found, the best reason first.")


class Degraded(BaseModel):
    """A part of the search that could not do all it should."""

    leg: LegName = Field(description="The part.")
    reason: str = Field(description="What is wrong.", examples=["not in the index: 12 photos"])


class SearchPage(Page[SearchHit]):
    """Photos that answer the search, best first. No photo is an answer: nothing relevant was found."""

    search_id: UUID = Field(description="Identity of the search; its pages share it.")
    epoch: int = Field(ge=0, description="Publish epoch the search looks at; its pages share it.", examples=[17])
    degraded: list[Degraded] = Field(description="What the search could not do in full; empty when all is well.")


class UploadedExample(BaseModel):
    """A picture that was uploaded to find photos like it."""

    example_id: UUID = Field(description="Pass it as `example_id` of a search.")
    expires_at: datetime = Field(description="When it is forgotten (UTC). Uploading it again keeps it for longer.")


class YearFacet(BaseModel):
    """A year, and how many of the photos were taken in it."""

    value: int = Field(description="The year, by local wall time.", examples=[2024])
    photos: int = Field(ge=1, description="Photos of it.", examples=[12])


class CameraFacet(BaseModel):
    """A camera, and how many of the photos it took."""

    value: str = Field(description="Model, as `camera.model` has it.", examples=["X-T5"])
    photos: int = Field(ge=1, description="Photos it took.", examples=[12])


class PersonFacet(BaseModel):
    """A named person, and how many of the photos show them."""

    id: UUID = Field(description="Identity of the person.")
    name: str = Field(description="Their name.", examples=["Anna"])
    photos: int = Field(ge=1, description="Photos that show them.", examples=[12])


class SearchFacets(BaseModel):
    """What the results of a search have in common. Photos without a date, camera or name are in no facet."""

    years: list[YearFacet] = Field(description="Years, newest first.")
    cameras: list[CameraFacet] = Field(description="Camera models, most photos first.")
    people: list[PersonFacet] = Field(description="People, most photos first.")
    photos: int = Field(ge=0, description="How many results were looked at.", examples=[120])
    complete: bool = Field(
        description="Whether these are all. Of very many ranked results the best are looked at, and a search that "
        "stopped before its end may have missed some."
    )
    epoch: int = Field(ge=0, description="Publish epoch of the search.", examples=[17])
