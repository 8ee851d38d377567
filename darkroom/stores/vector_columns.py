"""Columns of the LanceDB table, derived from the index properties of the contracts, and entries as its rows.

Belongs here: names and types of columns, entries as rows, rows as hits. Does not belong here: reading and writing
(`vectors`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.index import IndexProperty, index_properties
from darkroom.contracts.table import IndexAs
from darkroom.sdk.stores import Entry, Hit

DOCUMENT = "document"
"""All words of an entry, which BM25 ranks: one index to keep, and words of different properties add up."""

_WORDS = "words_"
_VECTOR = "vector_"
_TYPES = {IndexAs.KEYWORD: pa.string(), IndexAs.NUMBER: pa.float64(), IndexAs.TIME: pa.timestamp("us")}


def words_column(name: str) -> str:
    """Column of a word property."""
    return f"{_WORDS}{name}"


def vector_column(space: str) -> str:
    """Column of a vector space. Raises `ValueError` unless the name is of lower-case letters, digits, `_`, `.`, `-`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", space):
        raise ValueError(f"{space!r} is no name for a vector space")
    return _VECTOR + space.replace("_", "__").replace(".", "_d").replace("-", "_h")


def properties() -> dict[str, IndexProperty]:
    """The properties that are no word properties, by name."""
    return {made.name: made for made in index_properties(TABLES) if made.kind is not IndexAs.WORDS}


def schema() -> pa.Schema:
    """The table's columns before any vector space is declared."""
    made = index_properties(TABLES)
    words = [pa.field(words_column(one.name), pa.string()) for one in made if one.kind is IndexAs.WORDS]
    values = [pa.field(one.name, _type(one)) for one in made if one.kind is not IndexAs.WORDS]
    identity = [pa.field(name, pa.string(), nullable=False) for name in ("photo_id", "library_id")]
    return pa.schema([*identity, pa.field(DOCUMENT, pa.string()), *words, *values])


def rows(entries: Sequence[Entry], columns: pa.Schema) -> pa.Table:
    """Entries as rows with all `columns`; of two with one photo id the later counts.

    Raises `ValueError` for a property, word property or space there is no column for, and for a bad vector.
    """
    made = {entry.photo_id: _row(entry, columns) for entry in entries}
    return pa.Table.from_pylist(list(made.values()), schema=columns)


def changed_rows(values: Mapping[str, Mapping[str, Any]], columns: pa.Schema) -> list[pa.Table]:
    """Changed properties by photo id, as tables of the columns that change, one table per set of properties."""
    known = properties()
    grouped: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for photo_id, changed in values.items():
        if unknown := changed.keys() - known.keys():
            raise ValueError(f"no property of the index is called {', '.join(sorted(unknown))}")
        if changed:
            grouped.setdefault(tuple(sorted(changed)), []).append({"photo_id": photo_id, **changed})
    kept = {names: pa.schema([columns.field(name) for name in ("photo_id", *names)]) for names in grouped}
    return [pa.Table.from_pylist(grouped[names], schema=kept[names]) for names in grouped]


def hits(found: pa.Table, scores: Sequence[float], spaces: Mapping[str, str]) -> list[Hit]:
    """Rows as hits with these scores. `spaces` maps those that were asked for to their columns."""
    ids: list[str] = found["photo_id"].to_pylist()
    documents = found[DOCUMENT].to_pylist() if DOCUMENT in found.column_names else [""] * len(ids)
    vectors: list[dict[str, NDArray[np.float32]]] = [{} for _ in ids]
    for space, name in spaces.items():
        column = found[name]
        places = np.flatnonzero(column.is_valid())
        flat = column.drop_null().combine_chunks().flatten().to_numpy().reshape(len(places), column.type.list_size)
        for place, vector in zip(places, flat, strict=True):
            vectors[place][space] = vector
    return [
        Hit(photo_id, score, document or "", held)
        for photo_id, score, document, held in zip(ids, scores, documents, vectors, strict=True)
    ]


def checked(vector: Sequence[float], dimension: int, space: str) -> list[float]:
    """The vector as floats. Raises `ValueError` for a wrong length, a value not finite, or no direction."""
    values = [float(value) for value in vector]
    if len(values) != dimension:
        raise ValueError(f"the space {space!r} has {dimension} dimensions, not {len(values)}")
    if not all(math.isfinite(value) for value in values) or not any(values):
        raise ValueError(f"a vector for the space {space!r} has no direction")
    return values


def _type(made: IndexProperty) -> pa.DataType:
    return pa.list_(_TYPES[made.kind]) if made.many else _TYPES[made.kind]


def _row(entry: Entry, columns: pa.Schema) -> dict[str, Any]:
    row: dict[str, Any] = {"photo_id": entry.photo_id, "library_id": entry.library_id, **entry.properties}
    row |= {words_column(name): text for name, text in entry.words.items()}
    row[DOCUMENT] = " ".join(text for text in entry.words.values() if text)
    for space, vector in entry.vectors.items():
        name = vector_column(space)
        if name not in columns.names:
            raise ValueError(f"no vector space is called {space!r}: declare it with add_space")
        row[name] = checked(vector, columns.field(name).type.list_size, space)
    if unknown := row.keys() - set(columns.names):
        raise ValueError(f"the index has no {', '.join(sorted(unknown))}")
    return row
