"""Generations: tables that are made across batches are made whole, again and again, and one generation counts."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.columns import UUID_PATTERN
from darkroom.contracts.table import Column, Row, Table

KINDS = ("people", "duplicates")

GenerationNumber = Annotated[int, Column("Generation the row belongs to.", ge=1)]


class Generation(Row):
    """A generation that was shown to everyone: of a library and kind the one with the highest number still is."""

    generation: Annotated[int, Column("Its number; later ones are higher.", ge=1)]
    library_id: Annotated[str, Column("Library it was made of.", pattern=UUID_PATTERN)]
    kind: Annotated[str, Column("What it groups.", values=KINDS)]
    epoch: Annotated[int, Column("Publish epoch whose photos it was made from.", ge=0)]
    shown_at: Annotated[AwareDatetime, Column("When it became current (UTC).")]


GENERATIONS = Table(
    name="generations",
    row=Generation,
    grain="one row per generation that was shown",
    primary_key=("generation",),
)
