"""The API's composition root: which middleware, routes and parts make the application.

`python -m uvicorn api.app:create_app --factory` serves it. Routes are found by looking: every module in
`api.resources` that has a `router` (a test lists what was found).
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api import problems, resources
from api.dependencies import Parts
from api.logs import configure_logging
from api.middleware.bodies import BodyLimitMiddleware
from api.middleware.faults import FaultsMiddleware
from api.middleware.headers import SecurityHeadersMiddleware
from api.middleware.metrics import Metrics, MetricsMiddleware
from api.middleware.rates import RateLimitMiddleware
from api.middleware.requests import RequestMiddleware
from api.openapi import API_VERSION, describe
from api.parameters import KnownParameters
from api.resources import search_examples
from api.resources.gallery import FILES, GalleryFiles
from darkroom.services.examples import LARGEST_BYTES
from darkroom.settings import Settings, load_settings

SENT_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Range",
]
SHOWN_HEADERS = ["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"]
LARGEST_BODY = 1024 * 1024
"""Bytes a request body may have where it is a small JSON object, as nearly everywhere."""


def create_app(settings: Settings | None = None, *, parts: Parts | None = None) -> FastAPI:
    """The application. Without arguments it serves the home that the environment names and logs as a service does."""
    if settings is None:
        configure_logging()
        settings = load_settings()
    given = parts or Parts(settings)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        given.open()
        _collect_rarely()
        yield
        given.close()

    app = FastAPI(
        title="Darkroom",
        version=API_VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        generate_unique_id_function=_operation_id,
        middleware=[
            Middleware(RequestMiddleware),
            Middleware(MetricsMiddleware, metrics=metrics),
            Middleware(SecurityHeadersMiddleware),
            *_cors(settings.api.cors_origins),
            Middleware(
                RateLimitMiddleware,
                per_key=settings.api.requests_per_minute,
                refused_per_address=settings.api.refused_per_minute,
                cookie=given.cookie,
            ),
            Middleware(FaultsMiddleware),
            Middleware(BodyLimitMiddleware, limit=LARGEST_BODY, paths={search_examples.PATH: LARGEST_BYTES}),
        ],
    )
    app.state.parts = given
    app.state.metrics = metrics
    known = KnownParameters()
    allowed: dict[str | None, set[str]] = {}
    for router in routers():
        app.include_router(router, dependencies=[Depends(known)] if router.prefix else [])
        for route in router.routes:
            if isinstance(route, APIRoute):
                allowed.setdefault(route.path, set()).update(route.methods or ())
    app.mount("/gallery", GalleryFiles(directory=FILES))
    problems.install(app, allowed)
    describe(app)
    return app


def routers() -> Iterator[APIRouter]:
    """The routers of `api.resources`, by module name."""
    for module in sorted(info.name for info in pkgutil.iter_modules(resources.__path__)):
        router = getattr(importlib.import_module(f"{resources.__name__}.{module}"), "router", None)
        if isinstance(router, APIRouter):
            yield router


def _collect_rarely() -> None:
    """Leaves what was made at the start out of garbage collection, and has it look at the rest less often.

    Requests make many objects and few cycles, and every look pauses all of them: a fifth of the p95 of 16 clients.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _cors(origins: list[str]) -> list[Middleware]:
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "PATCH", "POST"],
            allow_headers=SENT_HEADERS,
            expose_headers=SHOWN_HEADERS,
            max_age=600,
        )
    ]
