"""The migrations against a real Postgres: they make exactly the schema, once, whoever else is at it."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, text
from sqlalchemy.engine import URL

from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import NewerDatabase, current_revision, downgrade, head_revision, migrate
from darkroom.stores.state.schema import metadata, photo_words, photos
from darkroom.testing.postgres import embedded_postgres

COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname IN ('control', 'serving') AND c.relkind = 'r' AND a.attnum > 0 AND c.relname <> 'alembic_version'
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace::regnamespace::text IN ('control', 'serving') AND contype <> 'n'
  AND conrelid::regclass::text <> 'control.alembic_version'
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname IN ('control', 'serving')"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        yield home.database_url("darkroom")


@pytest.fixture
def engine(url: URL) -> Iterator[Engine]:
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def migrated(url: URL) -> Iterator[None]:
    migrate(url)
    yield


def catalogue(connection: Connection) -> set[tuple[object, ...]]:
    rows = [tuple(row) for query in (COLUMNS, CONSTRAINTS, INDEXES) for row in connection.execute(text(query))]
    return {row for row in rows if "alembic_version" not in row}


def test_the_migrated_database_is_exactly_the_schema(url: URL, engine: Engine) -> None:
    with engine.connect() as connection:
        migrated = catalogue(connection)
    downgrade(url, "base")
    with engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS control"))
        connection.execute(text("CREATE SCHEMA serving"))
        metadata.create_all(connection)
        declared = catalogue(connection)
        connection.rollback()
    assert migrated == declared, f"only migrated: {migrated - declared}\nonly declared: {declared - migrated}"
    assert len(declared) > 100


def test_every_table_with_a_library_has_row_level_security_and_a_policy(engine: Engine) -> None:
    wanted = {f"{t.schema}.{t.name}" for t in metadata.tables.values() if "library_id" in t.c}
    with engine.connect() as connection:
        secured = set(
            connection.execute(
                text(
                    "SELECT schemaname || '.' || tablename FROM pg_tables JOIN pg_policies"
                    " USING (schemaname, tablename) WHERE rowsecurity"
                )
            ).scalars()
        )
    assert wanted
    assert wanted <= secured


def test_up_down_up_ends_where_it_began(url: URL, engine: Engine) -> None:
    with engine.connect() as connection:
        before = catalogue(connection)
    downgrade(url, "base")
    with engine.connect() as connection:
        assert catalogue(connection) == set()
        assert current_revision(connection) is None
    migrate(url)
    with engine.connect() as connection:
        assert catalogue(connection) == before
        assert current_revision(connection) == head_revision()


def test_each_revision_can_be_taken_back_alone(url: URL, engine: Engine) -> None:
    steps = 0
    while True:
        with engine.connect() as connection:
            if current_revision(connection) is None:
                break
        downgrade(url, "-1")
        steps += 1
    assert steps >= 3
    migrate(url)


def test_migrating_twice_is_harmless(url: URL, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE serving.publish_epoch SET epoch = 41"))
    migrate(url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT epoch FROM serving.publish_epoch")).scalar_one() == 41
        connection.execute(text("UPDATE serving.publish_epoch SET epoch = 0"))


def test_processes_that_migrate_at_once_wait_for_each_other(url: URL, engine: Engine) -> None:
    downgrade(url, "base")
    faults: list[BaseException] = []
    start = threading.Barrier(4)

    def race() -> None:
        start.wait()
        try:
            migrate(url)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with engine.connect() as connection:
        assert current_revision(connection) == head_revision()


def test_the_default_library_its_owner_and_the_epoch_exist(engine: Engine) -> None:
    with engine.connect() as connection:
        libraries = connection.execute(text("SELECT id, owner_id FROM control.libraries")).all()
        assert [tuple(row) for row in libraries] == [(DEFAULT_LIBRARY, DEFAULT_OWNER)]
        assert connection.execute(text("SELECT epoch FROM serving.publish_epoch")).scalar_one() == 0


def test_a_migration_that_fails_leaves_nothing_behind(
    url: URL, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    downgrade(url, "base")
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA serving"))
    with pytest.raises(Exception, match="serving"):
        migrate(url)
    with engine.begin() as connection:
        assert current_revision(connection) is None
        assert catalogue(connection) == set()
        connection.execute(text("DROP SCHEMA serving"))


def test_a_database_of_a_newer_version_is_refused(url: URL, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE control.alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match="9999"):
        migrate(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE control.alembic_version SET version_num = :head"), {"head": head_revision()})


def test_photos_published_before_words_were_kept_are_found_by_their_words(url: URL, engine: Engine) -> None:
    downgrade(url, "0008")
    photo = {
        "photo_id": uuid.uuid4(),
        "library_id": DEFAULT_LIBRARY,
        "epoch": 1,
        "sha256": "0" * 64,
        "media_type": "image/jpeg",
        "size_bytes": 1,
        "orientation": 1,
    }
    with engine.begin() as connection:
        connection.execute(insert(photos), {**photo, "title": "L'été, Straße 5", "text": "東京"})
    migrate(url)
    with engine.begin() as connection:
        kept = connection.execute(select(photo_words.c.words)).scalar_one()
        connection.execute(delete(photos))
    words = {"title l", "title ete", "title strasse", "title 5", "text 東", "text 京", "text 東京"}
    assert set(kept.strip("'").split("' '")) == words
