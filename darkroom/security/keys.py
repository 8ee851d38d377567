"""API keys: how one is made, what is kept of it, and when it is accepted.

A key is `dk_` and 256 random bits. Only its SHA-256 is kept: the key has the entropy of the digest, so a slow
password hash would add nothing but time. Belongs here: pure rules. Does not belong here: the table
(`stores.state.keys`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from darkroom.security.callers import SCOPES, Caller

PREFIX = "dk_"
_FORM = re.compile(r"dk_[A-Za-z0-9_-]{43}", re.ASCII)


class KeyRefused(PermissionError):
    """The key is unknown, malformed, revoked or expired; the message says which, for logs and not for the caller."""


@dataclass(frozen=True)
class StoredKey:
    """What is kept of a key, with the libraries its user owns."""

    key_id: UUID
    user_id: UUID
    digest: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    libraries: tuple[UUID, ...]


def generate() -> str:
    """A new key. It is shown once; keep `digest(key)`."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """What is kept of a key: lower-case hex SHA-256, 64 characters."""
    return hashlib.sha256(key.encode()).hexdigest()


def well_formed(key: str) -> bool:
    """Whether the text could be a key at all; what is not need not be looked up."""
    return _FORM.fullmatch(key) is not None


def check_scopes(scopes: frozenset[str]) -> None:
    """Raises `ValueError` naming the scopes that do not exist, or when there are none."""
    unknown = sorted(scopes.difference(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"a key needs scopes out of {', '.join(SCOPES)}; not {', '.join(unknown) or 'none'}")


def accept(stored: StoredKey | None, key: str, now: datetime) -> Caller:
    """The caller a presented key stands for at `now` (aware). Raises `KeyRefused`.

    The digests are compared in constant time even though the row was found by one.
    """
    presented = digest(key)
    if not hmac.compare_digest(presented, stored.digest if stored else "0" * 64) or stored is None:
        raise KeyRefused("unknown key")
    if stored.revoked_at is not None:
        raise KeyRefused(f"key {stored.key_id} is revoked")
    if stored.expires_at is not None and stored.expires_at <= now:
        raise KeyRefused(f"key {stored.key_id} has expired")
    return Caller(stored.user_id, stored.key_id, stored.libraries, frozenset(stored.scopes))
