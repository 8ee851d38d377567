"""Sessions of people in browsers: one-time codes, what is kept of them, and which requests a cookie may sign.

A code and a session token are 256 random bits each, and only their SHA-256 is kept, as for keys. Belongs here: pure
rules. Does not belong here: the tables (`stores.state.sessions`), cookies and headers (`api.cookies`).
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from darkroom.security.callers import Caller
from darkroom.security.keys import digest

PAGE_SCOPES = (
    "photos:read",
    "photos:search",
    "people:read",
    "people:write",
    "duplicates:write",
    "imports:read",
    "imports:write",
    "marts:read",
)
"""What a session may do. Registering folders and making keys is left to keys: a browser is easier to trick."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class SessionRefused(PermissionError):
    """The session is unknown, ended or expired; the message says which, for logs and not for the caller."""


@dataclass(frozen=True)
class StoredSession:
    """What is kept of a session, with the key it was opened with and the libraries of its user.

    It ends with that key: `ended_at` and `expires_at` are the earlier of the two.
    """

    session_id: UUID
    key_id: UUID
    user_id: UUID
    digest: str
    scopes: tuple[str, ...]
    expires_at: datetime
    ended_at: datetime | None
    libraries: tuple[UUID, ...]


def generate() -> str:
    """A new code or session token: 43 characters that need no escaping in an address or a cookie."""
    return secrets.token_urlsafe(32)


def well_formed(token: str) -> bool:
    """Whether the text could be a code or token at all; what is not need not be looked up."""
    return _FORM.fullmatch(token) is not None


def accept(stored: StoredSession | None, token: str, now: datetime) -> Caller:
    """The caller a presented token stands for at `now` (aware). Raises `SessionRefused`."""
    if stored is None or not hmac.compare_digest(digest(token), stored.digest):
        raise SessionRefused("unknown session")
    if stored.ended_at is not None:
        raise SessionRefused(f"session {stored.session_id} has ended")
    if stored.expires_at <= now:
        raise SessionRefused(f"session {stored.session_id} has expired")
    return Caller(stored.user_id, stored.key_id, stored.libraries, frozenset(stored.scopes), stored.session_id)


def comes_from_the_page(method: str, fetch_site: str | None, origin: str | None, own_origin: str) -> bool:
    """Whether a request that a cookie signs was made by our own page, or by the user's own hand.

    `fetch_site` is the header `Sec-Fetch-Site`, which browsers send to TLS and loopback addresses only; elsewhere
    `Origin` must do, which they send with every unsafe method. Another port of this host is the same *site* and sends
    the cookie, too: only the same *origin* is believed. What proves nothing is refused.
    """
    if fetch_site is not None:
        return fetch_site == "same-origin" or (fetch_site == "none" and method in SAFE_METHODS)
    return origin == own_origin if origin is not None else method in SAFE_METHODS
