"""Marts built for real, once, and what they say: dbt in its own process over a DuckLake whose catalog is Postgres.

Belongs here: what analysts read. Does not belong here: builds that follow the first, fail or are killed
(`test_marts_builds`).
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from api.queries.marts import visible
from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.home import Home
from darkroom.security.callers import Caller
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.state import search_events
from darkroom.stores.state.engine import connect
from darkroom.testing.library import LIBRARY, UNSEEN, VERSIONED, batch_rows
from orchestration.dbt_project import PROJECT, dbt_executable, environment, parsed, project_digest, target_folder
from orchestration.marts_state import read_built
from tests.integration.marts import (
    ANNA,
    CHECKOUT,
    FIRST,
    OTHER,
    PATIENCE,
    SECOND,
    build,
    decided_home,
    expected_photos,
    holding_the_password,
    leftovers,
    person_faces,
    published_lake,
    rows,
    wide,
)

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1300)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with decided_home(tmp_path_factory.mktemp("marts home")) as home:
        yield home


@pytest.fixture(scope="module")
def lake(home: Home) -> Iterator[Lake]:
    with published_lake(home) as lake:
        yield lake


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


def test_no_password_is_left_in_files_a_build_writes(home: Home) -> None:
    assert holding_the_password(home) == []


def test_the_manifest_is_made_once_per_state_of_the_project() -> None:
    made = parsed() / "manifest.json"
    stamp = made.stat().st_mtime_ns
    assert parsed() / "manifest.json" == made
    assert made.stat().st_mtime_ns == stamp
