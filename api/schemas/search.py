"""A search and its results as clients see them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, Page
from api.schemas.photos import Photo
from darkroom.domain.filters import LONGEST
from darkroom.services.search import LONGEST_TEXT


class SearchRequest(BaseModel):
    """What is looked for. Everything is optional; without text the photos come in the timeline's order."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "market berlin", "filter": "taken_at >= 2024", "limit": 20}]},
    )

    text: str | None = Field(
        None,
        max_length=LONGEST_TEXT,
        description="Words, in any language, however accented or cased. Photos with more of them come first.",
        examples=["market berlin"],
    )
    filter: str | None = Field(
        None,
        max_length=LONGEST,
        description="Conditions (a subset of AIP-160), as in the list of photos.",
        examples=["taken_at >= 2024 AND keywords:spring"],
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT, description="How many results a page has at most.")
    cursor: str | None = Field(
        None, max_length=2048, description="`next_cursor` of the page before, with the same text and filter."
    )


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

    kind: Literal["words", "filter"] = Field(description="What found it.", examples=["words"])
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

    leg: Literal["words"] = Field(description="The part.")
    reason: str = Field(description="What is wrong.", examples=["12 photos are not in the index"])


class SearchPage(Page[SearchHit]):
    """Photos that answer the search, best first. No photo is an answer: nothing relevant was found."""

    search_id: UUID = Field(description="Identity of the search; its pages share it.")
    epoch: int = Field(ge=0, description="Publish epoch the search looks at; its pages share it.", examples=[17])
    degraded: list[Degraded] = Field(description="What the search could not do in full; empty when all is well.")
