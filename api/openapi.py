"""The OpenAPI document: what every keyed route has in common, said once.

Belongs here: responses and headers that no route should have to repeat. Does not belong here: any route.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import FORBIDDEN, INTERNAL, INVALID, RATE_LIMITED, UNAUTHENTICATED, UNAVAILABLE, document
from api.schemas.problems import ProblemBody

API_VERSION = "1.0.0"
DESCRIPTION = """Ask a Darkroom for photos, and for work to be done.

Send a key as `Authorization: Bearer dk_…`. Lists are `{items, next_cursor}`: pass `next_cursor` as `cursor` until it is
null. Every error is a problem (RFC 9457) whose `type` is described under `/problems`. Long work answers 202 with a
`Location` to look at. Fields may be added at any time; none is renamed or removed within `/v1`.
"""
TAGS = [
    {"name": "photos", "description": "Published photos, their renditions and originals."},
    {"name": "search", "description": "Photos by words, likeness and conditions."},
    {"name": "people", "description": "Whose faces are whose: names, and decisions that every new grouping keeps."},
    {"name": "duplicates", "description": "Photos that are one picture, and stacks of photos taken together."},
    {"name": "imports", "description": "Sources, and taking in what is in them."},
    {"name": "models", "description": "The AI models that are installed, and how far each has come."},
    {"name": "marts", "description": "Tables for analysts, read-only."},
    {"name": "sessions", "description": "Signing browsers in and out; who asks."},
    {"name": "gallery", "description": "A page to look at photos with."},
    {"name": "service", "description": "Health, metrics and the registry of problems."},
]
_SHARED = document(UNAUTHENTICATED, FORBIDDEN, INVALID, RATE_LIMITED, INTERNAL, UNAVAILABLE)
_OPEN = document(INTERNAL)


def describe(app: FastAPI) -> None:
    """Gives the application its document, made once, when it is first asked for."""
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not made:
            made.update(_document(app))
        return made

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        servers=[{"url": "/"}],
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    body = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(body.pop("$defs", {}))
    schemas["ProblemBody"] = body
    found["components"]["responses"] = {str(status): response for status, response in _SHARED.items()}
    for operations in found["paths"].values():
        for operation in operations.values():
            _complete(operation)
    return found


def _complete(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    shared = _SHARED if operation.get("security") else _OPEN
    for status, response in shared.items():
        known = responses.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
        if "content" in known:
            for media, content in response["content"].items():
                mine = known["content"].setdefault(media, content)
                mine["examples"] = {**content["examples"], **mine.get("examples", {})}
    operation["responses"] = dict(sorted(responses.items()))
