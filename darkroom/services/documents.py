"""A photo's document: what the search index knows of it, and the readable texts its words came from.

Belongs here: which texts make which word property, and how values are folded. Does not belong here: which properties
there are (`contracts.index`), writing them (`services.indexing`), searching (`services.search`).

Change `DOCUMENT_VERSION` whenever an entry for the same rows changes: it is part of the output's version.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.index import index_properties
from darkroom.contracts.table import IndexAs
from darkroom.domain.moments import time_words
from darkroom.domain.paths import unescape
from darkroom.domain.places import country
from darkroom.domain.words import fold, normalise
from darkroom.sdk.stores import Entry, PropertyValue

DOCUMENT_VERSION = "2"

Columns = Mapping[str, Any]
"""A row by the contracts' column names."""

READ_AS_THEY_ARE = ("title", "description", "text")
"""Word properties that are columns holding running text."""

MEANT = ("title", "description", "keywords", "text", "place", "time", "path")
"""Word properties that an embedder of texts reads, the most telling first: it reads only so far."""


def entry(
    photo: Columns,
    files: Sequence[Columns],
    metadata: Columns | None,
    text: Columns | None,
    vectors: Mapping[str, Sequence[float]],
) -> Entry:
    """The index entry of a photo from its rows of `photos`, `photo_files`, `metadata` and `texts`, and its vectors.

    Words are normalised, keywords and names folded, numbers floats. A table without a row leaves its properties empty.
    """
    known = known_of(photo, metadata, text)
    values = {made.name: made for made in index_properties(TABLES) if made.kind is not IndexAs.WORDS}
    return Entry(
        photo_id=str(photo["photo_id"]),
        library_id=str(photo["library_id"]),
        words={name: normalise(read) for name, read in readable(known, [file["path"] for file in files]).items()},
        properties={name: _value(known.get(name), made.kind) for name, made in values.items()},
        vectors=vectors,
    )


def known_of(photo: Columns, metadata: Columns | None, text: Columns | None) -> Columns:
    """What is known of a photo, by column, from its rows of `photos`, `metadata` and `texts`."""
    return {**photo, **(metadata or {}), **(text or {})}


def meant(known: Columns, paths: Sequence[str]) -> str:
    """What is known of a photo as one text, whose meaning is embedded."""
    texts = readable(known, paths)
    return "\n".join(texts[name] for name in MEANT if name in texts)


def readable(known: Columns, paths: Sequence[str]) -> dict[str, str]:
    """The text behind each word property that has one; `known` holds columns of any table, serving's included."""
    texts = {name: known.get(name) or "" for name in READ_AS_THEY_ARE}
    texts["keywords"] = "\n".join(known.get("keywords") or ())
    texts["camera"] = " ".join(known[name] for name in ("camera_make", "camera_model", "lens") if known.get(name))
    texts["path"] = "\n".join(_shown(path) for path in paths)
    latitude, longitude, taken = (known.get(name) for name in ("latitude", "longitude", "taken_local"))
    if latitude is not None and longitude is not None:
        texts["place"] = country(latitude, longitude) or ""
    if taken is not None:
        texts["time"] = time_words(taken, latitude)
    return {name: text for name, text in texts.items() if text}


def _shown(path: str) -> str:
    """A path as people read it; bytes that are no text become replacement characters."""
    return os.fsencode(unescape(path)).decode("utf-8", "replace")


def _value(value: Any, kind: IndexAs) -> PropertyValue:
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return list(dict.fromkeys(fold(item) for item in value))
    if kind is IndexAs.KEYWORD:
        return fold(value)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else float(value)
