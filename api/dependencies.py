"""What routes ask for: the parts of the platform, and a caller with the scope they need.

Belongs here: opening the parts once per process, recognising the caller, and the `Annotated` aliases of both.
Does not belong here: what a route does with them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import Annotated

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from api.cookies import SessionCookie
from api.middleware.requests import record_of
from api.pagination import Cursors, cursor_key
from api.problems import CROSS_SITE, FORBIDDEN, UNAUTHENTICATED, Problem
from darkroom.home import Home
from darkroom.sdk.stores import ObjectStore, VectorStore
from darkroom.security import sessions
from darkroom.security.callers import ADMIN, Caller
from darkroom.security.keys import KeyRefused, accept, digest, well_formed
from darkroom.services.examples import Examples
from darkroom.services.meanings import PictureLooks, QueryMeanings, meanings_of
from darkroom.services.search import Meanings, SearchService
from darkroom.services.search_events import SearchEvents
from darkroom.settings import Settings
from darkroom.stores.lake import Lake
from darkroom.stores.objects import FolderObjects
from darkroom.stores.state.engine import connect
from darkroom.stores.state.keys import find_key
from darkroom.stores.state.sessions import find as find_session
from darkroom.stores.vectors import LanceVectors

CONNECTIONS = 20
_log = structlog.get_logger("darkroom.api")


class Parts:
    """The parts one API process works with. Attributes can be replaced by fakes before they are first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self._opening = Lock()

    @cached_property
    def state(self) -> Engine:
        """The state database as `darkroom_api`, which row-level security binds."""
        url = self.home.database_url("darkroom_api")
        return connect(url, application="darkroom-api", pool_size=CONNECTIONS, overflow=CONNECTIONS)

    @cached_property
    def objects(self) -> ObjectStore:
        """Originals and renditions."""
        return FolderObjects(self.home.objects)

    @cached_property
    def vectors(self) -> VectorStore:
        """The search index."""
        return LanceVectors(self.home.vectors)

    @cached_property
    def meanings(self) -> Meanings:
        """Vectors of query texts, by a model in this process that is loaded when it is first needed."""
        return meanings_of(self.settings.inference)

    @cached_property
    def examples(self) -> Examples:
        """Uploaded pictures to find photos like them."""
        return Examples(self.settings)

    @cached_property
    def search(self) -> SearchService:
        """Searches the index; keeps recent rankings."""
        return SearchService(self.vectors, self.meanings, PictureLooks(self.settings.inference.image_embedder))

    @cached_property
    def search_events(self) -> SearchEvents:
        """Records how searches go."""
        return SearchEvents(lambda: self.state)

    @cached_property
    def cursors(self) -> Cursors:
        """Signs pages' positions."""
        return Cursors(cursor_key(self.home))

    @cached_property
    def cookie(self) -> SessionCookie:
        """The cookie of whoever is signed in."""
        return SessionCookie(self.settings.api.public_url)

    @cached_property
    def lake(self) -> Lake:
        """The lake, read-only; opened on first use, since it costs half a second, and tried again after a failure."""
        with self._opening:
            if "lake" not in vars(self):
                vars(self)["lake"] = Lake.open(self.home, self.settings.lake, read_only=True)
            return vars(self)["lake"]  # type: ignore[no-any-return]

    def open(self) -> None:
        """Opens what every request needs, and warms what the first search needs. Raises `NotRunning` before `up`."""
        _ = self.state, self.cursors
        if isinstance(self.meanings, QueryMeanings):
            self.meanings.warm()

    def close(self) -> None:
        """Closes what was opened."""
        for name in ("lake", "search", "examples", "search_events"):
            if name in vars(self):
                vars(self).pop(name).close()
        if "state" in vars(self):
            self.state.dispose()


async def get_parts(request: Request) -> Parts:
    """The parts of this process. A coroutine, since FastAPI would send a plain function to a thread."""
    parts: Parts = request.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(get_parts)]

_bearer = HTTPBearer(scheme_name="key", bearerFormat="dk_…", description="An API key.", auto_error=False)
Presented = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def authenticate(
    request: Request,
    scopes: SecurityScopes,
    parts: PartsOf,
    presented: Presented,
) -> Caller:
    """The caller, who holds every scope the route asks for.

    A key counts, and without one the cookie of a session. Raises `Problem`: 401 without either, else 403.
    """
    if "authorization" in request.headers:
        caller = await _by_key(parts, presented)
    else:
        caller = await _by_session(parts, request)
    record = record_of(request.scope)
    record.key_id, record.session_id = caller.key_id, caller.session_id
    missing = [scope for scope in scopes.scopes if not caller.may(scope)]
    if missing:
        raise Problem(
            FORBIDDEN, f"The {'session' if caller.session_id else 'key'} lacks the scope {', '.join(missing)}."
        )
    return caller


async def _by_key(parts: Parts, presented: HTTPAuthorizationCredentials | None) -> Caller:
    if presented is None or not well_formed(presented.credentials):
        raise Problem(UNAUTHENTICATED, "Send an API key as `Authorization: Bearer dk_…`.")
    return await run_in_threadpool(_recognise, parts.state, presented.credentials)


async def _by_session(parts: Parts, request: Request) -> Caller:
    token = parts.cookie.token(request.scope)
    if token is None or not sessions.well_formed(token):
        raise Problem(UNAUTHENTICATED, "Send an API key as `Authorization: Bearer dk_…`.")
    said = request.headers.get
    origin = parts.cookie.origin(request.scope)
    if not sessions.comes_from_the_page(request.method, said("sec-fetch-site"), said("origin"), origin):
        raise Problem(CROSS_SITE, "The request does not come from the gallery's own page.")
    return await run_in_threadpool(_recognise_session, parts.state, token)


def _recognise(engine: Engine, key: str) -> Caller:
    with engine.connect() as connection:
        stored = find_key(connection, digest(key))
    try:
        return accept(stored, key, datetime.now(UTC))
    except KeyRefused as refusal:
        _log.warning("key refused", reason=str(refusal))
        raise Problem(UNAUTHENTICATED, "The key is unknown, revoked or expired.") from None


def _recognise_session(engine: Engine, token: str) -> Caller:
    with engine.connect() as connection:
        stored = find_session(connection, digest(token))
    try:
        return sessions.accept(stored, token, datetime.now(UTC))
    except sessions.SessionRefused as refusal:
        _log.warning("session refused", reason=str(refusal))
        raise Problem(UNAUTHENTICATED, "The session has ended; sign in again.") from None


def needs(scope: str) -> object:
    """The dependency of a route that needs `scope`."""
    return Security(authenticate, scopes=[scope])


PhotoReader = Annotated[Caller, needs("photos:read")]
PhotoSearcher = Annotated[Caller, needs("photos:search")]
ImportReader = Annotated[Caller, needs("imports:read")]
ImportWriter = Annotated[Caller, needs("imports:write")]
SourceWriter = Annotated[Caller, needs("sources:write")]
DuplicateWriter = Annotated[Caller, needs("duplicates:write")]
MartReader = Annotated[Caller, needs("marts:read")]
PeopleReader = Annotated[Caller, needs("people:read")]
PeopleWriter = Annotated[Caller, needs("people:write")]
Administrator = Annotated[Caller, needs(ADMIN)]
