"""The first keys of a home, against a real database."""

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, delete, select

from darkroom.domain.identity import DEFAULT_OWNER
from darkroom.home import Home
from darkroom.security.callers import Caller
from darkroom.security.keys import KeyRefused, accept, digest
from darkroom.services.accounts import CLI_KEY, ensure_first_keys
from darkroom.stores.state import keys, schema
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import migrate
from darkroom.testing.postgres import embedded_postgres


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        migrate(home.database_url("darkroom"))
        yield home


@pytest.fixture
def engine(home: Home) -> Iterator[Engine]:
    engine = connect(home.database_url("darkroom"))
    with engine.begin() as connection:
        connection.execute(delete(schema.api_keys))
    (home.run / "cli.key").unlink(missing_ok=True)
    yield engine
    engine.dispose()


def caller(engine: Engine, key: str) -> Caller:
    with engine.connect() as connection:
        return accept(keys.find_key(connection, digest(key)), key, datetime.now(UTC))


def test_the_administrators_key_is_returned_once(engine: Engine, home: Home) -> None:
    first = ensure_first_keys(engine, home)
    assert first is not None
    assert caller(engine, first).may("admin")
    assert ensure_first_keys(engine, home) is None


def test_the_key_is_nowhere_in_the_database(engine: Engine, home: Home) -> None:
    first = ensure_first_keys(engine, home)
    with engine.connect() as connection:
        rows = connection.execute(select(schema.api_keys)).all()
    assert rows
    assert first is not None
    assert all(first not in str(row) and home.cli_key() not in str(row) for row in rows)


def test_the_command_lines_key_works_and_is_readable_by_its_owner_only(engine: Engine, home: Home) -> None:
    ensure_first_keys(engine, home)
    assert caller(engine, home.cli_key()).user_id == DEFAULT_OWNER
    assert stat.S_IMODE((home.run / "cli.key").stat().st_mode) == 0o600


def test_a_lost_command_line_key_is_made_anew_and_the_old_one_revoked(engine: Engine, home: Home) -> None:
    ensure_first_keys(engine, home)
    lost = home.cli_key()
    (home.run / "cli.key").unlink()
    assert ensure_first_keys(engine, home) is None
    assert home.cli_key() != lost
    assert caller(engine, home.cli_key()).may("admin")
    with pytest.raises(KeyRefused, match="revoked"):
        caller(engine, lost)


def test_a_command_line_key_the_database_does_not_know_is_replaced(engine: Engine, home: Home) -> None:
    ensure_first_keys(engine, home)
    with engine.begin() as connection:
        keys.revoke_keys(connection, DEFAULT_OWNER, CLI_KEY)
    stale = home.cli_key()
    ensure_first_keys(engine, home)
    assert home.cli_key() != stale
    again = home.cli_key()
    ensure_first_keys(engine, home)
    assert home.cli_key() == again


def test_two_starts_at_once_make_one_of_each(engine: Engine, home: Home) -> None:
    made: list[str | None] = []
    start = threading.Barrier(4)

    def race() -> None:
        start.wait()
        made.append(ensure_first_keys(engine, home))

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([key for key in made if key]) == 1
    assert caller(engine, home.cli_key()).may("admin")
    with engine.connect() as connection:
        assert len(connection.execute(select(schema.api_keys.c.id)).all()) == 2


def test_a_key_with_an_unknown_scope_is_not_kept(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(ValueError, match="photos:eat"):
        keys.add_key(connection, DEFAULT_OWNER, "x", digest("x"), ["photos:eat"])
