"""How the state database is opened: one engine per process, and the libraries a transaction may see.

Belongs here: pool and session settings that every user of state shares. Does not belong here: any table or statement
(`schema`, one file per noun beside it), or which role connects (the composition roots say).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL

_SCOPE = text("SELECT set_config('darkroom.libraries', :libraries, true)")


def connect(url: URL, *, application: str = "darkroom", pool_size: int = 5, overflow: int = 10) -> Engine:
    """An engine on the state database, with sessions in UTC. Nothing is opened before the first use.

    A connection that died with its server is replaced before it is handed out. Values never appear in errors or logs.
    """
    return create_engine(
        url.set(query={"connect_timeout": "5", **url.query}),
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"application_name": application, "options": "-c timezone=UTC"},
    )


@contextmanager
def scoped(engine: Engine, libraries: Sequence[UUID]) -> Iterator[Connection]:
    """A transaction in which row-level security shows these libraries and nothing else.

    Commits on leaving, rolls back on an error. The owner of the tables is not bound by it.
    """
    with engine.begin() as connection:
        connection.execute(_SCOPE, {"libraries": ",".join(str(library) for library in libraries)})
        yield connection
