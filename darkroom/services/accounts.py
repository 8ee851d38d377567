"""The first keys of a home: the administrator's, shown once, and the one the command line uses.

Belongs here: what must exist before anyone can ask for anything. Does not belong here: what a key is (`security.keys`).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from darkroom.domain.identity import DEFAULT_OWNER
from darkroom.home import Home, NotRunning, write_private
from darkroom.security.callers import ADMIN
from darkroom.security.keys import KeyRefused, accept, digest, generate
from darkroom.stores.state import keys
from darkroom.stores.state.locks import Once, take

ADMIN_KEY = "administrator"
CLI_KEY = "command line"


def ensure_first_keys(engine: Engine, home: Home) -> str | None:
    """Makes what is missing of the first keys; returns the administrator's key when it was made by this call.

    `engine` is the owner's. The command line's key is written to `run/cli.key` (mode 0600) and made anew when the file
    is missing or no longer good, which revokes the one before. Safe when two processes start at once.
    """
    with engine.begin() as connection:
        take(connection, Once.FIRST_KEYS)
        first: str | None = None
        if not keys.has_key_named(connection, DEFAULT_OWNER, ADMIN_KEY):
            first = generate()
            keys.add_key(connection, DEFAULT_OWNER, ADMIN_KEY, digest(first), [ADMIN])
        if not _cli_key_is_good(connection, home):
            keys.revoke_keys(connection, DEFAULT_OWNER, CLI_KEY)
            key = generate()
            keys.add_key(connection, DEFAULT_OWNER, CLI_KEY, digest(key), [ADMIN])
            # Written before the commit: a file whose key never came to exist is replaced by the next start.
            write_private(home.run / "cli.key", key + "\n")
    return first


def _cli_key_is_good(connection: Connection, home: Home) -> bool:
    try:
        key = home.cli_key()
        accept(keys.find_key(connection, digest(key)), key, datetime.now(UTC))
    except (NotRunning, KeyRefused):
        return False
    return True
