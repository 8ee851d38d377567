"""A limit on request bodies, whether their length is announced or not."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.requests import record_of
from api.problems import TOO_LARGE, Problem, respond


class BodyLimitMiddleware:
    """Refuses bodies of more than `limit` bytes with 413: before reading when they say so, else when they get there.

    `paths` have limits of their own.
    """

    def __init__(self, app: ASGIApp, limit: int, paths: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.paths = paths or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on or refuses it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.paths.get(scope["path"], self.limit)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > limit:
            problem = Problem(TOO_LARGE, _detail(limit))
            await respond(problem, record_of(scope).request_id)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # Raised inside the route, where it becomes a problem; FastAPI passes on this class only.
                raise HTTPException(413, _detail(limit))
            return message

        await self.app(scope, receive_counted, send)


def _detail(limit: int) -> str:
    return f"A body may have {limit:,} bytes."
