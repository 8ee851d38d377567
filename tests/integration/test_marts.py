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
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import nbformat
import psutil
import pytest
import yaml
from nbclient import NotebookClient

from api.queries.marts import visible
from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.duplicates import Duplicate
from darkroom.contracts.faces import Face
from darkroom.contracts.generations import Generation
from darkroom.contracts.operations import Publication
from darkroom.contracts.people import PersonFace
from darkroom.domain.curation import Fact, FactKind
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.home import Home
from darkroom.security.callers import Caller
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.state import generations, people, search_events
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import migrate
from darkroom.testing.library import (
    LIBRARY,
    START,
    UNSEEN,
    VERSIONED,
    batch_rows,
    publication_rows,
    version_of,
    version_rows,
)
from darkroom.testing.postgres import embedded_postgres
from orchestration.dbt_project import (
    PROJECT,
    dbt_executable,
    environment,
    linked_extensions,
    parsed,
    project_digest,
    target_folder,
)
from orchestration.marts_state import read_built

CHECKOUT = Path(__file__).parents[2]
FIRST, SECOND = range(40), range(40, 52)
PATIENCE = 600.0
ANNA, OTHER = UUID(int=11), UUID(int=12)
DECIDED = (
    Fact(FactKind.NAMED, ANNA, name="Ana"),
    Fact(FactKind.HIDDEN, ANNA),
    Fact(FactKind.NAMED, ANNA, name="Anna"),
    Fact(FactKind.NAMED, OTHER, name="Otto"),
    Fact(FactKind.NAMED, OTHER),
)
MARTS = sorted(file.stem for file in (PROJECT / "models" / "marts").glob("*.sql"))
LOGS: dict[int, Path] = {}

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1300)]

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
        with connect(home.database_url("darkroom")).begin() as connection:
            people.record_facts(connection, DEFAULT_LIBRARY, DEFAULT_OWNER, DECIDED)
            generations.show(connection, generations.begin(connection, DEFAULT_LIBRARY, "people", 1, 3))
            search_events.append(connection, [searched("text", 1, 0.75), searched("text", 0), searched("list", 2, 1.0)])
        yield home


def person_faces(generation: int, person: UUID | None) -> list[PersonFace]:
    """Every face of the first batch as Anna's or, those of uneven photos, as `person`'s."""
    written = [row for row in batch_rows(1, FIRST)["faces"] if isinstance(row, Face)]
    return [
        PersonFace(
            generation=generation,
            library_id=row.library_id,
            face_id=row.face_id,
            photo_id=row.photo_id,
            **{side: getattr(row, side) for side in "xywh"},
            person_id=str(whose) if (whose := person if number % 2 else ANNA) else None,
            confirmed=number == 0,
            distance=0.25,
        )
        for number, row in enumerate(written)
    ]


def searched(query_class: str, results: int, top_score: float | None = None) -> dict[str, Any]:
    """A search as state keeps it; those that found nothing had no meaning and took longer."""
    return {
        "library_id": LIBRARY,
        "libraries": [LIBRARY],
        "search_id": uuid.uuid4(),
        "query_class": query_class,
        "words": 1,
        "legs": [] if query_class == "list" else ["words", "meaning"] if results else ["words"],
        "filter_fields": ["rating"] if query_class == "list" else [],
        "degraded": [],
        "milliseconds": {"total": 10.0 if results else 20.0},
        "results": results,
        "more": False,
        "top_score": top_score,
        "text": None,
    }


@pytest.fixture(scope="module")
def lake(home: Home) -> Iterator[Lake]:
    """A lake with a published batch and one that was written but never published."""
    with Lake.open(home, LakeSettings(memory_limit="256MB")) as lake:
        lake.migrate()
        lake.insert(version_rows())
        lake.insert(batch_rows(1, FIRST))
        lake.insert(publication_rows(1, 1, FIRST))
        lake.insert(batch_rows(2, SECOND))
        lake.insert({"person_faces": [*person_faces(1, OTHER), *person_faces(2, None)]})
        lake.insert({"duplicates": [*duplicate_rows(1, wasted=300), *duplicate_rows(2, wasted=999)]})
        shown = {"kind": "duplicates", "epoch": 1, "shown_at": START}
        lake.insert({"generations": [Generation(generation=1, library_id=LIBRARY, **shown)]})
        yield lake


def duplicate_rows(generation: int, wasted: int) -> list[Duplicate]:
    """A group of two photos of the first batch, and a photo in two files, both decided."""
    first, second = (row.photo_id for row in batch_rows(1, range(2))["photos"])
    shared = {"generation": generation, "library_id": LIBRARY, "decided": True, "size_bytes": wasted}
    near = {**shared, "group_id": str(uuid.UUID(int=1)), "kind": "near", "files": 1}
    return [
        Duplicate(**near, photo_id=first, is_keeper=True, wasted_bytes=0),
        Duplicate(**near, photo_id=second, is_keeper=False, wasted_bytes=wasted),
        Duplicate(
            **{**shared, "group_id": str(uuid.UUID(int=2)), "kind": "bytes", "files": 2},
            photo_id=first,
            is_keeper=True,
            wasted_bytes=wasted + 1,
        ),
    ]


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
    known |= {f"marts.{model.stem}" for model in (PROJECT / "models" / "marts").glob("*.sql")}
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


def test_searches_are_counted_by_how_they_were_asked(home: Home, lake: Lake) -> None:
    (text, listed) = rows(lake, "SELECT * FROM marts.search_usage ORDER BY query_class DESC")
    assert (text["query_class"], text["searches"], text["searches_without_result"]) == ("text", 2, 1)
    assert (text["with_words"], text["with_meaning"], text["filtered"]) == (2, 1, False)
    assert (text["median_ms"], text["mean_top_score"]) == (15.0, 0.75)
    assert (listed["query_class"], listed["searches"], listed["filtered"]) == ("list", 1, True)
    with connect(home.database_url("darkroom")).begin() as connection:
        assert search_events.after(connection, 0, 10)[-1].query_class == "list"


def test_model_performance_counts_every_run_published_or_not(lake: Lake) -> None:
    found = rows(lake, "SELECT * FROM marts.model_performance ORDER BY output")
    assert [row["output"] for row in found] == sorted(MODEL_OUTPUTS)
    runs = [
        run for sequence, numbers in ((1, FIRST), (2, SECOND)) for run in batch_rows(sequence, numbers)["model_runs"]
    ]
    for row in found:
        own = [run for run in runs if run.output == row["output"]]
        assert (row["runs"], row["photos"], row["photos_failed"]) == (2, sum(run.photos_done for run in own), 0)
        assert row["seconds"] == sum(run.seconds for run in own)
        assert row["photos_per_second"] == pytest.approx(row["photos"] / row["seconds"])
        assert (row["first_run_at"], row["last_run_at"]) == (own[0].recorded_at, own[1].recorded_at)
        assert row["is_current_version"]


def test_places_and_time_say_where_and_when_photos_were_taken(lake: Lake) -> None:
    metadata = batch_rows(1, FIRST)["metadata"]
    by_country = rows(
        lake,
        "SELECT country, sum(photos)::BIGINT AS photos, sum(photos_with_position)::BIGINT AS placed"
        " FROM marts.places_and_time GROUP BY country ORDER BY country NULLS LAST",
    )
    placed = sum(1 for row in metadata if row.latitude is not None)
    assert by_country == [
        {"country": "DE", "photos": placed, "placed": placed},
        {"country": None, "photos": len(FIRST) - placed, "placed": 0},
    ]
    evening = [row for row in metadata if row.taken_local and row.taken_local.hour >= 18]
    by_month = rows(
        lake,
        "SELECT taken_month, sum(photos)::BIGINT AS photos FROM marts.places_and_time"
        " WHERE time_of_day = 'evening' GROUP BY taken_month",
    )
    assert {row["taken_month"]: row["photos"] for row in by_month} == Counter(
        row.taken_local.date().replace(day=1) for row in evening
    )


def test_people_are_those_of_the_generation_that_is_shown_under_their_newest_names(lake: Lake) -> None:
    shown = [row for row in person_faces(1, OTHER) if row.photo_id in expected_photos(FIRST)]
    found = rows(lake, "SELECT * FROM marts.people ORDER BY name NULLS LAST")
    assert [(row["person_id"], row["name"], row["is_hidden"]) for row in found] == [
        (str(ANNA), "Anna", True),
        (str(OTHER), None, False),
    ]
    for row in found:
        own = [face for face in shown if face.person_id == row["person_id"]]
        assert (row["faces"], row["photos"], row["generation"]) == (len(own), len(own), 1)
        assert row["faces_confirmed"] == sum(face.confirmed for face in own)
        assert row["first_seen"] <= row["last_seen"]


def test_the_unit_tests_of_the_project_hold(home: Home) -> None:
    """They need the relations they stand in for, which the first build made."""
    values = environment(home, LakeSettings())
    with target_folder(home) as target:
        command = [str(dbt_executable(home)), "test", "--select", "test_type:unit", "--target-path", str(target)]
        command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-path", str(target)]
        done = subprocess.run(command, env={**os.environ, **values}, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout[-4000:]
    known = (PROJECT / "models" / "unit_tests.yml").read_text().count("\n  - name:")
    assert f"PASS={known} " in done.stdout, done.stdout[-1000:]


def test_what_duplicates_waste_is_told_of_the_generation_that_is_shown(lake: Lake) -> None:
    (same, near) = rows(lake, "SELECT * FROM marts.duplicates_waste ORDER BY kind")
    told = ("kind", "duplicate_groups", "decided_groups", "photos", "redundant_files", "wasted_bytes", "decided_bytes")
    assert tuple(same[name] for name in told) == ("bytes", 1, 1, 1, 1, 301, 301)
    assert tuple(near[name] for name in told) == ("near", 1, 1, 2, 1, 300, 300)


def test_the_analysts_notebook_runs_over_the_lake_and_cannot_write(
    home: Home, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(home.root))
    notebook = nbformat.read(CHECKOUT / "docs" / "notebooks" / "first-look.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is kept without answers"
    before = lake.snapshot()
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    assert f"{len(FIRST)} photos of 2 cameras" in said
    assert "read-only" in said, "the last cell tries to delete"
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 5
    assert lake.snapshot() == before


def test_every_hole_says_why(lake: Lake) -> None:
    states = rows(
        lake,
        "SELECT output, state, reason, count(*) AS n FROM marts.processing_completeness GROUP BY ALL ORDER BY ALL",
    )
    broken = sum(1 for number in FIRST if number % 7 == 6)
    assert {(s["output"], s["state"], s["reason"]): s["n"] for s in states} == {
        **{(o, "done", None): len(FIRST) for o in UNSEEN},
        **{(o, "done", None): len(FIRST) - broken for o in VERSIONED if o not in UNSEEN},
        **{(o, "failed", "corrupt: cut short"): broken for o in VERSIONED if o not in UNSEEN},
    }


def test_an_incremental_build_adds_what_was_published_since_and_keeps_the_rest(home: Home, lake: Lake) -> None:
    before = wide(lake)
    lake.insert(publication_rows(2, 2, SECOND))
    result = build(home)
    after = wide(lake)
    assert set(after) == set(before) | expected_photos(SECOND)
    assert {photo: after[photo] for photo in before} == before
    assert read_built(home).epoch == 2
    assert not any(name.startswith("staging/") for name in result["made"]), "views are as they were"
    assert "photos_wide_holds_every_published_photo_and_no_other" in result["log"], "who looks at them is tested"
    assert "Unable to do partial parsing" not in result["log"]


def test_the_api_knows_what_the_project_says_of_every_mart_and_column(home: Home) -> None:
    caller = Caller(uuid.UUID(int=1), uuid.UUID(int=2), (uuid.UUID(LIBRARY),), frozenset({"marts:read"}))
    with Lake.open(home, LakeSettings(memory_limit="256MB"), read_only=True) as reader:
        shown = {mart.name: mart for mart in visible(caller, reader)}
    files = (PROJECT / "models/marts").glob("*.yml")
    said = [model for file in files for model in yaml.safe_load(file.read_text())["models"]]
    assert set(shown) == {model["name"] for model in said}
    for model in said:
        mart = shown[model["name"]]
        assert mart.description == model["description"]
        assert {column.name: column.description for column in mart.columns} == {
            column["name"]: column["description"] for column in model["columns"]
        }


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


def test_files_that_went_away_are_no_longer_counted(home: Home, lake: Lake) -> None:
    gone, moved = (row.photo_id for row in batch_rows(1, range(2))["photos"])
    assert (wide(lake)[gone]["file_count"], wide(lake)[moved]["file_count"]) == (1, 1)
    lake.insert({"published_files": publication_rows(8, 8, range(1), files=0)["published_files"]})
    lake.insert({"published_files": publication_rows(9, 9, range(1, 2), files=2)["published_files"]})
    build(home)
    shown = wide(lake)
    assert (shown[gone]["file_count"], shown[gone]["source_count"], shown[gone]["epoch"]) == (0, 0, 8)
    assert (shown[moved]["file_count"], shown[moved]["source_count"], shown[moved]["epoch"]) == (2, 1, 9)
    (counted,) = rows(lake, "SELECT sum(files)::BIGINT AS files FROM marts.library_daily")
    assert counted["files"] == len(shown)


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
    written = [home.run / "parsed.msgpack", *(home.run / "marts").rglob("*"), *parsed().rglob("*")]
    assert written[0].is_file()
    for file in written:
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
