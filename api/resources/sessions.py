"""Sessions: making an address that signs a browser in, and signing out."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from api.dependencies import Administrator, PartsOf, PhotoReader
from api.queries import sessions as queries
from api.schemas.sessions import SessionsEnded, SignInCode
from darkroom.security.keys import digest
from darkroom.security.sessions import PAGE_SCOPES, generate

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


@router.post("/codes", summary="Make a sign-in address", status_code=201)
def make_sign_in_code(caller: Administrator, parts: PartsOf, request: Request) -> SignInCode:
    """An address that signs the browser in that opens it first; it works once, and for minutes.

    The session may look at photos, search, decide about people and duplicates, and ask for imports. It ends when the
    key does that made the address.
    """
    code = generate()
    lifetime = timedelta(minutes=parts.settings.api.sign_in_minutes)
    with parts.state.begin() as connection:
        expires_at = queries.offer(caller, connection, digest(code), PAGE_SCOPES, lifetime)
    return SignInCode(address=f"{parts.cookie.origin(request.scope)}/signin?code={code}", expires_at=expires_at)


@router.delete("/current", summary="Sign out")
def sign_out(caller: PhotoReader, parts: PartsOf, request: Request, response: Response) -> SessionsEnded:
    """Ends the session that asks, and has its browser forget it. Asked with a key, nothing happens."""
    token = parts.cookie.token(request.scope)
    if caller.session_id is None or token is None:
        return SessionsEnded(ended=0)
    with parts.state.begin() as connection:
        ended = queries.end(caller, connection, digest(token))
    parts.cookie.take(response, request.scope)
    return SessionsEnded(ended=int(ended))


@router.delete("", summary="Sign every browser out")
def sign_out_everywhere(caller: Administrator, parts: PartsOf) -> SessionsEnded:
    """Ends every session of the key's user, and makes sign-in addresses void that were not opened yet."""
    with parts.state.begin() as connection:
        return SessionsEnded(ended=queries.end_all(caller, connection))
