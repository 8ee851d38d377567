"""The fields a filter may name: one table that the parser, every compiler and the documentation read.

Belongs here: name, kind, the serving column and the index property of each field. Does not belong here: syntax
(`filters`), meaning in a store (`api/queries/filters.py`, the vector gateways).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field's values are, which decides the operators it takes."""

    NAME = "name"
    """A short text compared whole, folded; `:` finds a part of it."""
    NAMES = "names"
    """A list of short texts; `:` finds one of them."""
    WORDS = "words"
    """Running text; `:` asks for whole words."""
    NUMBER = "number"
    TIME = "time"
    """Local wall time, without zone."""
    IDENTIFIER = "identifier"
    STATE = "state"
    """State of one output; `:` and order make no sense."""
    PLACE = "place"
    """Present or not."""
    PATH = "path"
    """Paths of the photo's files: any of them counts."""


@dataclass(frozen=True)
class FilterField:
    """A field: its name in a filter, its column in `serving.photos` (or the table beside it), its index property.

    `indexed` is `None` where only serving can answer; a search then asks serving which photos come into question.
    """

    name: str
    kind: Kind
    column: str
    indexed: str | None
    description: str


FIELDS: dict[str, FilterField] = {
    field.name: field
    for field in (
        FilterField("taken_at", Kind.TIME, "taken_local", "taken_local", "Local wall time of capture."),
        FilterField("camera.make", Kind.NAME, "camera_make", "camera_make", "Camera maker."),
        FilterField("camera.model", Kind.NAME, "camera_model", "camera_model", "Camera model."),
        FilterField("lens", Kind.NAME, "lens", "lens", "Lens model."),
        FilterField("media_type", Kind.NAME, "media_type", "media_type", "Media type by content."),
        FilterField("rating", Kind.NUMBER, "rating", "rating", "Stars; -1 is rejected."),
        FilterField("keywords", Kind.NAMES, "keywords", "keywords", "Keywords of the photo."),
        FilterField("text", Kind.WORDS, "text", "text", "Text that can be read in the photo."),
        FilterField("title", Kind.WORDS, "title", "title", "Title."),
        FilterField("description", Kind.WORDS, "description", "description", "Caption or description."),
        FilterField("latitude", Kind.NUMBER, "latitude", "latitude", "Latitude in degrees, WGS 84."),
        FilterField("longitude", Kind.NUMBER, "longitude", "longitude", "Longitude in degrees, WGS 84."),
        FilterField("location", Kind.PLACE, "latitude", "latitude", "Whether the position is known: `location:*`."),
        FilterField("width", Kind.NUMBER, "width", None, "Stored width in pixels."),
        FilterField("height", Kind.NUMBER, "height", None, "Stored height in pixels."),
        FilterField("path", Kind.PATH, "photo_files", None, "Path of a file inside its source, as the API shows it."),
        FilterField("library_id", Kind.IDENTIFIER, "library_id", "library_id", "Library of the photo."),
    )
}

ALIASES = {"date": "taken_at"}
"""Other names of fields."""

OUTPUT_PREFIX = "outputs."
"""`outputs.<name>` is the state of that output."""

OUTPUT_STATES = ("done", "failed", "missing", "off")


def field_named(name: str) -> FilterField:
    """The field a filter calls `name`. Raises `KeyError`."""
    if name.startswith(OUTPUT_PREFIX) and len(name) > len(OUTPUT_PREFIX):
        return FilterField(name, Kind.STATE, "published_outputs", None, "State of an output.")
    return FIELDS[ALIASES.get(name, name)]
