"""Builds of marts after the first: what was published since, newer versions, kills, two at once, failing tests.

Belongs here: how builds go. Does not belong here: what the marts say (`test_marts`). The tests share a lake and follow
each other; they take minutes, so `make test-platform` runs them and `make check` does not.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from darkroom.contracts.operations import Publication
from darkroom.home import Home
from darkroom.stores.lake import Lake
from darkroom.testing.library import LIBRARY, START, batch_rows, publication_rows, version_of, version_rows
from orchestration.dbt_project import PROJECT, linked_extensions, parsed
from orchestration.marts_state import read_built
from tests.integration.marts import (
    FIRST,
    LOGS,
    SECOND,
    build,
    decided_home,
    expected_photos,
    finish,
    holding_the_password,
    leftovers,
    published_lake,
    rows,
    start,
    wide,
)

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1300)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with decided_home(tmp_path_factory.mktemp("marts home")) as home:
        yield home


@pytest.fixture(scope="module")
def lake(home: Home) -> Iterator[Lake]:
    """Built once."""
    with published_lake(home) as lake:
        build(home)
        yield lake


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
    epoch, before = 10 + attempt, set(wide(lake))
    lake.insert(publication_rows(epoch, 2, SECOND))
    run = start(home)
    dbt = _dbt_of(run)
    _until_a_table_is_made(home, dbt)
    meanwhile = set(wide(lake))
    run.kill()
    run.wait()
    psutil.wait_procs([dbt], timeout=10)
    assert not dbt.is_running(), "dbt went on after its run was killed"
    assert meanwhile == before
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
    assert (built.epoch, built.ok) == (20, False)


def test_no_password_is_left_by_a_build_that_failed(home: Home) -> None:
    assert holding_the_password(home) == []


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
