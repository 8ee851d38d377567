"""Problems (RFC 9457): the one form of every error, and the registry of what can go wrong.

Belongs here: the types, the exception that carries one, and the handlers that make everything else one.
Does not belong here: deciding that something is wrong (resources, domain).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from darkroom.home import NotRunning

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("darkroom.api")


@dataclass(frozen=True)
class ProblemType:
    """One entry of the registry; `meaning` tells a developer what to do about it."""

    slug: str
    status: int
    title: str
    meaning: str

    @property
    def uri(self) -> str:
        """Where the entry is described, relative to the API's root."""
        return f"/problems/{self.slug}"


MALFORMED = ProblemType("malformed-request", 400, "Malformed request", "The request is no valid HTTP or JSON.")
INVALID_CURSOR = ProblemType(
    "invalid-cursor",
    400,
    "Invalid cursor",
    "The cursor was altered, has expired, or belongs to another filter. Start again without a cursor.",
)
INVALID_FILTER = ProblemType(
    "invalid-filter", 400, "Invalid filter", "The filter cannot be understood; `errors` says where and how to mend it."
)
UNAUTHENTICATED = ProblemType(
    "unauthenticated",
    401,
    "Key needed",
    "Send `Authorization: Bearer dk_…` with a key that is neither revoked nor expired.",
)
FORBIDDEN = ProblemType("forbidden", 403, "Scope missing", "The key is good but lacks the scope the route needs.")
CROSS_SITE = ProblemType(
    "cross-site-request",
    403,
    "Request from elsewhere",
    "A browser's session counts only for requests that the gallery's own page makes. Programs use a key.",
)
NOT_FOUND = ProblemType("not-found", 404, "Not found", "There is no such thing in the libraries the key may see.")
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed", 405, "Method not allowed", "The path exists, but not with this method; see `Allow`."
)
CONFLICT = ProblemType("conflict", 409, "Conflict", "The state of the thing does not allow this.")
ORIGINAL_CHANGED = ProblemType(
    "original-changed",
    409,
    "Original changed",
    "The file in the source is no longer the one that was taken in. Import the source to take in the new bytes.",
)
ALREADY_DECIDED = ProblemType(
    "already-decided",
    409,
    "Already decided",
    "Somebody decided otherwise. Look at the thing as it is now, and send its `ETag` as `If-Match` to overrule that.",
)
ORIGINAL_GONE = ProblemType(
    "original-gone", 410, "Original gone", "No file of the photo can be read in its source any more."
)
NAME_TAKEN = ProblemType(
    "name-taken",
    409,
    "Name taken",
    "Somebody else has the name; `errors` says who. Merge the two, or use another name.",
)
SEEN_TOGETHER = ProblemType(
    "seen-together",
    409,
    "Seen together",
    "Two faces of one photo are two people; `errors` names the photos. If one of the faces is wrong, reject it first.",
)
STALE = ProblemType(
    "stale", 412, "Changed meanwhile", "The thing is no longer as `If-Match` says. Look at it again, then decide."
)
TOO_LARGE = ProblemType("content-too-large", 413, "Content too large", "The request body is larger than is accepted.")
UNSUPPORTED_MEDIA = ProblemType(
    "unsupported-media-type", 415, "Unsupported media type", "Send JSON with `Content-Type: application/json`."
)
RANGE = ProblemType(
    "range-not-satisfiable", 416, "Range not satisfiable", "The range lies outside the file; see `Content-Range`."
)
INVALID = ProblemType(
    "invalid-request", 422, "Invalid request", "Parts of the request are not valid; `errors` names each of them."
)
KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    422,
    "Idempotency key reused",
    "The same Idempotency-Key came with another request before. Use a new key for a new request.",
)
RATE_LIMITED = ProblemType(
    "rate-limited", 429, "Too many requests", "Wait as long as `Retry-After` says; `RateLimit` shows what is left."
)
INTERNAL = ProblemType(
    "internal-error", 500, "Internal error", "A fault of the server. The log has details under the request's id."
)
UNAVAILABLE = ProblemType(
    "unavailable", 503, "Unavailable", "A part of the platform does not answer. Try again as `Retry-After` says."
)

REGISTRY: Mapping[str, ProblemType] = {
    one.slug: one
    for one in (
        MALFORMED,
        INVALID_CURSOR,
        INVALID_FILTER,
        UNAUTHENTICATED,
        FORBIDDEN,
        CROSS_SITE,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        CONFLICT,
        NAME_TAKEN,
        SEEN_TOGETHER,
        ORIGINAL_CHANGED,
        ALREADY_DECIDED,
        ORIGINAL_GONE,
        STALE,
        TOO_LARGE,
        UNSUPPORTED_MEDIA,
        RANGE,
        INVALID,
        KEY_REUSED,
        RATE_LIMITED,
        INTERNAL,
        UNAVAILABLE,
    )
}
_BY_STATUS = {
    400: MALFORMED,
    401: UNAUTHENTICATED,
    403: FORBIDDEN,
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    409: CONFLICT,
    413: TOO_LARGE,
    415: UNSUPPORTED_MEDIA,
    422: INVALID,
    503: UNAVAILABLE,
}


class Problem(Exception):
    """Ends a request with a problem of the registry. `errors` are `{detail, pointer | parameter}`."""

    def __init__(
        self,
        type: ProblemType,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{type.slug}: {detail}")
        self.type = type
        self.detail = detail
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})


def respond(problem: Problem, request_id: str | None) -> JSONResponse:
    """The problem as a response."""
    body: dict[str, Any] = {
        "type": problem.type.uri,
        "title": problem.type.title,
        "status": problem.type.status,
        "detail": problem.detail,
        "instance": f"urn:request:{request_id}" if request_id else None,
        "errors": problem.errors,
    }
    headers = dict(problem.headers)
    if problem.type is UNAUTHENTICATED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    if problem.type is UNAVAILABLE:
        headers.setdefault("Retry-After", "2")
    headers.setdefault("Cache-Control", "no-store")
    return JSONResponse(body, problem.type.status, headers, MEDIA_TYPE)


def document(*types: ProblemType) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the problems a route may answer, by status, each with an example."""
    found: dict[int | str, dict[str, Any]] = {}
    for one in types:
        example = {"type": one.uri, "title": one.title, "status": one.status, "detail": one.meaning, "errors": []}
        entry = found.setdefault(
            one.status,
            {
                "description": HTTPStatus(one.status).phrase,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}, "examples": {}}},
            },
        )
        entry["content"][MEDIA_TYPE]["examples"][one.slug] = {"summary": one.title, "value": example}
    return found


def install(app: FastAPI, allowed: Mapping[str | None, Collection[str]]) -> None:
    """Makes every error of the application a problem; faults nobody foresaw are `FaultsMiddleware`'s business.

    `allowed` are the methods of each path.
    """

    def answer(request: Request, problem: Problem) -> JSONResponse:
        return respond(problem, request.scope["darkroom"].request_id)

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> JSONResponse:
        return answer(request, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        type = _BY_STATUS.get(error.status_code, INTERNAL if error.status_code >= 500 else MALFORMED)
        detail = type.meaning if type in (NOT_FOUND, METHOD_NOT_ALLOWED) else str(error.detail)
        headers = dict(error.headers or {})
        if type is METHOD_NOT_ALLOWED:
            path = getattr(request.scope.get("route"), "path", None)
            # FastAPI's routes have one method each, and know nothing of their neighbours.
            headers["Allow"] = ", ".join(sorted(allowed.get(path, ()))) or headers.get("Allow", "")
        return answer(request, Problem(type, detail, headers=headers))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        if any(one["type"] == "json_invalid" for one in error.errors()):
            return answer(request, Problem(MALFORMED, "The body is no valid JSON."))
        errors = [_where(one["loc"]) | {"detail": one["msg"]} for one in error.errors()]
        said = "A part of the request is" if len(errors) == 1 else f"{len(errors)} parts of the request are"
        return answer(request, Problem(INVALID, f"{said} not valid.", errors=errors))

    @app.exception_handler(DataError)
    async def _value(request: Request, error: DataError) -> JSONResponse:
        return answer(request, Problem(INVALID, "A value is outside of what can be stored or compared."))

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(NotRunning)
    async def _away(request: Request, error: Exception) -> JSONResponse:
        _log.warning("part unavailable", error=type(error).__name__, cause=str(_cause(error)))
        return answer(request, Problem(UNAVAILABLE, "The state database does not answer."))


def _cause(error: Exception) -> object:
    return error.orig if isinstance(error, DBAPIError) else error


def _where(location: Sequence[int | str]) -> dict[str, str]:
    kind, *path = location
    if kind == "body":
        return {"pointer": "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)}
    return {"parameter": str(path[0]) if path else str(kind)}
