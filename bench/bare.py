"""A page of photos from a route with nothing around it: what the API's own page is measured against.

No key, no rights, no cursor, no schema, no log: one FastAPI route that asks for the same rows by the same query, and
writes them as JSON. What the API's page takes longer is the overhead of its stack.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from fastapi import FastAPI, Response
from sqlalchemy import true

from api.queries import photos as queries
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.home import Home
from darkroom.security.callers import Caller
from darkroom.stores.state.engine import connect

EVERYTHING = Caller(DEFAULT_OWNER, DEFAULT_OWNER, (DEFAULT_LIBRARY,), frozenset())
"""Whose photos are listed: queries are told, here nobody is asked."""


def create_app() -> FastAPI:
    """The application, over the home that `DARKROOM_HOME` names."""
    app, engine = FastAPI(), connect(Home(Path(os.environ["DARKROOM_HOME"])).database_url("darkroom"))

    @app.get("/livez")
    def alive() -> Response:
        return Response("{}")

    @app.get("/v1/photos")
    def photos(limit: int = 20) -> Response:
        with engine.connect() as connection:
            page = queries.page(EVERYTHING, connection, true(), None, limit)
        return Response(json.dumps([vars(record) for record in page], default=str), media_type="application/json")

    return app
