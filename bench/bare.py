"""A page of photos from a route with nothing around it: what the API's own page is measured against.

No key, no rights, no cursor, no schema, no log: one FastAPI route that asks for the same rows and writes them as JSON.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from sqlalchemy import Engine, Row, select

from darkroom.home import Home
from darkroom.stores.state import schema
from darkroom.stores.state.engine import connect

BESIDE = (schema.photo_files, schema.published_outputs, schema.faces)
"""Tables that a photo in a page has rows of, beside its own."""


def create_app() -> FastAPI:
    """The application, over the home that `DARKROOM_HOME` names."""
    app, engine = FastAPI(), connect(Home(Path(os.environ["DARKROOM_HOME"])).database_url("darkroom"))

    @app.get("/livez")
    def alive() -> Response:
        return Response("{}")

    @app.get("/v1/photos")
    def photos(limit: int = 20) -> Response:
        return Response(json.dumps(_page(engine, limit), default=str), media_type="application/json")

    return app


def _page(engine: Engine, limit: int) -> list[dict[str, Any]]:
    photos = schema.photos
    newest = (photos.c.taken_local.desc().nulls_last(), photos.c.photo_id)
    with engine.connect() as connection:
        page = {row.photo_id: _of(row) for row in connection.execute(select(photos).order_by(*newest).limit(limit))}
        for table in BESIDE:
            for row in connection.execute(select(table).where(table.c.photo_id.in_(page))):
                page[row.photo_id].setdefault(table.name, []).append(_of(row))
    return list(page.values())


def _of(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)
