"""Examples: uploading a picture, to find photos like it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.dependencies import PartsOf, PhotoSearcher
from api.problems import INVALID, TOO_LARGE, UNAVAILABLE, UNSUPPORTED_MEDIA, Problem, document
from api.schemas.search import UploadedExample
from darkroom.services.examples import LARGEST_BYTES, Busy, NotAPicture

PATH = "/v1/search/examples"

router = APIRouter(prefix="/v1/search", tags=["search"])

_BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "description": f"The picture's bytes, at most {LARGEST_BYTES:,}, in any format that can be imported.",
}


@router.post(
    "/examples",
    status_code=201,
    summary="Upload an example",
    openapi_extra={"requestBody": _BODY},
    responses=document(TOO_LARGE, UNSUPPORTED_MEDIA, INVALID),
)
async def upload_example(caller: PhotoSearcher, parts: PartsOf, request: Request) -> UploadedExample:
    """Keeps a picture for 15 minutes, in memory, for searches that name its `example_id`. It becomes no photo.

    Send its bytes as `application/octet-stream` or as what they are (`image/jpeg`, …). The same picture again is the
    same example.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/octet-stream" and not media.startswith("image/"):
        raise Problem(UNSUPPORTED_MEDIA, "Send the picture's bytes with `Content-Type: application/octet-stream`.")
    picture = await request.body()
    try:
        kept = await run_in_threadpool(parts.examples.add, caller.user_id, picture)
    except NotAPicture as refused:
        raise Problem(INVALID, str(refused)[0].upper() + str(refused)[1:] + ".") from None
    except Busy as busy:
        raise Problem(UNAVAILABLE, str(busy)) from None
    return UploadedExample(example_id=kept.example_id, expires_at=kept.expires_at)
