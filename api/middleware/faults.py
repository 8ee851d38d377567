"""Faults nobody foresaw become a problem without a trace, inside all the layers that add headers and measure."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.requests import record_of
from api.problems import INTERNAL, Problem, respond

_log = structlog.get_logger("darkroom.api")


class FaultsMiddleware:
    """The innermost layer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and answers for it when it fails before it has answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = False

        async def send_noting(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception:
            _log.exception("request failed", method=scope["method"], path=scope["path"])
            if began:
                raise
            problem = Problem(INTERNAL, "Something went wrong here.")
            await respond(problem, record_of(scope).request_id)(scope, receive, send)
