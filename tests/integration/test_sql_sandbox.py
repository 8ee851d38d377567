"""`darkroom sql` against a real lake: what analysts get, and every way out that must stay shut."""

import csv
import io
import json
import re
import time

import psutil
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from darkroom.cli.sql import Format, print_rows, sql
from darkroom.contracts.texts import TEXTS
from darkroom.home import Home
from darkroom.settings import LakeSettings, Settings
from darkroom.stores.lake import Lake, sandbox
from darkroom.stores.lake.sandbox import QueryFailed, QueryRefused, ReadOnlySession, ask
from darkroom.stores.lake.statements import StatementRefused
from darkroom.testing.postgres import embedded_postgres
from darkroom.testing.rows import sample_row

SETTINGS = LakeSettings(memory_limit="256MB", threads=1)
ENDLESS = "SELECT sum(hash(n)::DOUBLE) FROM range(1000000000000) t(n)"
ESCAPE = "\x1b[31mred"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        with Lake.open(home, SETTINGS) as lake:
            lake.migrate()
            lake.insert({"texts": [sample_row(TEXTS, n, text=f"text {n}") for n in range(50)]})
            lake.insert({"texts": [sample_row(TEXTS, 50, text=f'{ESCAPE}, "quoted"', score=None)]})
            lake.query("CREATE TABLE marts.texts AS SELECT 'the mart' AS which")
        yield home


@pytest.fixture(scope="module")
def session(home):
    """What runs inside the child, here without the child: starting one for every question would take minutes."""
    url = home.database_url("lake_reader")
    return ReadOnlySession(
        {
            "catalog": url.render_as_string(hide_password=False),
            "data": str(home.lake),
            "settings": SETTINGS.model_dump(),
        }
    )


@pytest.fixture
def unchecked(session):
    """The child's connection behind the check of statements, to try the other walls."""
    return session._connection.cursor()


def within(session, statement):
    _, (stream,) = session.handle({"statement": statement, "seconds": 60.0, "rows": 1000}, [])
    return pa.ipc.open_stream(stream).read_all()


def answer(home, statement, **limits):
    return ask(home, SETTINGS, statement, **limits)


def run(home, *arguments, stdin=None):
    app = typer.Typer()
    app.callback()(lambda context: setattr(context, "obj", Settings(home=home.root, lake=SETTINGS)))
    app.command()(sql)
    app.registered_callback.callback.__annotations__["context"] = typer.Context
    return CliRunner().invoke(app, ["sql", *arguments], input=stdin)


def test_marts_come_before_core_and_both_have_names(home, session):
    assert answer(home, "FROM texts").rows.to_pylist() == [{"which": "the mart"}]
    assert within(session, "SELECT count(*) AS n FROM core.texts").to_pylist() == [{"n": 51}]
    assert within(session, "SELECT count(*) AS n FROM photos").to_pylist() == [{"n": 0}]


@pytest.mark.parametrize(
    ("statement", "column", "value"),
    [
        ("SHOW TABLES", "name", "photos"),
        ("DESCRIBE core.texts", "column_name", "photo_id"),
        ("SUMMARIZE core.texts", "column_name", "line_count"),
        ("SELECT table_name FROM information_schema.tables", "table_name", "current_texts"),
        ("SELECT DISTINCT author FROM lake.snapshots()", "author", None),
    ],
)
def test_analysts_find_their_way(session, statement, column, value):
    assert value in within(session, statement)[column].to_pylist()


def test_a_plan_can_be_seen(session):
    assert "AGGREGATE" in str(within(session, "EXPLAIN ANALYZE SELECT max(text) FROM core.texts").to_pylist())


def test_nothing_that_lists_tables_shows_the_catalog_or_a_password(home, session):
    for statement in ("SHOW ALL TABLES", "FROM information_schema.tables", "FROM information_schema.columns"):
        shown = str(within(session, statement).to_pylist())
        assert "ducklake_data_file" not in shown
        assert home.passwords()["lake_reader"] not in shown


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT * FROM read_text('/etc/passwd')", "read_text.* is not allowed"),
        ("FROM duckdb_secrets()", "duckdb_secrets.* is not allowed"),
        ("FROM __ducklake_metadata_lake.public.ducklake_data_file", "is not open"),
        ("DELETE FROM core.texts", "DELETE is not allowed"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT nonsense FROM core.texts", "nonsense"),
        ("SELECT getenv('HOME')", "getenv"),
        ("FROM no_such_table", "no_such_table"),
        ("SELECT 'five'::INT", "five"),
        ("SELECT 1 + [2]", "No function matches"),
    ],
)
def test_a_refusal_or_an_error_is_told(session, statement, message):
    with pytest.raises(StatementRefused, match=message):
        within(session, statement)


def test_refusals_and_errors_come_back_from_the_child(home):
    for statement, message in (("FROM glob('/*')", "glob"), ("FROM no_such_table", "no_such_table")):
        with pytest.raises(QueryRefused, match=message):
            answer(home, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "FROM read_text('/etc/passwd')",
        "FROM read_blob('/proc/self/environ')",
        "FROM read_csv('/etc/passwd')",
        "FROM glob('/etc/*')",
        "FROM sniff_csv('/etc/passwd')",
        "FROM parquet_metadata('/etc/passwd')",
        "FROM read_text('https://example.org/')",
        "FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/darkroom-escape.csv'",
        "ATTACH '/tmp/darkroom-escape.db'",
        "EXPORT DATABASE '/tmp/darkroom-escape'",
        "INSTALL spatial",
        "LOAD '/tmp/escape.duckdb_extension'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET memory_limit = '100GB'",
        "SET allowed_directories = ['/']",
        "RESET memory_limit",
        "INSERT INTO core.texts FROM core.texts",
        "DROP TABLE core.texts",
        "CREATE TABLE core.x (a INT)",
        "FROM duckdb_secrets(redact => false)",
        "CALL postgres_execute('__ducklake_metadata_lake', 'DELETE FROM public.ducklake_snapshot')",
        "INSERT INTO __ducklake_metadata_lake.public.ducklake_metadata VALUES ('x', 'y', NULL, NULL)",
        "FROM postgres_query('__ducklake_metadata_lake', 'SELECT pg_read_file(''/etc/passwd'')')",
        "FROM postgres_query('__ducklake_metadata_lake', 'SELECT rolpassword FROM pg_authid')",
        "CALL lake.set_option('data_inlining_row_limit', 0)",
        "SELECT getenv('HOME')",
    ],
)
def test_behind_the_check_of_statements_there_is_another_wall(unchecked, statement):
    with pytest.raises(Exception, match=r"(?i)permission|locked|read-?only|disabled|not exist|not allowed|Cannot"):
        unchecked.execute(statement).fetchall()


def test_no_view_of_the_session_shows_the_password(home, unchecked):
    for view in ("duckdb_databases()", "duckdb_secrets()", "duckdb_settings()", "duckdb_variables()"):
        assert home.passwords()["lake_reader"] not in str(unchecked.execute(f"FROM {view}").fetchall())


def test_the_password_is_neither_in_arguments_nor_in_variables_of_the_child(home, monkeypatch):
    seen = []
    check = sandbox.WorkerPool.submit

    def submit(pool, task):
        deadline = time.monotonic() + 30
        while not (pool.pids() and psutil.Process(pool.pids()[0]).cmdline()) and time.monotonic() < deadline:
            time.sleep(0.01)
        child = psutil.Process(pool.pids()[0])
        seen.append(str(child.cmdline()) + str(child.environ()))
        return check(pool, task)

    monkeypatch.setattr(sandbox.WorkerPool, "submit", submit)
    monkeypatch.setenv("DARKROOM_SECRET", "my own secret")
    answer(home, "SELECT 1")
    assert "darkroom.workers.child" in seen[0]
    assert home.passwords()["lake_reader"] not in seen[0]
    assert "my own secret" not in seen[0]


def test_a_statement_that_takes_too_long_is_stopped(home):
    with pytest.raises(QueryFailed, match=r"longer than 0\.5 s"):
        answer(home, ENDLESS, seconds=0.5)


def test_a_statement_that_cannot_be_interrupted_is_killed(home, monkeypatch):
    monkeypatch.setattr(sandbox, "GRACE_SECONDS", -9.0)
    with pytest.raises(QueryFailed, match=r"longer than 10 s"):
        answer(home, ENDLESS, seconds=10)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT list(n) FROM range(300000000) t(n)",
        "SELECT repeat('x', 4000000000)",
        "SELECT count(DISTINCT hash(n)) FROM range(2000000000) t(n)",
    ],
)
def test_a_statement_that_wants_too_much_memory_costs_only_itself(home, statement):
    with pytest.raises(QueryFailed, match=r"(?i)memory|longer than|maximum"):
        answer(home, statement, seconds=20)
    assert answer(home, "SELECT 1 AS n").rows.to_pylist() == [{"n": 1}]


def test_an_endless_answer_is_read_as_it_comes_cut_and_says_so(home):
    cut = answer(home, "SELECT n FROM range(100000000000) t(n)", rows=3000, seconds=60)
    assert (cut.rows.num_rows, cut.cut) == (3000, "there are more than 3,000 rows")
    assert cut.rows["n"].to_pylist() == list(range(3000))


def test_an_answer_of_exactly_the_limit_is_whole(home):
    whole = answer(home, "SELECT n FROM range(100) t(n)", rows=100)
    assert (whole.rows.num_rows, whole.cut) == (100, None)


def test_an_answer_of_few_enormous_rows_is_cut_too(home):
    cut = answer(home, "SELECT repeat('x', 40000) AS x FROM range(5000)", rows=5000)
    assert 0 < cut.rows.num_rows < 5000
    assert cut.cut == "the answer is larger than 64 MiB"


def test_nothing_is_left_on_disk(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer(home, "SELECT count(*) FROM (SELECT n FROM range(3000000) t(n) ORDER BY hash(n) LIMIT 2000000)")
    assert list(tmp_path.iterdir()) == []


def test_rows_are_printed_as_a_table_without_steering_the_terminal(home):
    result = run(home, "SELECT 7 AS n, NULL AS nothing, text FROM core.texts WHERE text LIKE '%red%'")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\\x1b[31mred" in result.stdout
    assert "null" in result.stdout


def test_rows_are_printed_as_json(home):
    result = run(home, "SELECT computed_at, lines, score, text FROM core.texts WHERE text LIKE '%red%'", "-f", "json")
    (row,) = json.loads(result.stdout)
    assert row["text"] == f'{ESCAPE}, "quoted"'
    assert row["computed_at"] == "2024-02-29T12:00:50.123456+00:00"
    assert row["score"] is None
    assert row["lines"][0].keys() == {"text", "score", "x", "y", "w", "h"}


def test_integers_of_any_size_are_integers_in_json(home):
    statement = (
        "SELECT sum(n) AS small, sum(n + 9007199254740992) AS huge,"
        " -170141183460469231731687303715884105727::HUGEINT AS least, 18446744073709551615::UBIGINT AS wide,"
        " [sum(n), NULL] AS list, MAP {'a': sum(n)} AS map, 12.00::DECIMAL(9, 2) AS money, sum(NULL::INT) AS nothing"
        " FROM range(5) t(n)"
    )
    (row,) = json.loads(run(home, statement, "--format", "json").stdout)
    assert row == {
        "small": 10,
        "huge": 5 * 9007199254740992 + 10,
        "least": -(2**127) + 1,
        "wide": 2**64 - 1,
        "list": [10, None],
        "map": [["a", 10]],
        "money": "12.00",
        "nothing": None,
    }
    assert all(isinstance(row[name], int) for name in ("small", "huge", "least", "wide"))


def test_rows_are_printed_as_csv(home):
    statement = "SELECT text, true AS yes, [1, 2] AS list, NULL AS nothing FROM core.texts WHERE text LIKE '%red%'"
    result = run(home, "-", "--format", "csv", stdin=statement)
    assert list(csv.reader(io.StringIO(result.stdout))) == [
        ["text", "yes", "list", "nothing"],
        [f'{ESCAPE}, "quoted"', "true", "[1, 2]", ""],
    ]


def test_odd_values_can_be_printed(session, capsys):
    statement = (
        "SELECT TIMESTAMP '294000-01-01' AS far, 'ab'::BLOB AS bytes, 12.50::DECIMAL(9, 2) AS money,"
        " INTERVAL 3 DAY AS span, uuid() AS id, TIME '12:00' AS noon, MAP {'a': 1} AS map, 1e300 AS big"
    )
    rows = within(session, statement)
    for form in Format:
        print_rows(rows, form)
        assert "12.5" in capsys.readouterr().out


def test_a_cut_answer_is_told_beside_the_rows(home):
    result = run(home, "FROM core.texts", "--rows", "3", "-f", "json")
    assert len(json.loads(result.stdout)) == 3
    assert "Not all rows are shown: there are more than 3 rows" in result.stderr


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DROP TABLE core.texts", "DROP is not allowed"),
        ("SELEKT 1", "syntax error"),
        ("SELECT nonsense FROM core.texts", "nonsense"),
    ],
)
def test_a_statement_that_may_not_be_asked_is_wrong_use(home, statement, reason):
    result = run(home, statement)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((ENDLESS, "--seconds", "0.5"), r"longer than 0\.5 s"),
        (("SELECT list(n) FROM range(300000000) t(n)", "--seconds", "60"), "memory"),
    ],
)
def test_a_statement_that_takes_too_much_is_no_wrong_use(home, arguments, reason):
    result = run(home, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.search(reason, result.stderr)


def test_a_home_that_does_not_run_is_told_so(tmp_path):
    result = run(Home(tmp_path), "SELECT 1")
    assert result.exit_code != 0
    assert "darkroom up" in str(result.exception)


def test_no_child_outlives_its_question(home):
    before = workers()
    answer(home, "SELECT 1")
    assert workers() <= before


def workers() -> set[int]:
    """The worker processes of this process; what a server has for children comes and goes as it likes."""
    children = psutil.Process().children()
    return {child.pid for child in children if "darkroom.workers.child" in child.cmdline()}
