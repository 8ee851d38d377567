"""Every request has an id and a line in the log.

The id is the trace id of an incoming W3C `traceparent`, so that callers find our log by their own trace, or a new one.
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", re.ASCII)
_QUIET = ("/livez", "/readyz", "/metrics")
_log = structlog.get_logger("darkroom.api")


@dataclass
class RequestRecord:
    """What the layers tell each other about a request: its id, and the key or session once it was accepted."""

    request_id: str
    key_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None


def record_of(scope: Scope) -> RequestRecord:
    """The record of the request in this scope."""
    record: RequestRecord = scope["darkroom"]
    return record


class RequestMiddleware:
    """The outermost layer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the request inside its log context."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = trace_id(Headers(scope=scope).get("traceparent")) or uuid.uuid4().hex
        record = scope["darkroom"] = RequestRecord(request_id)
        status = 0
        began = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            finally:
                if scope["path"] not in _QUIET:
                    took = round((time.perf_counter() - began) * 1000, 1)
                    # The path without its query: what people search for is not the log's business.
                    who = {
                        name: str(one) if one else None
                        for name, one in (("key", record.key_id), ("session", record.session_id))
                    }
                    _log.info("request", method=scope["method"], path=scope["path"], status=status, ms=took, **who)


def trace_id(traceparent: str | None) -> str | None:
    """The trace id of a valid `traceparent` header, else `None`."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    if match is None or traceparent is None or traceparent.startswith("ff"):
        return None
    return match[1] if set(match[1]) != {"0"} and set(match[2]) != {"0"} else None
