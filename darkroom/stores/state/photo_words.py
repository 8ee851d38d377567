"""Words of photos' texts as PostgreSQL's text search keeps and asks for them; its own rules for languages play no part.

A lexeme is the name of a field, a space, and a word as `darkroom.domain.words` makes it. Belongs here: lexemes, and
writing them. Does not belong here: conditions (`api.queries.filters`), or what a word is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as upsert

from darkroom.domain.fields import FIELDS, Kind
from darkroom.domain.words import normalise
from darkroom.stores.state import schema

LONGEST_BYTES = 2000
"""PostgreSQL takes lexemes of 2046 bytes; nobody asks for a longer word."""

MOST_BYTES = 1_000_000
"""What PostgreSQL takes of one photo; a text of more different words is found by the first of them."""

COLUMNS = tuple(field.column for field in FIELDS.values() if field.kind is Kind.WORDS)


def publish_words(connection: Connection, photos: Sequence[Mapping[str, Any]]) -> None:
    """Replaces the words of photos, which are rows of `serving.photos`."""
    rows = [
        {"photo_id": photo["photo_id"], "library_id": photo["library_id"], "words": lexemes(photo)} for photo in photos
    ]
    if rows:
        statement = upsert(schema.photo_words)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["photo_id"], set_={"words": statement.excluded.words}), rows
        )


def lexemes(photo: Mapping[str, Any]) -> str:
    """All words of a photo, as a literal of the type `tsvector`."""
    found: dict[str, None] = {}
    room = MOST_BYTES
    for column in COLUMNS:
        for word in normalise(photo.get(column) or "").split():
            made = lexeme(column, word)
            room -= len(made.encode()) if made not in found else 0
            if room < 0:
                return " ".join(found)
            found[made] = None
    return " ".join(found)


def lexeme(column: str, word: str, *, prefix: bool = False) -> str:
    """A word of a column, as a literal of the type `tsquery` too; `prefix` stands for every word that begins so."""
    text = f"{column} {word}".encode()[:LONGEST_BYTES].decode(errors="ignore")
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if prefix else "")
