"""A provisioned Postgres for tests: real server, throw-away cluster, about a second.

Nothing is durable here (no fsync); a test about crashes builds its own `EmbeddedPostgres`. Does not belong here:
tables: call `migrate(home.database_url("darkroom"))` where a test needs them.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from darkroom.home import Home, write_private
from darkroom.supervision.postgres import HOST, SUPERUSER, EmbeddedPostgres
from darkroom.supervision.provision import ensure_passwords, provision

THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "summarize_wal": "off"}


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[Home]:
    """A home in `folder` whose Postgres runs: roles, databases, `endpoints.json` and passwords are in place.

    Use once per session: `home.database_url("darkroom")` and the others then work. The server ends with the context.
    """
    home = Home(folder)
    password = ensure_passwords(home)[SUPERUSER]
    server = EmbeddedPostgres(folder / "postgres", home.logs / "postgres.log", options=THROW_AWAY, sync=False)
    server.initialise(password)
    port = free_port()
    process = server.start(port)
    try:
        admin = server.admin_url(port, password)
        server.wait_ready(process, admin)
        provision(admin, home)
        write_private(home.endpoints_file, json.dumps({"postgres": {"host": HOST, "port": port}}))
        yield home
    finally:
        server.stop(process)


def free_port() -> int:
    """A port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
