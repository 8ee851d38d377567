"""Cursor pages: opaque, signed positions that only fit the list they came from.

Belongs here: sealing and opening cursors, and the form of a page. Does not belong here: what a position is (queries).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from itsdangerous import BadData, URLSafeSerializer
from pydantic import BaseModel, Field

from api.problems import INVALID_CURSOR, Problem
from darkroom.home import Home

Item = TypeVar("Item")
Scalar = str | int | float | None

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

Limit = Annotated[
    int, Query(ge=1, le=LARGEST_LIMIT, description="How many items a page has at most.", examples=[DEFAULT_LIMIT])
]
CursorText = Annotated[
    str | None,
    Query(max_length=2048, description="`next_cursor` of the page before; leave it out for the first page."),
]


class Page(BaseModel, Generic[Item]):
    """A page of a list. There are more items while `next_cursor` is not null."""

    items: list[Item] = Field(description="The items, in the list's order.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class Cursors:
    """Seals and opens cursors with one key."""

    def __init__(self, key: bytes) -> None:
        options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._serializer = URLSafeSerializer(key, salt="darkroom.cursor", signer_kwargs=options)

    def seal(self, position: Sequence[Scalar], *binding: object) -> str:
        """A cursor for `position` in the list that `binding` (route, filter, order, libraries) names."""
        return str(self._serializer.dumps([list(position), _digest(binding)]))

    def open(self, cursor: str | None, *binding: object) -> list[Scalar] | None:
        """The position, `None` without a cursor. Raises `Problem` when it was altered or belongs to another list."""
        if cursor is None:
            return None
        try:
            position, bound = self._serializer.loads(cursor)
        except BadData:
            raise Problem(INVALID_CURSOR, "The cursor is not one that was handed out here.") from None
        if bound != _digest(binding):
            raise Problem(INVALID_CURSOR, "The cursor belongs to another filter, order or key.")
        return list(position)


def cursor_key(home: Home) -> bytes:
    """The key cursors are signed with: made on first use, kept in the home so that a restart honours old cursors."""
    path = home.secrets / "cursors.key"
    if not path.exists():
        _create_once(path, secrets.token_hex(32))
    return path.read_bytes()


def _create_once(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        file.write(content)
    try:
        # A link fails when the name is taken, so that of two processes starting at once both read the same key.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()


def _digest(binding: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in binding]).encode()).hexdigest()[:16]
