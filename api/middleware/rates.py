"""Rate limits in this process: a bucket per key or session, and one per address for requests that neither signs.

The second is what makes guessing keys slow. Belongs here: buckets and the `RateLimit` headers. Does not belong here:
whether a key is good (the answer's status says so).
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.cookies import SessionCookie
from api.middleware.requests import record_of
from api.problems import RATE_LIMITED, Problem, respond

WINDOW_SECONDS = 60
MOST_BUCKETS = 10_000
EXEMPT = ("/livez", "/readyz", "/metrics")
"""What monitors poll; a limit there would make a busy service look dead."""


@dataclass
class _Bucket:
    tokens: float
    at: float
    good: bool = False


class Buckets:
    """Token buckets by name: `quota` at once, refilled evenly over a minute. The least recently used are forgotten."""

    def __init__(self, quota: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.quota = quota
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def bucket(self, name: str) -> _Bucket:
        """The bucket of this name, refilled up to now; a full one when it is new."""
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(float(self.quota), now)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            bucket.tokens = min(self.quota, bucket.tokens + (now - bucket.at) * self.quota / WINDOW_SECONDS)
            bucket.at = now
            self._buckets.move_to_end(name)
        return bucket

    def take(self, name: str) -> bool:
        """Takes a token; false when there is none."""
        bucket = self.bucket(name)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def headers(self, policy: str, name: str) -> dict[str, str]:
        """The `RateLimit` headers: what is left, and in how many seconds there is one more."""
        left = self.bucket(name).tokens
        return {
            "RateLimit-Policy": f'"{policy}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{policy}";r={math.floor(left)};t={self.wait(name)}',
        }

    def wait(self, name: str) -> int:
        """Whole seconds until there is one more token."""
        left = self.bucket(name).tokens
        return math.ceil((math.floor(left) + 1 - left) * WINDOW_SECONDS / self.quota)


class RateLimitMiddleware:
    """Refuses a request whose bucket is empty with 429, and tells every caller what is left.

    A key that was accepted before is not held back by what others at its address did.
    """

    def __init__(self, app: ASGIApp, per_key: int, refused_per_address: int, cookie: SessionCookie) -> None:
        self.app = app
        self.cookie = cookie
        self.keys = Buckets(per_key)
        self.addresses = Buckets(refused_per_address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on or refuses it."""
        if scope["type"] != "http" or scope["path"] in EXEMPT:
            await self.app(scope, receive, send)
            return
        record = record_of(scope)
        address = (scope.get("client") or ("unknown", 0))[0]
        presented = Headers(scope=scope).get("authorization") or self.cookie.token(scope)
        key = hashlib.sha256(presented.encode()).hexdigest() if presented else None
        policy, buckets, name = ("key", self.keys, key) if key else ("address", self.addresses, address)
        trusted = key is not None and self.keys.bucket(key).good
        refused = (key is not None and not self.keys.take(key)) or (
            not trusted and self.addresses.bucket(address).tokens < 1
        )
        if refused:
            wait = buckets.wait(name) if buckets.bucket(name).tokens < 1 else self.addresses.wait(address)
            headers = {"Retry-After": str(wait), **buckets.headers(policy, name)}
            problem = Problem(RATE_LIMITED, f"Too many requests; try again in {wait} s.", headers=headers)
            await respond(problem, record.request_id)(scope, receive, send)
            return

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 401:
                    self.addresses.take(address)
                elif key is not None and record.key_id is not None:
                    self.keys.bucket(key).good = True
                MutableHeaders(scope=message).update(buckets.headers(policy, name))
            await send(message)

        await self.app(scope, receive, send_with_limits)
