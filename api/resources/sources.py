"""Sources: folders that imports may read."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response

from api.dependencies import ImportReader, PartsOf, SourceWriter
from api.pagination import DEFAULT_LIMIT, CursorText, Limit, Page
from api.problems import CONFLICT, INVALID, INVALID_CURSOR, MALFORMED, NOT_FOUND, Problem, document
from api.queries import sources as queries
from api.schemas.examples import SOURCE
from api.schemas.sources import NewSource, Source, SourceChange
from darkroom.domain.paths import escape
from darkroom.security.folders import FolderRefused, source_folder
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/sources", tags=["imports"])

Named = Annotated[
    NewSource,
    Body(openapi_examples={"a folder": {"value": {"path": "/srv/pictures", "mode": "reference", "name": "Pictures"}}}),
]


@router.post(
    "",
    summary="Register a folder",
    status_code=201,
    responses={
        200: {"model": Source, "description": "The folder was registered before."},
        **document(CONFLICT, MALFORMED),
    },
)
def register_source(
    caller: SourceWriter,
    parts: PartsOf,
    response: Response,
    new: Named,
) -> Source:
    """Registers a folder of the machine Darkroom runs on, so that imports may read it.

    Registering it again changes nothing and answers 200. Nothing is read until an import is asked for.
    """
    if not caller.libraries:
        raise Problem(CONFLICT, "The key's user has no library yet.")
    try:
        real = source_folder(new.path, parts.home.root)
    except FolderRefused as refused:
        wrong = {"pointer": "#/path", "detail": str(refused)}
        raise Problem(INVALID, f"The folder cannot be a source: {refused}.", errors=[wrong]) from None
    path = escape(os.fsencode(real))
    values = {
        "path": path,
        "mode": new.mode,
        "name": new.name or escape(os.fsencode(real.name)),
        "watched": new.watched,
    }
    with scoped(parts.state, caller.libraries) as connection:
        row, made = queries.register(caller, connection, values)
    response.status_code = 201 if made else 200
    return Source(**row._asdict())


@router.get("", summary="List sources", responses=document(INVALID_CURSOR))
def list_sources(
    caller: ImportReader, parts: PartsOf, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Source]:
    """Registered folders, in the order they were registered."""
    binding = ("sources", *caller.libraries)
    position = parts.cursors.open(cursor, *binding)
    after = (datetime.fromisoformat(str(position[0])), UUID(str(position[1]))) if position else None
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.page(caller, connection, after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[Source(**row._asdict()) for row in found[:limit]],
        next_cursor=parts.cursors.seal([last.created_at.isoformat(), str(last.id)], *binding) if last else None,
    )


@router.patch("/{source_id}", summary="Watch a folder or stop watching it", responses=document(MALFORMED, NOT_FOUND))
def change_source(
    caller: SourceWriter,
    parts: PartsOf,
    source_id: Annotated[UUID, Path(description="Identity of the source.", examples=[SOURCE])],
    change: Annotated[SourceChange, Body(openapi_examples={"stop watching": {"value": {"watched": False}}})],
) -> Source:
    """Says whether a folder is imported again by itself, now and then. What was taken in stays."""
    with scoped(parts.state, caller.libraries) as connection:
        row = queries.watch(caller, connection, source_id, change.watched)
    if row is None:
        raise Problem(NOT_FOUND, "There is no such source.")
    return Source(**row._asdict())
