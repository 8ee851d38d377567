"""Texts: what was read in a photo, and where in the picture it stands."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import PartsOf, PhotoReader
from api.problems import NOT_FOUND, Problem, document
from api.queries import texts as queries
from api.resources.photos import PhotoId
from api.schemas.photos import Box
from api.schemas.texts import PhotoLines, TextLine
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/photos", tags=["photos"])


@router.get("/{photo_id}/text", summary="Get the text in a photo", responses=document(NOT_FOUND))
def get_text(caller: PhotoReader, parts: PartsOf, photo_id: PhotoId) -> PhotoLines:
    """The lines that were read in the picture, with their boxes in it. The photo's `text` has the same words."""
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.lines_of(caller, connection, photo_id)
    if found is None:
        raise Problem(NOT_FOUND, "There is no such photo.")
    return PhotoLines(
        lines=[
            TextLine(text=line["text"], score=line["score"], box=Box(**{side: line[side] for side in "xywh"}))
            for line in found
        ]
    )
