"""What the API's role can reach in the state database: its libraries, and nothing else."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, cast, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.exc import ProgrammingError

from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.home import Home
from darkroom.security.keys import digest, generate
from darkroom.stores.state import keys, schema
from darkroom.stores.state.engine import connect, scoped
from darkroom.stores.state.migrate import migrate
from darkroom.stores.state.photo_words import lexeme
from darkroom.testing.postgres import embedded_postgres
from darkroom.testing.serving import publish_photo

OTHER_LIBRARY = uuid.UUID(int=77)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        migrate(home.database_url("darkroom"))
        yield home


@pytest.fixture(scope="module")
def owner(home: Home) -> Iterator[Engine]:
    engine = connect(home.database_url("darkroom"))
    with engine.begin() as connection:
        stranger = keys.add_user(connection, "stranger")
        connection.execute(insert(schema.libraries).values(id=OTHER_LIBRARY, owner_id=stranger, name="theirs"))
        for number, library in enumerate((DEFAULT_LIBRARY, OTHER_LIBRARY)):
            source = uuid.UUID(int=number + 1)
            connection.execute(
                insert(schema.sources).values(
                    id=source, library_id=library, name="n", mode="copy", path=f"/pictures/{number}"
                )
            )
            connection.execute(insert(schema.requests).values(library_id=library, kind="import", source_id=source))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def api(home: Home, owner: Engine) -> Iterator[Engine]:
    engine = connect(home.database_url("darkroom_api"))
    yield engine
    engine.dispose()


def test_the_api_role_owns_nothing(owner: Engine) -> None:
    owned = """
        SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = 'darkroom_api'
        UNION ALL SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
        WHERE r.rolname = 'darkroom_api'
    """
    attributes = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname='darkroom_api'"
    with owner.connect() as connection:
        assert connection.execute(text(owned)).all() == []
        assert tuple(connection.execute(text(attributes)).one()) == (False, False, False, False)


@pytest.mark.parametrize("table", sorted(t.fullname for t in schema.metadata.tables.values() if "library_id" in t.c))
def test_without_the_setting_a_table_looks_empty(api: Engine, table: str) -> None:
    with api.connect() as connection:
        assert connection.execute(select(text("*")).select_from(text(table))).all() == []


def test_only_the_named_libraries_are_seen(api: Engine) -> None:
    def seen(*libraries: uuid.UUID) -> list[uuid.UUID]:
        with scoped(api, libraries) as connection:
            statement = select(schema.sources.c.library_id).order_by(schema.sources.c.library_id)
            return list(connection.execute(statement).scalars())

    assert seen(DEFAULT_LIBRARY) == [DEFAULT_LIBRARY]
    assert seen(OTHER_LIBRARY) == [OTHER_LIBRARY]
    assert seen(DEFAULT_LIBRARY, OTHER_LIBRARY) == [OTHER_LIBRARY, DEFAULT_LIBRARY]
    assert seen() == []


def test_words_are_looked_for_in_the_named_libraries_only(api: Engine, owner: Engine) -> None:
    with owner.begin() as connection:
        mine = publish_photo(connection, "mine", text="receipt")
        theirs = publish_photo(connection, "theirs", library_id=OTHER_LIBRARY, text="receipt")

    def found(*libraries: uuid.UUID) -> set[uuid.UUID]:
        with scoped(api, libraries) as connection:
            asked = func.serving.photos_with_words(cast(lexeme("text", "receipt"), TSQUERY))
            return set(connection.execute(select(asked)).scalars())

    assert found(DEFAULT_LIBRARY) == {mine}
    assert found(OTHER_LIBRARY) == {theirs}
    assert found(DEFAULT_LIBRARY, OTHER_LIBRARY) == {mine, theirs}
    assert found() == set()


def test_the_setting_ends_with_its_transaction(api: Engine) -> None:
    with scoped(api, [DEFAULT_LIBRARY]) as connection:
        assert connection.execute(select(schema.libraries.c.id)).scalars().all() == [DEFAULT_LIBRARY]
        before = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with api.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == before
        assert connection.execute(select(schema.libraries.c.id)).all() == []


@pytest.mark.parametrize("table", ["control.api_keys", "control.users", "control.sessions", "control.sign_in_codes"])
def test_principals_cannot_be_read(api: Engine, table: str) -> None:
    with api.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(select(text("*")).select_from(text(table)))


def test_a_key_is_found_by_its_digest_only(api: Engine, owner: Engine) -> None:
    key = generate()
    with owner.begin() as connection:
        key_id = keys.add_key(connection, DEFAULT_OWNER, "phone", digest(key), ["photos:read"])
    with api.connect() as connection:
        found = keys.find_key(connection, digest(key))
        assert found is not None
        assert (found.key_id, found.user_id, found.libraries) == (key_id, DEFAULT_OWNER, (DEFAULT_LIBRARY,))
        assert keys.find_key(connection, digest(generate())) is None
        assert keys.find_key(connection, "%") is None


def test_a_request_is_asked_for_in_an_own_library_from_an_own_source(api: Engine) -> None:
    own, theirs = uuid.UUID(int=1), uuid.UUID(int=2)
    table = schema.requests
    with scoped(api, [DEFAULT_LIBRARY]) as connection:
        asked = insert(table).values(library_id=DEFAULT_LIBRARY, kind="import", source_id=own)
        assert connection.execute(asked.returning(table.c.state)).scalar_one() == "new"
    for library, source in ((OTHER_LIBRARY, theirs), (DEFAULT_LIBRARY, theirs), (OTHER_LIBRARY, own)):
        with pytest.raises(ProgrammingError, match="row-level security"), scoped(api, [DEFAULT_LIBRARY]) as connection:
            connection.execute(insert(table).values(library_id=library, kind="import", source_id=source))


def test_a_source_is_registered_in_an_own_library_only(api: Engine) -> None:
    values = {"name": "n", "mode": "copy", "path": "/elsewhere"}
    with pytest.raises(ProgrammingError, match="row-level security"), scoped(api, [DEFAULT_LIBRARY]) as connection:
        connection.execute(insert(schema.sources).values(library_id=OTHER_LIBRARY, **values))


@pytest.mark.parametrize("state", ["new", "planning", "running", "succeeded", "failed", "cancelled"])
def test_the_api_moves_a_request_to_cancelling_and_nowhere_else(api: Engine, state: str) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), scoped(api, [DEFAULT_LIBRARY]) as connection:
        connection.execute(update(schema.requests).values(state=state))


def test_cancelling_reaches_own_unfinished_requests_only(api: Engine, owner: Engine) -> None:
    table = schema.requests
    with owner.begin() as connection:
        connection.execute(update(table).where(table.c.library_id == OTHER_LIBRARY).values(state="new"))
        ended = connection.execute(
            insert(table)
            .values(library_id=DEFAULT_LIBRARY, kind="import", source_id=uuid.UUID(int=1), state="succeeded")
            .returning(table.c.id)
        ).scalar_one()
    with scoped(api, [DEFAULT_LIBRARY]) as connection:
        cancelled = connection.execute(update(table).values(state="cancelling").returning(table.c.id)).scalars().all()
    assert cancelled
    assert ended not in cancelled
    with owner.connect() as connection:
        theirs = connection.execute(select(table.c.state).where(table.c.library_id == OTHER_LIBRARY)).scalars().all()
        assert theirs == ["new"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM control.requests",
        "DELETE FROM serving.photos",
        "UPDATE serving.publish_epoch SET epoch = 99",
        "UPDATE control.requests SET error = 'x'",
        "UPDATE control.sources SET path = '/'",
        "INSERT INTO control.requests (library_id, kind, state) VALUES (gen_random_uuid(), 'import', 'succeeded')",
        "INSERT INTO control.progress (library_id, request_id, step, done)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'x', 1)",
        "TRUNCATE control.requests",
        "ALTER TABLE control.requests DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE control.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "SET ROLE darkroom",
    ],
)
def test_what_the_api_has_no_business_doing_is_refused(api: Engine, statement: str) -> None:
    with api.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        connection.execute(text(statement))
