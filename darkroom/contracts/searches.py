"""Searches: how they were asked and how they went."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.columns import UUID_PATTERN
from darkroom.contracts.table import Column, Row, Table

QUERY_CLASSES = ("list", "text", "example", "text_example")


class SearchStage(Row):
    """A part of a search and how long it took."""

    stage: Annotated[str, Column("Leg, or what is done beside: 'embed', 'turn' (waiting), 'fetch', 'serving'.")]
    milliseconds: Annotated[float, Column("Time it took.", unit="ms", ge=0)]


class SearchRecord(Row):
    """A search: how it was asked and how its first page went; what was looked for only where a setting says so."""

    event: Annotated[int, Column("Number of the event, rising.", ge=1)]
    search_id: Annotated[str, Column("Identity of the search.", pattern=UUID_PATTERN)]
    library_id: Annotated[str, Column("The first of the libraries.", pattern=UUID_PATTERN)]
    libraries: Annotated[list[str], Column("Libraries it looked in.")]
    asked_at: Annotated[AwareDatetime, Column("When it was asked (UTC).")]
    query_class: Annotated[str, Column("What ranked it.", values=QUERY_CLASSES)]
    words: Annotated[int, Column("Words of its text.", ge=0)]
    legs: Annotated[list[str], Column("Legs that answered.")]
    filter_fields: Annotated[list[str], Column("Fields its filter asked about, and 'person'; never their values.")]
    degraded: Annotated[list[str], Column("Legs that could not answer in full.")]
    results: Annotated[int, Column("Results on its first page.", ge=0)]
    more: Annotated[bool, Column("Whether there were more.")]
    top_score: Annotated[float | None, Column("Score of the best result; null without one.", ge=0, le=1)]
    total_ms: Annotated[float, Column("Time the whole request took.", unit="ms", ge=0)]
    stages: Annotated[list[SearchStage], Column("How long its parts took.")]
    text: Annotated[str | None, Column("What was looked for; null unless a setting says so.")]


SEARCHES = Table(
    name="searches",
    row=SearchRecord,
    grain="one row per search",
    primary_key=("event",),
    pii=("text",),
)
