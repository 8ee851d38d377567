"""The bytes of a photo: its renditions and its original."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.contents import ASK_AGAIN, Content, send
from api.dependencies import Parts, PartsOf, PhotoReader
from api.problems import (
    NOT_FOUND,
    ORIGINAL_CHANGED,
    ORIGINAL_GONE,
    RANGE,
    Problem,
    document,
)
from api.queries import photos as queries
from api.queries.photos import FileInPlace, PhotoRecord
from api.resources.photos import PhotoId
from api.schemas.photos import VERSION_DIGITS
from darkroom.domain.identity import original_key, rendition_key
from darkroom.domain.paths import unescape
from darkroom.sdk.stores import ObjectMissing
from darkroom.security.callers import Caller
from darkroom.security.confined import open_confined
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/photos", tags=["photos"])

Kind = Annotated[Literal["thumbnail", "display"], Path(description="At most 256, or at most 2048 pixels long.")]

FOR_EVER = "private, max-age=31536000, immutable"
CLOCK_GRAIN = timedelta(milliseconds=1)
"""Times are kept in microseconds and come from floating-point seconds; file systems count nanoseconds."""

IMAGE = {
    "description": "The bytes.",
    "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
}
PARTIAL = {"description": "The range that was asked for.", "content": IMAGE["content"]}
UNCHANGED = {"description": "The client has these bytes."}


@router.get(
    "/{photo_id}/renditions/{kind}",
    summary="Get a rendition",
    response_class=Response,
    responses={200: IMAGE, 206: PARTIAL, 304: UNCHANGED, **document(NOT_FOUND, RANGE)},
)
def get_rendition(
    caller: PhotoReader,
    parts: PartsOf,
    request: Request,
    photo_id: PhotoId,
    kind: Kind,
    v: Annotated[
        str | None, Query(description="The version the photo names: with it, the answer may be kept for ever.")
    ] = None,
) -> Response:
    """A smaller picture: upright, and without the position and other tags of the original."""
    photo = _photo(caller, parts, photo_id)
    sha256 = photo.row[f"{kind}_sha256"]
    if sha256 is None:
        raise Problem(NOT_FOUND, f"The photo has no {kind}; its outputs say why.")
    key = rendition_key(photo.row["library_id"], sha256)
    try:
        size, stream = parts.objects.info(key).size_bytes, parts.objects.open(key)
    except ObjectMissing:
        raise Problem(NOT_FOUND, f"The {kind} is not in the object store.") from None
    media_type = RENDITION_TYPES.get(stream.read(4), "image/jpeg")
    cache = FOR_EVER if v == sha256[:VERSION_DIGITS] else ASK_AGAIN
    return send(request.headers, Content(stream, size, media_type, sha256, cache))


@router.get(
    "/{photo_id}/original",
    summary="Get the original",
    response_class=Response,
    responses={
        200: IMAGE,
        206: PARTIAL,
        304: UNCHANGED,
        **document(NOT_FOUND, ORIGINAL_CHANGED, ORIGINAL_GONE, RANGE),
    },
)
def get_original(caller: PhotoReader, parts: PartsOf, request: Request, photo_id: PhotoId) -> Response:
    """The bytes as they were taken in, or a range of them.

    They come from the object store, or from the source where a source is read in place: then only while the file has
    the size and time it had when it was read.
    """
    photo = _photo(caller, parts, photo_id)
    sha256 = photo.row["sha256"]
    key = original_key(photo.row["library_id"], sha256)
    name = PurePosixPath(unescape(photo.files[0]["path"])).name if photo.files else f"{photo_id}"
    name = os.fsencode(name).decode("utf-8", "replace")
    try:
        size, stream = parts.objects.info(key).size_bytes, parts.objects.open(key)
    except ObjectMissing:
        with scoped(parts.state, caller.libraries) as connection:
            places = queries.files_in_place(caller, connection, photo_id, sha256)
        stream = _open_in_place(places)
        size = photo.row["size_bytes"]
    return send(request.headers, Content(stream, size, photo.row["media_type"], sha256, ASK_AGAIN, name))


RENDITION_TYPES = {b"\xff\xd8\xff\xe0": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}


def _photo(caller: Caller, parts: Parts, photo_id: PhotoId) -> PhotoRecord:
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.by_ids(caller, connection, [photo_id])
    if not found:
        raise Problem(NOT_FOUND, "There is no such photo.")
    return found[0]


def _open_in_place(places: list[FileInPlace]) -> BinaryIO:
    """The first of these files that still is what it was. Raises `Problem`: 409 when one changed, else 410."""
    changed = False
    for place in places:
        try:
            stream = open_confined(FilePath(unescape(place.root)), unescape(place.path))
        except OSError:
            continue
        found = os.fstat(stream.fileno())
        modified_at = datetime.fromtimestamp(found.st_mtime, UTC)
        if found.st_size == place.size_bytes and abs(modified_at - place.modified_at) <= CLOCK_GRAIN:
            return stream
        stream.close()
        changed = True
    if changed:
        raise Problem(ORIGINAL_CHANGED, "The file has another size or time than when it was taken in.")
    raise Problem(ORIGINAL_GONE, "No file of this photo can be read in its source.")
