"""Stacks: photos that belong together without being copies."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.dependencies import PartsOf, PhotoReader
from api.pagination import DEFAULT_LIMIT, CursorText, Limit, Page
from api.problems import INVALID_CURSOR, document
from api.queries import duplicates as queries
from api.schemas.duplicates import Stack, StackKind
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/stacks", tags=["duplicates"])


@router.get("", summary="List stacks", responses=document(INVALID_CURSOR))
def list_stacks(
    caller: PhotoReader,
    parts: PartsOf,
    kind: Annotated[StackKind | None, Query(description="Only stacks of this kind.")] = None,
    photo_id: Annotated[UUID | None, Query(description="Only stacks this photo is in, at most one a kind.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[Stack]:
    """Raw files with their developed pictures, and bursts; those of most photos first.

    When stacks have been found anew among other photos, a cursor has expired.
    """
    with scoped(parts.state, caller.libraries) as connection:
        binding = ("stacks", kind or "", str(photo_id or ""), queries.generation(caller, connection), *caller.libraries)
        position = parts.cursors.open(cursor, *binding)
        after = (int(str(position[0])), UUID(str(position[1]))) if position else None
        found = queries.stack_page(caller, connection, kind, photo_id, after, limit + 1)
    last = found[limit - 1][0] if len(found) > limit else None
    return Page(
        items=[Stack.of(row, photos) for row, photos in found[:limit]],
        next_cursor=parts.cursors.seal([last["photos"], str(last["stack_id"])], *binding) if last else None,
    )
