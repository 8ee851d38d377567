"""Me: who asks, and what they may do."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.dependencies import PartsOf, PhotoReader
from api.queries import sessions as queries
from api.schemas.sessions import Library, Me, Session
from darkroom.security.keys import digest
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/me", tags=["sessions"])


@router.get("", summary="Who am I?")
def get_me(caller: PhotoReader, parts: PartsOf, request: Request) -> Me:
    """What the key or session may do, and the libraries it sees."""
    with scoped(parts.state, caller.libraries) as connection:
        libraries = queries.libraries(caller, connection)
        token = parts.cookie.token(request.scope) if caller.session_id else None
        expires_at = queries.expiry(caller, connection, digest(token)) if token else None
    return Me(
        scopes=sorted(caller.scopes),
        libraries=[Library(**row._asdict()) for row in libraries],
        session=Session(id=caller.session_id, expires_at=expires_at) if caller.session_id and expires_at else None,
    )
