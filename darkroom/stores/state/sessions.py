"""Sign-in codes and sessions in the state database. Every function takes a connection first; none commits.

All of them work for the API's role, which cannot read the tables: functions of the database answer for one digest.
Times are the database's own, so that what makes a code and what redeems it agree on the hour.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from darkroom.security.sessions import StoredSession

_OFFER = text("SELECT control.offer_sign_in(:key_id, :digest, :scopes, :lifetime)")
_SIGN_IN = text("SELECT * FROM control.sign_in(:code, :session, :lifetime)")
_SESSION_OF = text("SELECT * FROM control.session_of(:digest)")
_SIGN_OUT = text("SELECT control.sign_out(:digest)")
_SIGN_OUT_EVERYWHERE = text("SELECT control.sign_out_everywhere(:user_id)")


def offer(connection: Connection, key_id: UUID, digest: str, scopes: Collection[str], lifetime: timedelta) -> datetime:
    """Keeps the digest of a one-time code that a key offers its user; returns when it expires."""
    values = {"key_id": key_id, "digest": digest, "scopes": sorted(scopes), "lifetime": lifetime}
    return connection.execute(_OFFER, values).scalar_one()


def redeem(connection: Connection, code: str, session: str, lifetime: timedelta) -> UUID | None:
    """Turns the code with the digest `code` into a session with the digest `session`; returns the session's id.

    `None` when the code is unknown, used or expired. Of two who come with the same code at once, one is served.
    """
    values = {"code": code, "session": session, "lifetime": lifetime}
    return connection.execute(_SIGN_IN, values).scalar_one_or_none()


def find(connection: Connection, digest: str) -> StoredSession | None:
    """The session with this digest, whether or not it is still good, with the libraries of its user."""
    row = connection.execute(_SESSION_OF, {"digest": digest}).one_or_none()
    if row is None:
        return None
    told = row._asdict()
    return StoredSession(**{**told, "scopes": tuple(told["scopes"]), "libraries": tuple(told["libraries"])})


def end(connection: Connection, digest: str) -> bool:
    """Ends the session with this digest; false when there was none to end."""
    return bool(connection.execute(_SIGN_OUT, {"digest": digest}).scalar_one())


def end_all(connection: Connection, user_id: UUID) -> int:
    """Ends every session of a user and voids the codes that wait for them; returns how many sessions ended."""
    return int(connection.execute(_SIGN_OUT_EVERYWHERE, {"user_id": user_id}).scalar_one())
