"""Who asks: the principal every query and every permission check is about.

Belongs here: the caller and the scopes a key can carry. Does not belong here: how a caller is recognised (`keys.py`,
`sessions.py`), or which scope a route needs (the route says).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

ADMIN = "admin"
SCOPES = (
    "photos:read",
    "photos:search",
    "imports:write",
    "imports:read",
    "sources:write",
    "marts:read",
    "people:read",
    "people:write",
    "duplicates:write",
    ADMIN,
)
"""Every scope there is; `admin` includes the others."""


@dataclass(frozen=True)
class Caller:
    """A recognised principal: the libraries it may see, its own first one being where new things go, and its scopes.

    Whoever comes with a session has its id, and the key that opened it as `key_id`.
    """

    user_id: UUID
    key_id: UUID
    libraries: tuple[UUID, ...]
    scopes: frozenset[str]
    session_id: UUID | None = None

    def may(self, scope: str) -> bool:
        """Whether the caller holds `scope`, by name or as an administrator."""
        return scope in self.scopes or ADMIN in self.scopes
