"""Marts built for real: dbt in its own process over a DuckLake whose catalog is Postgres."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.operations import Publication
from darkroom.home import Home
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.state.migrate import migrate
from darkroom.testing.library import LIBRARY, START, VERSIONED, batch_rows, publication_rows, version_of, version_rows
from darkroom.testing.postgres import embedded_postgres
from orchestration.dbt_project import PROJECT, linked_extensions, parsed, project_digest
from orchestration.marts_state import read_built

CHECKOUT = Path(__file__).parents[2]
FIRST, SECOND = range(40), range(40, 52)
PATIENCE = 600.0
LOGS: dict[int, Path] = {}

pytestmark = pytest.mark.timeout(1300)

RUN = """
import json, sys
import dagster as dg
from orchestration.marts_location import defs
with dg.DagsterInstance.ephemeral() as instance:
    result = defs.get_job_def("build_marts").execute_in_process(instance=instance, raise_on_error=False)
    checks = {f"{c.asset_key.to_user_string()}:{c.check_name}": c.passed for c in result.get_asset_check_evaluations()}
    made = sorted(e.asset_key.to_user_string() for e in result.all_events if e.is_step_materialization)
    print("RESULT " + json.dumps({"success": result.success, "checks": checks, "made": made}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with embedded_postgres(tmp_path_factory.mktemp("marts home")) as home:
        migrate(home.database_url("darkroom"))
        yield home


@pytest.fixture(scope="module")
def lake(home: Home) -> Iterator[Lake]:
    """A lake with a published batch and one that was written but never published."""
    with Lake.open(home, LakeSettings(memory_limit="256MB")) as lake:
        lake.migrate()
        lake.insert(version_rows())
        lake.insert(batch_rows(1, FIRST))
        lake.insert(publication_rows(1, 1, FIRST))
        lake.insert(batch_rows(2, SECOND))
        yield lake


def start(home: Home) -> subprocess.Popen[str]:
    """Starts a build; its output goes to files, since a full pipe would stop it while it holds the lock."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DARKROOM", "DBT", "PG"))}
    env |= {"DARKROOM_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT), "DAGSTER_DISABLE_TELEMETRY": "1"}
    log = Path(tempfile.mkstemp(dir=home.root, suffix=".log")[1])
    with log.open("w") as file:
        run = subprocess.Popen(
            [sys.executable, "-c", RUN], env=env, cwd=home.root, text=True, stdout=file, stderr=subprocess.STDOUT
        )
    LOGS[run.pid] = log
    return run


def finish(run: subprocess.Popen[str]) -> dict[str, Any]:
    """What a build came to, with its log."""
    try:
        run.wait(timeout=PATIENCE)
    finally:
        run.kill()
    log = LOGS[run.pid].read_text()
    told = [line for line in log.splitlines() if line.startswith("RESULT ")]
    assert told, log[-4000:]
    return json.loads(told[-1].removeprefix("RESULT ")) | {"log": log}


def build(home: Home) -> dict[str, Any]:
    result = finish(start(home))
    assert result["success"], result["log"][-6000:]
    return result


def rows(lake: Lake, sql: str) -> list[dict[str, Any]]:
    return lake.query(sql).to_pylist()


def wide(lake: Lake) -> dict[str, dict[str, Any]]:
    return {row["photo_id"]: row for row in rows(lake, "SELECT * FROM marts.photos_wide")}


def expected_photos(numbers: range) -> set[str]:
    return {row.photo_id for row in batch_rows(1, numbers)["photos"]}


def leftovers(lake: Lake) -> list[str]:
    found = rows(
        lake,
        "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_catalog = 'lake'",
    )
    known = {f"core.{table.name}" for table in TABLES} | {f"core.current_{table.name}" for table in TABLES}
    known |= {f"staging.stg_{table.name}" for table in TABLES}
    known |= {f"marts.{name}" for name in ("photos_wide", "library_daily", "processing_completeness", "text_coverage")}
    return sorted({row["name"] for row in found} - known)


def test_the_first_build_shows_exactly_what_was_published(home: Home, lake: Lake) -> None:
    result = build(home)
    assert all(result["checks"].values())
    assert len(result["checks"]) > 20
    assert {"marts/photos_wide", "marts/processing_completeness", "publications", "staging/stg_photos"} <= set(
        result["made"]
    )
    photos = wide(lake)
    assert set(photos) == expected_photos(FIRST)
    assert leftovers(lake) == []
    built = read_built(home)
    assert (built.epoch, built.ok, built.project) == (1, True, project_digest())
    assert not any((home.run / "marts").iterdir())


def test_marts_agree_with_the_rows_they_come_from(lake: Lake) -> None:
    written = batch_rows(1, FIRST)
    photos = wide(lake)
    for photo in written["photos"]:
        shown = photos[photo.photo_id]
        turned = photo.orientation >= 5
        assert (shown["width"], shown["height"]) == (
            (photo.height, photo.width) if turned else (photo.width, photo.height)
        )
        assert shown["size_bytes"] == photo.size_bytes
    for metadata in written["metadata"]:
        shown = photos[metadata.photo_id]
        assert shown["taken_local"] == metadata.taken_local
        assert shown["taken_day"] == (metadata.taken_local.date() if metadata.taken_local else None)
        assert shown["taken_utc"] == metadata.taken_utc
        assert shown["keywords"] == metadata.keywords
    days = Counter(photos[m.photo_id]["taken_day"] for m in written["metadata"])
    daily = rows(lake, "SELECT taken_day, sum(photos)::BIGINT AS photos FROM marts.library_daily GROUP BY taken_day")
    assert {row["taken_day"]: row["photos"] for row in daily} == days
    (covered,) = rows(
        lake,
        "SELECT sum(photos_with_text)::BIGINT AS n, sum(text_lines)::BIGINT AS text_lines FROM marts.text_coverage",
    )
    with_text = sum(1 for text in written["texts"] if text.line_count)
    assert (covered["n"], covered["text_lines"]) == (with_text, with_text)


def test_every_hole_says_why(lake: Lake) -> None:
    states = rows(
        lake,
        "SELECT output, state, reason, count(*) AS n FROM marts.processing_completeness GROUP BY ALL ORDER BY ALL",
    )
    broken = sum(1 for number in FIRST if number % 7 == 6)
    assert {(s["output"], s["state"], s["reason"]): s["n"] for s in states} == {
        ("metadata", "done", None): len(FIRST),
        **{(o, "done", None): len(FIRST) - broken for o in VERSIONED if o != "metadata"},
        **{(o, "failed", "corrupt: cut short"): broken for o in VERSIONED if o != "metadata"},
    }


def test_an_incremental_build_adds_what_was_published_since_and_keeps_the_rest(home: Home, lake: Lake) -> None:
    before = wide(lake)
    lake.insert(publication_rows(2, 2, SECOND))
    build(home)
    after = wide(lake)
    assert set(after) == set(before) | expected_photos(SECOND)
    assert {photo: after[photo] for photo in before} == before
    assert read_built(home).epoch == 2


def test_a_newer_attempt_shows_only_once_it_is_published(home: Home, lake: Lake) -> None:
    photo = batch_rows(1, range(1))["photos"][0].photo_id
    again = batch_rows(3, range(1))
    again["texts"] = [again["texts"][0].model_copy(update={"text": "read again"})]
    lake.insert(again)
    build(home)
    assert wide(lake)[photo]["text"] != "read again"
    lake.insert(publication_rows(3, 3, range(1)))
    build(home)
    shown = wide(lake)[photo]
    assert (shown["text"], shown["epoch"]) == ("read again", 3)
    assert len(wide(lake)) == len(FIRST) + len(SECOND)


def test_a_new_version_of_an_output_is_a_hole_until_it_is_computed(home: Home, lake: Lake) -> None:
    lake.insert(version_rows(2, outputs=["texts"]))
    build(home)
    (hole,) = rows(
        lake,
        "SELECT DISTINCT state, reason FROM marts.processing_completeness"
        f" WHERE output = 'texts' AND output_version = '{version_of('texts', 2)}'",
    )
    assert hole == {"state": "missing", "reason": f"the newest is of version {version_of('texts')}"}
    earlier = rows(lake, "SELECT count(*) AS n FROM marts.processing_completeness WHERE NOT is_current_version")
    assert earlier == [{"n": len(FIRST) + len(SECOND)}]


def _dbt_of(run: subprocess.Popen[str]) -> psutil.Process:
    """The dbt process of a run, once it is building."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None:
        for child in psutil.Process(run.pid).children(recursive=True):
            try:
                if any(part.endswith("dbt_command.py") for part in child.cmdline()) and "build" in child.cmdline():
                    return child
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.02)
    raise AssertionError(f"dbt was never started: {LOGS[run.pid].read_text()[-3000:]}")


def _until_a_table_is_made(home: Home, dbt: psutil.Process) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and dbt.is_running():
        for log in (home.run / "marts").glob("*/dbt.log"):
            if "START sql incremental model marts.photos_wide" in log.read_text(errors="replace"):
                return
        time.sleep(0.01)
    raise AssertionError("dbt never came to its tables")


@pytest.mark.parametrize("attempt", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_run_killed_amid_a_build_takes_dbt_with_it_and_the_next_build_is_whole(
    home: Home, lake: Lake, attempt: int
) -> None:
    epoch = 10 + attempt
    lake.insert(publication_rows(epoch, 2, SECOND))
    run = start(home)
    dbt = _dbt_of(run)
    _until_a_table_is_made(home, dbt)
    before = len(wide(lake))
    run.kill()
    run.wait()
    psutil.wait_procs([dbt], timeout=10)
    assert not dbt.is_running(), "dbt went on after its run was killed"
    assert before == len(FIRST) + len(SECOND)
    build(home)
    photos = wide(lake)
    assert set(photos) == expected_photos(FIRST) | expected_photos(SECOND)
    assert {photos[photo]["epoch"] for photo in expected_photos(SECOND)} == {epoch}
    assert leftovers(lake) == []
    assert read_built(home).epoch == epoch
    assert not any((home.run / "marts").iterdir())


def test_two_builds_at_once_take_turns_and_both_are_right(home: Home, lake: Lake) -> None:
    lake.insert(publication_rows(20, 2, SECOND))
    runs = [start(home), start(home)]
    results = [finish(run) for run in runs]
    assert [result["success"] for result in results] == [True, True], results
    assert set(wide(lake)) == expected_photos(FIRST) | expected_photos(SECOND)
    assert leftovers(lake) == []
    assert read_built(home).epoch == 20


def test_a_build_whose_tests_fail_is_a_failed_run_that_says_so(home: Home, lake: Lake) -> None:
    odd = Publication.model_construct(
        epoch=30,
        photo_id=next(iter(expected_photos(range(1)))),
        library_id=LIBRARY,
        output="metadata",
        output_version=version_of("metadata"),
        attempt=3,
        state="perhaps",
        reason=None,
        tries=0,
        published_at=START,
    )
    lake.insert({"publications": [odd]})
    result = finish(start(home))
    assert not result["success"]
    failed = [name for name, passed in result["checks"].items() if not passed]
    assert any("accepted_values_processing_completeness_state" in name for name in failed), failed
    built = read_built(home)
    assert (built.epoch, built.ok, built.tried_epoch, built.failures) == (20, False, 30, 1)


def test_no_password_is_left_in_files_a_build_writes(home: Home) -> None:
    password = home.passwords()["lake"].encode()
    for file in [*(home.run / "marts").rglob("*"), *parsed().rglob("*")]:
        if file.is_file():
            assert password not in file.read_bytes(), file


def test_the_manifest_is_made_once_per_state_of_the_project() -> None:
    made = parsed() / "manifest.json"
    stamp = made.stat().st_mtime_ns
    assert parsed() / "manifest.json" == made
    assert made.stat().st_mtime_ns == stamp


def test_a_project_this_user_may_not_write_to_is_parsed_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shutil.copytree(PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs"))
    make = Path.mkdir

    def refuse(self: Path, *arguments: Any, **options: Any) -> None:
        """Rights do not bind root, who may run this test."""
        if self == project / "target":
            raise OSError(errno.EROFS, "Read-only file system")
        make(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OSError, match="Read-only"):
        parsed(project)
    folder = parsed(project, tmp_path / "elsewhere")
    assert folder.parent == tmp_path / "elsewhere" and (folder / "manifest.json").is_file()
    assert not (project / "target").exists()


def test_extensions_are_links_to_the_installed_packages(tmp_path: Path) -> None:
    links = sorted(linked_extensions(tmp_path).rglob("*.duckdb_extension"))
    assert [link.stem for link in links] == ["ducklake", "httpfs", "postgres_scanner"]
    assert all(link.is_symlink() and link.resolve().is_file() for link in links)
    links[0].unlink()
    links[0].symlink_to(tmp_path / "gone")
    assert linked_extensions(tmp_path) and links[0].resolve().is_file()
