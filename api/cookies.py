"""The session cookie: its name, how it is set and read, and the origin it belongs to.

Belongs here: what browsers are told and what they say. Does not belong here: who may do what (`darkroom.security`).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope


@dataclass(frozen=True)
class SessionCookie:
    """The cookie of one application; `public_url` is where people find it when a proxy stands in between."""

    public_url: str | None = None

    def origin(self, scope: Scope) -> str:
        """Scheme, host and port of our own pages, as browsers write them in `Origin`."""
        return self.public_url or f"{scope['scheme']}://{Headers(scope=scope).get('host', '')}"

    def name(self, scope: Scope) -> str:
        """The port is in it: browsers send cookies to every port of a host, and two homes may be on one machine.

        Over TLS its prefix keeps other hosts of the domain from setting it.
        """
        own = urlsplit(self.origin(scope))
        _, _, port = own.netloc.rpartition("]")[2].partition(":")
        return f"{'__Host-' if own.scheme == 'https' else ''}darkroom{f'_{port}' if port.isdigit() else ''}"

    def token(self, scope: Scope) -> str | None:
        """What the browser sent."""
        sent = Headers(scope=scope).get("cookie")
        return cookie_parser(sent).get(self.name(scope)) if sent else None

    def give(self, response: Response, scope: Scope, token: str, seconds: int) -> None:
        """Has the browser keep a token, out of the reach of scripts and of other sites."""
        self._set(response, scope, token, seconds)

    def take(self, response: Response, scope: Scope) -> None:
        """Has the browser forget it."""
        self._set(response, scope, "", 0)

    def _set(self, response: Response, scope: Scope, value: str, seconds: int) -> None:
        secure = self.origin(scope).startswith("https:")
        response.set_cookie(
            self.name(scope), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict"
        )
