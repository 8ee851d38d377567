"""A limit on request bodies, whether their length is announced or not."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.requests import record_of
from api.problems import TOO_LARGE, Problem, respond


class BodyLimitMiddleware:
    """Refuses bodies of more than `limit` bytes with 413: before reading when they say so, else when they get there."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on or refuses it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > self.limit:
            problem = Problem(TOO_LARGE, self._detail())
            await respond(problem, record_of(scope).request_id)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                # Raised inside the route, where it becomes a problem; FastAPI passes on this class only.
                raise HTTPException(413, self._detail())
            return message

        await self.app(scope, receive_counted, send)

    def _detail(self) -> str:
        return f"A body may have {self.limit:,} bytes."
