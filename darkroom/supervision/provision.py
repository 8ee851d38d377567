"""Gives a Postgres server what Darkroom needs, with passwords that are made once and kept in the home.

The same for the embedded server and for one of the administrator's. Does not belong here: the statements
(`stores.state.cluster`), starting a server (`postgres`).
"""

from __future__ import annotations

import json
import secrets

from sqlalchemy.engine import URL

from darkroom.home import DATABASE_OF, Home, NotRunning, write_private
from darkroom.stores.state.cluster import prepare
from darkroom.supervision.postgres import SUPERUSER


def ensure_passwords(home: Home) -> dict[str, str]:
    """The password of every role and of the embedded superuser; missing ones are made and stored (mode 0600)."""
    try:
        passwords = home.passwords()
    except NotRunning:
        passwords = {}
    missing = [name for name in (*DATABASE_OF, SUPERUSER) if name not in passwords]
    if missing:
        passwords |= {name: secrets.token_urlsafe(24) for name in missing}
        write_private(home.secrets / "postgres.json", json.dumps(passwords, indent=1))
    return passwords


def provision(admin: URL, home: Home) -> None:
    """Creates databases `dagster`, `lake`, `darkroom` and their roles on the server of `admin`; repeating is harmless.

    Raises SQLAlchemy's `DBAPIError` when the server refuses, for example because `admin` may not create roles.
    """
    prepare(admin, ensure_passwords(home))
