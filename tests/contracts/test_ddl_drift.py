"""The lake's tables and views say what the contracts say, in DuckDB's own words."""

from datetime import timedelta

import duckdb
import pytest

from darkroom.contracts.arrow import arrow_schema, to_arrow
from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.ddl import create_table, current_view
from darkroom.contracts.operations import OUTPUT_VERSIONS
from darkroom.contracts.photos import PHOTO_CONTENTS, PHOTOS
from darkroom.contracts.renditions import RENDITIONS
from darkroom.contracts.texts import TEXTS
from darkroom.testing.rows import EPOCH, sample_row, sample_rows

LIBRARY = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
OLD, NEW = "a" * 12, "b" * 12


@pytest.fixture
def database():
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE SCHEMA core")
    for table in TABLES:
        connection.execute(create_table(table))
    for table in (OUTPUT_VERSIONS, *TABLES):
        connection.execute(current_view(table))
    yield connection
    connection.close()


def fill(database, table, *rows):
    staged = to_arrow(table, rows)
    database.register("staged", staged)
    database.execute(f"INSERT INTO core.{table.name} FROM staged")


def current(database, table, columns):
    return sorted(database.execute(f"SELECT {columns} FROM core.current_{table.name}").fetchall())


def version(library, value, seconds):
    return sample_row(
        OUTPUT_VERSIONS,
        0,
        library_id=library,
        output="texts",
        output_version=value,
        since=EPOCH + timedelta(seconds=seconds),
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_duckdb_makes_of_the_ddl_what_it_makes_of_the_arrow_schema(database, table):
    database.register("arrow", arrow_schema(table).empty_table())
    from_ddl = database.execute(f"SELECT column_name, column_type FROM (DESCRIBE core.{table.name})").fetchall()
    from_arrow = database.execute("SELECT column_name, column_type FROM (DESCRIBE arrow)").fetchall()
    assert from_ddl == from_arrow, f"\nDDL:   {from_ddl}\nArrow: {from_arrow}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_lake_refuses_null_where_the_contract_does(database, table):
    lake = database.execute(f"SELECT column_name, \"null\" = 'YES' FROM (DESCRIBE core.{table.name})").fetchall()
    contract = [(field.name, field.nullable) for field in table.fields]
    assert lake == contract, f"\nlake:     {lake}\ncontract: {contract}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_primary_key_is_made_of_columns_that_are_never_null(table):
    nullable = {field.name: field.nullable for field in table.fields}
    assert [nullable.get(column, "no such column") for column in table.primary_key] == [False] * len(table.primary_key)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_current_view_has_the_columns_of_its_table(database, table):
    of_table = database.execute(f"SELECT column_name, column_type FROM (DESCRIBE core.{table.name})").fetchall()
    of_view = database.execute(f"SELECT column_name, column_type FROM (DESCRIBE core.current_{table.name})").fetchall()
    assert of_view == of_table, f"\nview:  {of_view}\ntable: {of_table}"


def test_the_newest_attempt_of_a_photo_is_current(database):
    photo = sample_row(PHOTOS, 0).photo_id
    fill(database, PHOTOS, *(sample_row(PHOTOS, 0, photo_id=photo, attempt=n, orientation=n) for n in (2, 5, 3)))
    assert current(database, PHOTOS, "photo_id, attempt, orientation") == [(photo, 5, 5)]


def test_the_version_that_became_current_last_counts_and_libraries_differ(database):
    fill(database, OUTPUT_VERSIONS, version(LIBRARY, OLD, 0), version(LIBRARY, NEW, 9), version(OTHER, OLD, 5))
    for library, number in ((LIBRARY, 0), (OTHER, 1)):
        for output_version, attempt in ((OLD, 4), (NEW, 1), (NEW, 2)):
            fill(
                database,
                TEXTS,
                sample_row(TEXTS, number, library_id=library, output_version=output_version, attempt=attempt),
            )
    assert current(database, TEXTS, "library_id, output_version, attempt") == [(LIBRARY, NEW, 2), (OTHER, OLD, 4)]
    assert current(database, OUTPUT_VERSIONS, "library_id, output_version") == [(LIBRARY, NEW), (OTHER, OLD)]


def test_an_output_without_a_current_version_shows_nothing(database):
    fill(database, TEXTS, *sample_rows(TEXTS, 3))
    assert current(database, TEXTS, "photo_id") == []


def test_all_rows_of_the_newest_attempt_are_current_together(database):
    fill(
        database,
        OUTPUT_VERSIONS,
        sample_row(OUTPUT_VERSIONS, 0, library_id=LIBRARY, output="renditions", output_version=NEW),
    )
    rows = [
        sample_row(RENDITIONS, n, photo_id=OTHER, library_id=LIBRARY, output_version=NEW, attempt=attempt)
        for attempt in (1, 2)
        for n in (0, 1)
    ]
    fill(database, RENDITIONS, *rows)
    assert current(database, RENDITIONS, "kind, attempt") == [("display", 2), ("thumbnail", 2)]


def test_a_fact_recorded_twice_counts_once(database):
    fact = sample_row(PHOTO_CONTENTS, 0)
    later = fact.model_copy(update={"recorded_at": fact.recorded_at + timedelta(days=1)})
    fill(database, PHOTO_CONTENTS, later, fact)
    assert current(database, PHOTO_CONTENTS, "sha256, recorded_at") == [(fact.sha256, fact.recorded_at)]
