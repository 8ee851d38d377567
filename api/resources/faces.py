"""Faces: what each looks like."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from api.contents import ASK_AGAIN, Content, send
from api.dependencies import PartsOf, PeopleReader
from api.problems import NOT_FOUND, RANGE, Problem, document
from api.queries import people as queries
from api.resources.renditions import FOR_EVER, IMAGE, PARTIAL, UNCHANGED
from api.schemas.examples import FACE
from api.schemas.photos import VERSION_DIGITS
from darkroom.domain.identity import face_key
from darkroom.sdk.stores import ObjectMissing
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/faces", tags=["people"])


@router.get(
    "/{face_id}/thumbnail",
    summary="Get a face's thumbnail",
    response_class=Response,
    responses={200: IMAGE, 206: PARTIAL, 304: UNCHANGED, **document(NOT_FOUND, RANGE)},
)
def get_face_thumbnail(
    caller: PeopleReader,
    parts: PartsOf,
    request: Request,
    face_id: Annotated[UUID, Path(description="Identity of the face.", examples=[FACE])],
    v: Annotated[
        str | None, Query(description="The version the face names: with it, the answer may be kept for ever.")
    ] = None,
) -> Response:
    """A small square picture of a face, cut from its photo."""
    with scoped(parts.state, caller.libraries) as connection:
        face = queries.face(caller, connection, face_id)
    if face is None:
        raise Problem(NOT_FOUND, "There is no such face.")
    key = face_key(face.library_id, face.thumbnail_sha256)
    try:
        size, stream = parts.objects.info(key).size_bytes, parts.objects.open(key)
    except ObjectMissing:
        raise Problem(NOT_FOUND, "The thumbnail is not in the object store.") from None
    cache = FOR_EVER if v == face.thumbnail_sha256[:VERSION_DIGITS] else ASK_AGAIN
    return send(request.headers, Content(stream, size, "image/jpeg", face.thumbnail_sha256, cache))
