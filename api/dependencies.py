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

from api.middleware.requests import record_of
from api.pagination import Cursors, cursor_key
from api.problems import FORBIDDEN, UNAUTHENTICATED, Problem
from darkroom.home import Home
from darkroom.sdk.stores import ObjectStore, VectorStore
from darkroom.security.callers import Caller
from darkroom.security.keys import KeyRefused, accept, digest, well_formed
from darkroom.services.search import SearchService
from darkroom.settings import Settings
from darkroom.stores.lake import Lake
from darkroom.stores.objects import FolderObjects
from darkroom.stores.state.engine import connect
from darkroom.stores.state.keys import find_key
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
    def search(self) -> SearchService:
        """Searches the index; keeps recent rankings."""
        return SearchService(self.vectors)

    @cached_property
    def cursors(self) -> Cursors:
        """Signs pages' positions."""
        return Cursors(cursor_key(self.home))

    @cached_property
    def lake(self) -> Lake:
        """The lake, read-only; opened on first use, since it costs half a second, and tried again after a failure."""
        with self._opening:
            if "lake" not in vars(self):
                vars(self)["lake"] = Lake.open(self.home, self.settings.lake, read_only=True)
            return vars(self)["lake"]  # type: ignore[no-any-return]

    def open(self) -> None:
        """Opens what every request needs. Raises `NotRunning` when the home has not been started."""
        _ = self.state, self.cursors

    def close(self) -> None:
        """Closes what was opened."""
        if "lake" in vars(self):
            vars(self).pop("lake").close()
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
    """The caller, who holds every scope the route asks for. Raises `Problem`: 401 without a good key, else 403."""
    if presented is None or not well_formed(presented.credentials):
        raise Problem(UNAUTHENTICATED, "Send an API key as `Authorization: Bearer dk_…`.")
    caller = await run_in_threadpool(_recognise, parts.state, presented.credentials)
    record_of(request.scope).key_id = caller.key_id
    missing = [scope for scope in scopes.scopes if not caller.may(scope)]
    if missing:
        raise Problem(FORBIDDEN, f"The key lacks the scope {', '.join(missing)}.")
    return caller


def _recognise(engine: Engine, key: str) -> Caller:
    with engine.connect() as connection:
        stored = find_key(connection, digest(key))
    try:
        return accept(stored, key, datetime.now(UTC))
    except KeyRefused as refusal:
        _log.warning("key refused", reason=str(refusal))
        raise Problem(UNAUTHENTICATED, "The key is unknown, revoked or expired.") from None


def needs(scope: str) -> object:
    """The dependency of a route that needs `scope`."""
    return Security(authenticate, scopes=[scope])


PhotoReader = Annotated[Caller, needs("photos:read")]
PhotoSearcher = Annotated[Caller, needs("photos:search")]
ImportReader = Annotated[Caller, needs("imports:read")]
ImportWriter = Annotated[Caller, needs("imports:write")]
SourceWriter = Annotated[Caller, needs("sources:write")]
MartReader = Annotated[Caller, needs("marts:read")]
