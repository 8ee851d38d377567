"""Health, metrics and the registry of problems: what needs no key, since it says nothing about anyone's photos."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.dependencies import Parts, PartsOf
from api.pagination import Page
from api.problems import NOT_FOUND, REGISTRY, Problem, ProblemType, document
from api.queries.health import revision
from api.schemas.problems import ProblemEntry
from api.schemas.service import Alive, Check, Ready
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state.migrate import head_revision

router = APIRouter(tags=["service"])
_log = structlog.get_logger("darkroom.api")


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Alive:
    """Answers while the process can answer at all; looks at nothing else."""
    return Alive(status="ok")


@router.get(
    "/readyz",
    summary="Can the API serve?",
    responses={503: {"model": Ready, "description": "A part is missing; the body says which."}},
)
def readyz(parts: PartsOf, response: Response) -> Ready:
    """Asks each part the API needs, and says how each stands."""
    checks = {name: _checked(name, check, parts) for name, check in CHECKS.items()}
    ready = all(check.ok for check in checks.values())
    response.status_code = 200 if ready else 503
    return Ready(ready=ready, checks=checks)


@router.get(
    "/metrics",
    summary="Metrics",
    response_class=Response,
    responses={
        200: {"description": "Prometheus text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    },
)
async def metrics(request: Request) -> Response:
    """Counts and times of requests by route, in the text format of Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems", summary="List the types of problems")
async def list_problems() -> Page[ProblemEntry]:
    """Every `type` a problem can have."""
    return Page(items=[_entry(one) for one in REGISTRY.values()], next_cursor=None)


@router.get("/problems/{slug}", summary="Describe a type of problem", responses=document(NOT_FOUND))
async def get_problem(
    slug: Annotated[str, Path(description="Last part of the problem's `type`.", examples=["not-found"])],
) -> ProblemEntry:
    """What a problem means and what to do about it."""
    if slug not in REGISTRY:
        raise Problem(NOT_FOUND, "There is no such type of problem.")
    return _entry(REGISTRY[slug])


def _entry(type: ProblemType) -> ProblemEntry:
    return ProblemEntry(type=type.uri, title=type.title, status=type.status, meaning=type.meaning)


def _state(parts: Parts) -> str:
    with parts.state.connect() as connection:
        found = revision(None, connection)
    if found != head_revision():
        raise RuntimeError(f"revision {found} instead of {head_revision()}")
    return f"revision {found}"


def _index(parts: Parts) -> str:
    parts.vectors.fetch([str(DEFAULT_LIBRARY)])  # no photo has this id; any question will do
    return "answers"


def _lake(parts: Parts) -> str:
    return f"snapshot {parts.lake.snapshot()}"


CHECKS: dict[str, Callable[[Parts], str]] = {"state": _state, "index": _index, "lake": _lake}


def _checked(name: str, check: Callable[[Parts], str], parts: Parts) -> Check:
    began = time.perf_counter()
    try:
        detail, ok = check(parts), True
    except Exception as error:  # noqa: BLE001 - whatever it is, the part is not ready
        # The class only: messages of drivers name hosts and users, and this answer needs no key.
        detail, ok = type(error).__name__, False
        _log.warning("part not ready", part=name, error=str(error))
    return Check(ok=ok, detail=detail, milliseconds=round((time.perf_counter() - began) * 1000, 1))
