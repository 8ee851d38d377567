"""From a photo's tags to the row that describes it: the rules joined, the contract's bounds kept.

Belongs here: gathering what the rules say into the columns of `PhotoMetadata`. Does not belong here: any rule.
"""

import math
from datetime import datetime
from typing import Any

from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.metadata import METADATA, FieldSource, PhotoMetadata
from darkroom.contracts.table import Field
from darkroom.domain.capture_time import capture_time
from darkroom.domain.description import description
from darkroom.domain.exposure import exposure
from darkroom.domain.places import country_code
from darkroom.domain.position import position
from darkroom.domain.tags import Tags

COLUMNS = tuple(name for name in PhotoMetadata.model_fields if name not in ComputedRow.model_fields)
"""The columns that `describe` answers: all but the provenance of the row."""


def describe(tags: Tags, file_name: str, modified_at: datetime) -> dict[str, Any]:
    """The columns of `PhotoMetadata` except provenance, from tags, the file's name and its modification time.

    A value outside the contract's bounds is left out. `sources` names the source of every field that has a value,
    in the order of the columns. `modified_at` carries a zone.

    Raises:
        ValueError: `modified_at` has no zone.
    """
    found: dict[str, tuple[Any, str]] = {**exposure(tags), **description(tags)}
    place = position(tags)
    if place is not None:
        for name in ("latitude", "longitude", "altitude_m"):
            found[name] = (getattr(place, name), place.source)
        found["country"] = (country_code(place.latitude, place.longitude), place.source)
    taken = capture_time(tags, place, file_name, modified_at)
    if taken is not None:
        found["taken_local"] = (taken.local, taken.source)
        found["taken_offset_minutes"] = (taken.offset_minutes, taken.offset_source or taken.source)
        found["taken_utc"] = (taken.utc, taken.offset_source or taken.source)
    kept = {
        field.name: found[field.name]
        for field in METADATA.fields
        if field.name in found and _is_within(field, found[field.name][0])
    }
    columns: dict[str, Any] = {name: kept[name][0] if name in kept else None for name in COLUMNS}
    columns["taken_source"] = taken.rule if taken is not None else None
    columns["keywords"] = columns["keywords"] or []
    columns["sources"] = [FieldSource(field=name, source=source) for name, (_, source) in kept.items()]
    return columns


def _is_within(field: Field, value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, int | float):
        low, high = field.column.ge, field.column.le
        return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)
    return True
