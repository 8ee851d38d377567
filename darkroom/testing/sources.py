"""Registering folders and asking for imports as the API does, for tests that go around it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine, insert, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.paths import escape
from darkroom.stores.state import requests, schema


def register(engine: Engine, folder: Path, *, mode: str = "reference", watched: bool = False) -> UUID:
    """A source over `folder` in the default library; returns its id."""
    statement = insert(schema.sources).values(
        library_id=DEFAULT_LIBRARY, name=folder.name, mode=mode, path=escape(os.fsencode(folder)), watched=watched
    )
    with engine.begin() as connection:
        return connection.execute(statement.returning(schema.sources.c.id)).scalar_one()


def ask(engine: Engine, source_id: UUID, *, removed_on_purpose: bool = False) -> UUID:
    """A request to import a source; returns its id."""
    with engine.begin() as connection:
        request = requests.ask_import(connection, DEFAULT_LIBRARY, source_id)
        if removed_on_purpose:
            table = schema.requests
            connection.execute(update(table).where(table.c.id == request).values(removed_on_purpose=True))
        return request
