"""The gallery: the page at the root, and the address that signs a browser in to it.

Its files are static and say nothing about anyone's photos: whoever is not signed in gets them, too, and is told what
to do. Belongs here: the two addresses people type. Does not belong here: the page itself (`api/gallery`).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.dependencies import Parts, PartsOf
from api.queries import sessions as queries
from darkroom.security.keys import digest
from darkroom.security.sessions import generate, well_formed

router = APIRouter(tags=["gallery"])
_log = structlog.get_logger("darkroom.api")

FILES = Path(__file__).parents[1] / "gallery"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}}
}


class GalleryFiles(StaticFiles):
    """Scripts and styles; browsers ask each time whether they changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file with the headers of the page."""
        answer = await super().get_response(path, scope)
        answer.headers.update(HEADERS)
        return answer


@router.get("/", summary="The gallery", response_class=FileResponse, responses=_PAGE)
async def gallery() -> FileResponse:
    """A page to look at photos with. Signed out, it says how to sign in."""
    return _page(200)


@router.get(
    "/signin",
    summary="Sign a browser in",
    response_class=FileResponse,
    responses={
        **_PAGE,
        303: {"description": "Signed in: the session's cookie, and on to the gallery."},
        401: {**_PAGE[200], "description": "The code is unknown, was used, or has expired."},
        409: {"description": "Not a person's own visit: the code is kept."},
    },
)
async def sign_in(
    parts: PartsOf,
    request: Request,
    code: Annotated[str, Query(description="The one-time code.", examples=["…"])] = "",
) -> Response:
    """Turns a one-time code into a session of this browser, once. `darkroom open` prints such an address."""
    if not code:
        return _page(200)
    if not _is_visit(request):
        return Response(status_code=409)
    token = await run_in_threadpool(_redeem, parts, request, code) if well_formed(code) else None
    if token is None:
        _log.warning("sign-in refused")
        return _page(401)
    answer = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
    parts.cookie.give(answer, request.scope, token, parts.settings.api.session_days * 24 * 3600)
    return answer


def _is_visit(request: Request) -> bool:
    """Whether a person goes to the address. A browser that only fetches ahead, or a picture in a page, uses no code."""
    ahead = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return "prefetch" not in ahead and request.headers.get("sec-fetch-dest", "document") == "document"


def _redeem(parts: Parts, request: Request, code: str) -> str | None:
    token, before = generate(), parts.cookie.token(request.scope)
    with parts.state.begin() as connection:
        session_id = queries.redeem(
            None, connection, digest(code), digest(token), timedelta(days=parts.settings.api.session_days)
        )
        if session_id is None:
            return None
        if before is not None:
            queries.end(None, connection, digest(before))
    _log.info("signed in", session=str(session_id))
    return token


def _page(status: int) -> FileResponse:
    return FileResponse(FILES / "index.html", status, HEADERS, "text/html; charset=utf-8")
