"""API keys and users in the state database. Every function takes a connection first; none commits.

`find_key` works for the API's role, which cannot read the tables; the others need the owner's.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text, update

from darkroom.security.keys import StoredKey, check_scopes
from darkroom.stores.state import schema

_CALLER_OF = text("SELECT * FROM control.caller_of(:digest)")


def find_key(connection: Connection, digest: str) -> StoredKey | None:
    """The key with this digest, whether or not it is still good, with the libraries of its user."""
    row = connection.execute(_CALLER_OF, {"digest": digest}).one_or_none()
    if row is None:
        return None
    return StoredKey(
        key_id=row.key_id,
        user_id=row.user_id,
        digest=row.digest,
        scopes=tuple(row.scopes),
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        libraries=tuple(row.libraries),
    )


def add_user(connection: Connection, name: str) -> UUID:
    """Adds a user, who owns nothing yet."""
    return connection.execute(insert(schema.users).values(name=name).returning(schema.users.c.id)).scalar_one()


def add_key(
    connection: Connection,
    user_id: UUID,
    name: str,
    digest: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
) -> UUID:
    """Keeps a key's digest. Raises `ValueError` for scopes that do not exist."""
    check_scopes(frozenset(scopes))
    table = schema.api_keys
    values = {"user_id": user_id, "name": name, "digest": digest, "scopes": sorted(scopes), "expires_at": expires_at}
    return connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()


def revoke_keys(connection: Connection, user_id: UUID, name: str) -> int:
    """Revokes the user's keys of this name that are not revoked yet; returns how many."""
    table = schema.api_keys
    mine = (table.c.user_id == user_id, table.c.name == name, table.c.revoked_at.is_(None))
    return connection.execute(update(table).where(*mine).values(revoked_at=func.now())).rowcount


def has_key_named(connection: Connection, user_id: UUID, name: str) -> bool:
    """Whether the user has ever had a key of this name, revoked ones included."""
    table = schema.api_keys
    statement = select(table.c.id).where(table.c.user_id == user_id, table.c.name == name).limit(1)
    return connection.execute(statement).first() is not None
