"""What tests of the marts share: a home, a lake to build them over, builds in a process of their own, what they show.

Belongs here: helpers of `test_marts` and `test_marts_builds`. Does not belong here: what either of them says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.duplicates import Duplicate
from darkroom.contracts.faces import Face
from darkroom.contracts.generations import Generation
from darkroom.contracts.people import PersonFace
from darkroom.domain.curation import Fact, FactKind
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.home import Home
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.state import generations, people, search_events
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import migrate
from darkroom.testing.library import LIBRARY, START, batch_rows, publication_rows, version_rows
from darkroom.testing.postgres import embedded_postgres
from orchestration.dbt_project import PROJECT, parsed

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
LOGS: dict[int, Path] = {}

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


@contextmanager
def decided_home(folder: Path) -> Iterator[Home]:
    """A home below `folder` whose Postgres runs, where people were named and searches were asked."""
    with embedded_postgres(folder) as home:
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


@contextmanager
def published_lake(home: Home) -> Iterator[Lake]:
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


def holding_the_password(home: Home) -> list[Path]:
    """Files a build wrote that hold the password of the lake."""
    password = home.passwords()["lake"].encode()
    written = [home.run / "parsed.msgpack", *(home.run / "marts").rglob("*"), *parsed().rglob("*")]
    assert written[0].is_file()
    return [file for file in written if file.is_file() and password in file.read_bytes()]
