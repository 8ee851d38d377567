"""The search index's properties, derived from the contracts' `Column.index`, plus the word properties made by rule.

Belongs here: which property exists, of which kind, and where it comes from. Does not belong here: how a photo's values
are made (`services.documents`) or how a store keeps them (`stores.vectors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_origin

from darkroom.contracts.table import IndexAs, Table

IDENTITY = ("photo_id", "library_id")
"""Every entry has these beside its properties."""

COMPOSED = {
    "camera": "Maker, model and lens.",
    "keywords": "Words of the keywords.",
    "place": "Country of the position.",
    "time": "Year, month, weekday and season of capture.",
}
"""Word properties that are made from several columns, or from columns that are kept otherwise too."""


@dataclass(frozen=True)
class IndexProperty:
    """A property of the index. `many`: a list of values; `origin`: the table it comes from, or `composed`."""

    name: str
    kind: IndexAs
    many: bool
    origin: str
    description: str


def index_properties(tables: Sequence[Table]) -> tuple[IndexProperty, ...]:
    """All properties in the order of the tables, then the composed ones.

    Raises `TypeError` when two columns ask for the same property, or a column asks for a composed word property.
    """
    found: dict[tuple[str, bool], IndexProperty] = {}
    for table in tables:
        for field in table.fields:
            if field.column.index is None or field.name in IDENTITY:
                continue
            many = get_origin(field.type) is list
            made = IndexProperty(field.name, field.column.index, many, table.name, field.column.description)
            _add(found, made)
    for name, description in COMPOSED.items():
        _add(found, IndexProperty(name, IndexAs.WORDS, False, "composed", description))
    return tuple(found.values())


def _add(found: dict[tuple[str, bool], IndexProperty], made: IndexProperty) -> None:
    key = (made.name, made.kind is IndexAs.WORDS)
    if key in found:
        raise TypeError(f"{made.origin}.{made.name} and {found[key].origin}.{made.name} ask for one index property")
    found[key] = made
