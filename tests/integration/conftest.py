"""A migrated state database for tests that need the real one; emptied between tests."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from darkroom.home import Home
from darkroom.stores.state import schema
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import migrate
from darkroom.testing.postgres import embedded_postgres

KEPT = ("libraries", "users", "publish_epoch")


@pytest.fixture(scope="session")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose Postgres runs and whose state database is migrated."""
    with embedded_postgres(tmp_path_factory.mktemp("state")) as home:
        migrate(home.database_url("darkroom"))
        yield home


@pytest.fixture
def state(state_home: Home) -> Iterator[Engine]:
    """The state database as its owner, with the default library and nothing else."""
    engine = connect(state_home.database_url("darkroom"))
    yield engine
    names = ", ".join(f"{one.schema}.{one.name}" for one in schema.metadata.sorted_tables if one.name not in KEPT)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))
        connection.execute(text("UPDATE control.libraries SET outputs_off = '{}'"))
        connection.execute(text("UPDATE serving.publish_epoch SET epoch = 0"))
    engine.dispose()
