"""Text that can be read in a photo."""

from typing import Annotated

from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.table import Column, IndexAs, Row, Table


class TextLine(Row):
    """A line of text and where it stands in the upright display rendition, as fractions of its width and height."""

    text: Annotated[str, Column("The line, as read.")]
    score: Annotated[float, Column("Confidence of the reader.", ge=0, le=1)]
    x: Annotated[float, Column("Left edge.", ge=0, le=1)]
    y: Annotated[float, Column("Top edge.", ge=0, le=1)]
    w: Annotated[float, Column("Width.", ge=0, le=1)]
    h: Annotated[float, Column("Height.", ge=0, le=1)]


class PhotoText(ComputedRow):
    """Text recognised in a photo; an empty text means the reader looked and found none."""

    text: Annotated[str, Column("All lines in reading order, one per line.", index=IndexAs.WORDS)]
    line_count: Annotated[int, Column("Number of lines.", ge=0)]
    score: Annotated[float | None, Column("Mean confidence over lines; null without text.", ge=0, le=1)]
    rotation: Annotated[
        int, Column("Degrees the upright rendition was turned clockwise before reading.", unit="°", ge=0, le=270)
    ]
    lines: Annotated[list[TextLine], Column("The lines with their boxes.")]


TEXTS = Table(
    name="texts",
    row=PhotoText,
    grain="one row per photo, output version and attempt",
    primary_key=("photo_id", "output_version", "attempt"),
    pii=("text", "lines"),
    output="texts",
)
