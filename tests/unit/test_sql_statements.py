"""Which statements may be asked of the lake: judged by their parse tree."""

import duckdb
import pytest

from darkroom.stores.lake.duck import scratch
from darkroom.stores.lake.statements import CHARACTERS_MAX, StatementRefused, check_statement

ALLOWED = [
    "SELECT 1",
    "select count(*) from photos_wide;",
    "FROM core.photos LIMIT 3",
    "SELECT * FROM lake.core.texts AT (VERSION => 3)",
    "WITH a AS (SELECT 1 AS n), b AS (FROM a) SELECT * FROM b JOIN core.photos p ON p.attempt = b.n",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
    "SELECT unnest(keywords) FROM core.metadata",
    "SELECT * FROM core.texts, unnest(lines) AS line",
    "SELECT * FROM (PIVOT core.photos ON media_type IN ('image/jpeg') USING count(*))",
    "SELECT n FROM range(3) AS t(n) UNION SELECT * FROM generate_series(1, 3)",
    "SELECT array(SELECT photo_id FROM core.photos), {'a': (SELECT 1)}, list_transform([1], x -> x + 1)",
    "SELECT * FROM lake.snapshots()",
    "FROM lake.table_changes('photos', 1, 2)",
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "SHOW TABLES FROM core",
    "DESCRIBE core.photos",
    "DESCRIBE SELECT 1",
    "SUMMARIZE core.photos",
    "EXPLAIN SELECT 1",
    "explain analyze select * from core.photos",
    "EXPLAIN (FORMAT json) SELECT 1",
    "EXPLAIN (ANALYZE, FORMAT json) SELECT 1",
    "EXPLAIN (SELECT 1)",
    "EXPLAIN ANALYZE(SELECT 1)",
    "SELECT table_name FROM information_schema.tables",
    "VALUES (1), (2)",
    "TABLE core.photos",
    "-- a comment\nSELECT 1 /* another */",
    "SELECT 'read_csv(''/etc/passwd''); DROP TABLE x' AS words",
]

OTHER_TYPES = [
    "ATTACH '/tmp/x.db'",
    "DETACH lake",
    "COPY (SELECT 1) TO '/tmp/x.csv'",
    "COPY core.photos FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "INSTALL json",
    "LOAD json",
    "PRAGMA database_list",
    "PRAGMA version",
    "SET threads = 64",
    "RESET threads",
    "SET VARIABLE x = 1",
    "USE memory",
    "CALL pragma_version()",
    "CALL lake.set_option('data_inlining_row_limit', 0)",
    "CREATE TABLE x (a INT)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET (TYPE postgres, HOST 'x')",
    "CREATE VIEW v AS SELECT 1",
    "INSERT INTO core.photos SELECT * FROM core.photos",
    "UPDATE core.photos SET attempt = 1",
    "DELETE FROM core.photos",
    "MERGE INTO core.photos USING core.photos p ON true WHEN MATCHED THEN DELETE",
    "ALTER TABLE core.photos ADD COLUMN x INT",
    "DROP TABLE core.photos",
    "TRUNCATE core.photos",
    "BEGIN",
    "COMMIT",
    "CHECKPOINT",
    "VACUUM",
    "PREPARE q AS SELECT 1",
    "EXECUTE q",
    "EXPLAIN INSERT INTO core.photos SELECT * FROM core.photos",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/x.csv'",
    "EXPLAIN EXPLAIN SELECT 1",
    "/* hidden */ EXPLAIN ANALYZE SELECT * FROM glob('/*')",
    "EXPLAIN /* hidden */ ANALYZE SELECT * FROM glob('/*')",
    "EXPLAIN (FROM duckdb_databases) UNION SELECT 1",
]

TABLES_ELSEWHERE = [
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'x.parquet'",
    'FROM core."x.parquet"',
    "FROM 'https://example.org/x.csv'",
    "FROM __ducklake_metadata_lake.ducklake_data_file",
    "FROM __ducklake_metadata_lake.public.ducklake_data_file",
    'FROM "__DuckLake_Metadata_Lake".public.ducklake_data_file',
    "DESCRIBE __ducklake_metadata_lake.public.ducklake_data_file",
    "SUMMARIZE __ducklake_metadata_lake.public.ducklake_data_file",
    "SHOW TABLES FROM __ducklake_metadata_lake",
    "SHOW TABLES FROM __ducklake_metadata_lake.public",
    "SHOW DATABASES",
    "FROM duckdb_databases",
    'FROM "DUCKDB_databases"',
    "FROM system.main.duckdb_databases",
    "FROM main.duckdb_databases",
    "FROM pg_catalog.pg_settings",
    "FROM temp.x",
    "WITH duckdb_databases AS (SELECT 1) SELECT * FROM (SELECT * FROM duckdb_databases)",
]

FUNCTIONS = [
    "read_csv('/etc/passwd')",
    "read_csv_auto('/etc/passwd')",
    "read_text('/etc/passwd')",
    "read_blob('/proc/self/environ')",
    "read_json('/etc/passwd')",
    "read_parquet('x')",
    "parquet_scan('x')",
    "parquet_metadata('x')",
    "sniff_csv('/etc/passwd')",
    "glob('/*')",
    "READ_CSV('/etc/passwd')",
    "\"read_csv\"('/etc/passwd')",
    "main.read_csv('/etc/passwd')",
    "system.main.glob('/*')",
    "query('SELECT * FROM glob(''/*'')')",
    "query_table('x')",
    "json_execute_serialized_sql('{}')",
    "postgres_query('__ducklake_metadata_lake', 'SELECT 1')",
    "postgres_execute('__ducklake_metadata_lake', 'SELECT 1')",
    "postgres_scan('host=127.0.0.1', 'public', 'x')",
    "postgres_attach('host=127.0.0.1')",
    "duckdb_databases()",
    "duckdb_secrets()",
    "duckdb_secrets(redact => false)",
    "duckdb_settings()",
    "which_secret('postgres://', 'postgres')",
    "pragma_database_list()",
    "ducklake_list_files('lake', 'photos', schema => 'core')",
    "ducklake_delete_orphaned_files('lake')",
    "ducklake_set_option('lake', 'x', 'y')",
    "enable_logging()",
    "pandas_scan(1)",
    "arrow_scan(1, 2, 3)",
    "python_map_function(1)",
    "read_duckdb('x')",
]

PLACES = [
    "SELECT * FROM {}",
    "FROM {}",
    "SELECT (SELECT count(*) FROM {})",
    "SELECT 1 WHERE EXISTS (FROM {})",
    "WITH a AS (FROM {}) SELECT 1",
    "SELECT 1 UNION ALL SELECT 2 FROM {}",
    "SELECT 1 ORDER BY (SELECT 1 FROM {})",
    "SELECT 1 LIMIT (SELECT 1 FROM {})",
    "SELECT * FROM core.photos JOIN LATERAL (SELECT * FROM {}) ON true",
    "SELECT count(*) FILTER (WHERE (SELECT true FROM {})) FROM core.photos",
    "SELECT count(*) OVER (ORDER BY (SELECT 1 FROM {})) FROM core.photos",
    "SELECT * REPLACE ((SELECT 1 FROM {}) AS photo_id) FROM core.photos",
    "SELECT CASE WHEN true THEN (SELECT 1 FROM {}) END",
    "VALUES ((SELECT 1 FROM {}))",
    "FROM range((SELECT 1 FROM {}))",
    "SELECT list_transform([1], x -> (SELECT 1 FROM {}))",
    "SELECT * FROM core.photos QUALIFY (SELECT true FROM {})",
    "DESCRIBE SELECT * FROM {}",
    "SUMMARIZE SELECT * FROM {}",
    "EXPLAIN ANALYZE SELECT * FROM {}",
    "FROM (PIVOT (FROM {}) ON x IN (1) USING count(*))",
    "UNPIVOT (FROM {}) ON x",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_a_statement_that_only_reads_the_lake_may_run(statement):
    check_statement(statement)


@pytest.mark.parametrize("statement", OTHER_TYPES)
def test_a_statement_of_another_type_is_refused(statement):
    with pytest.raises(StatementRefused):
        check_statement(statement)


@pytest.mark.parametrize("statement", TABLES_ELSEWHERE)
def test_a_table_outside_of_the_lake_is_refused(statement):
    with pytest.raises(StatementRefused):
        check_statement(statement)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_table_function_that_reaches_further_is_refused(function):
    with pytest.raises(StatementRefused, match="is not allowed in FROM"):
        check_statement(f"SELECT * FROM {function}")


@pytest.mark.parametrize("place", PLACES)
def test_a_forbidden_function_is_found_wherever_it_hides(place):
    check_statement(place.format("core.photos"))
    with pytest.raises(StatementRefused, match="glob"):
        check_statement(place.format("glob('/*')"))


@pytest.mark.parametrize("statement", ["SELECT 1; SELECT 2", "SELECT 1; DROP TABLE core.photos"])
def test_there_is_no_second_statement(statement):
    with pytest.raises(StatementRefused, match="one statement at a time"):
        check_statement(statement)


@pytest.mark.parametrize("statement", ["", ";", "-- nothing"])
def test_there_is_a_statement(statement):
    with pytest.raises(StatementRefused, match="there is no statement"):
        check_statement(statement)


def test_a_syntax_error_is_told_in_the_parsers_words():
    with pytest.raises(StatementRefused, match='syntax error at or near "SELEKT"'):
        check_statement("SELEKT 1")


def test_a_pivot_that_would_create_a_type_is_refused_with_the_way_out():
    with pytest.raises(StatementRefused, match=r"PIVOT counts as two"):
        check_statement("PIVOT core.photos ON media_type")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT " + "(SELECT " * 300 + "1" + ")" * 300, "nested too deeply"),
        ("SELECT 1" + " + 1" * 20_000, "expression depth"),
        ("SELECT " + "- " * 30_000 + "1", "memory exhausted"),
    ],
)
def test_a_statement_nested_beyond_measure_is_refused(statement, message):
    with pytest.raises(StatementRefused, match=message):
        check_statement(statement)


def test_an_endless_statement_is_refused():
    with pytest.raises(StatementRefused, match="at most"):
        check_statement("SELECT " + "1, " * CHARACTERS_MAX + "1")


def test_every_view_of_the_system_is_refused_without_its_schema():
    with scratch() as connection:
        views = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE internal AND schema_name <> 'information_schema'"
        ).fetchall()
    assert len(views) > 20
    for (view,) in views:
        with pytest.raises(StatementRefused):
            check_statement(f"FROM {view}")


def test_of_all_table_functions_duckdb_has_only_harmless_ones_are_allowed():
    with scratch() as connection:
        names = {
            name
            for (name,) in connection.execute(
                "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type LIKE 'table%'"
            ).fetchall()
        }
    allowed = set()
    for name in names:
        try:
            check_statement(f'SELECT * FROM "{name}"(1)')
            allowed.add(name)
        except StatementRefused:
            continue
    assert allowed == {"generate_series", "json_each", "json_tree", "range", "unnest"}


def test_the_parser_has_no_way_out():
    with scratch() as connection, pytest.raises(duckdb.PermissionException):
        connection.execute("FROM read_text('/etc/passwd')")
