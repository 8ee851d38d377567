"""Building the marts after one more percent of photos, against building them from scratch.

`python -m bench.marts --photos 5000` prints the table alone. Both are whole runs of the job, as the sensor starts them:
most of either is dbt getting ready and its tests, so that what the tables themselves take is told beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Result, alone, share
from darkroom.home import Home
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.state.migrate import migrate
from darkroom.testing.library import batch_rows, publication_rows, version_rows
from darkroom.testing.postgres import embedded_postgres

PHOTOS = 10_000
CHECKOUT = Path(__file__).parents[1]

BUILD = """
import json
import dagster as dg
from orchestration.marts_location import defs
with dg.DagsterInstance.ephemeral() as instance:
    result = defs.get_job_def("build_marts").execute_in_process(instance=instance)
    made = [e.step_materialization_data.materialization for e in result.all_events if e.is_step_materialization]
    seconds = [m.metadata["Execution Duration"].value for m in made if "Execution Duration" in m.metadata]
    print("RESULT " + json.dumps(sum(seconds)))
"""


def run(photos: int = PHOTOS, rounds: int = 3) -> Iterator[Result]:
    """Publishes a library, then one percent more each round, and builds either way."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, embedded_postgres(Path(folder)) as home:
        migrate(home.database_url("darkroom"))
        with Lake.open(home, LakeSettings()) as lake:
            lake.migrate()
            lake.insert(version_rows())
            _publish(lake, 1, range(photos))
        full, more = [], []
        for number in range(rounds):
            (home.run / "marts.json").unlink(missing_ok=True)
            full.append(_built(home))
            first = photos + number * (photos // 100)
            with Lake.open(home, LakeSettings()) as lake:
                _publish(lake, number + 2, range(first, first + photos // 100))
            more.append(_built(home))
    yield share("marts, 1 % new, against from scratch", *(_part(one, 0) for one in (more, full)), "<= 0.15", "s")
    yield share(
        "marts' tables alone, 1 % new, against from scratch", *(_part(one, 1) for one in (more, full)), None, "s"
    )


def _publish(lake: Lake, number: int, photos: range) -> None:
    lake.insert(batch_rows(number, photos))
    lake.insert(publication_rows(number, number, photos))


def _built(home: Home) -> tuple[float, float]:
    """Seconds of a build, and those of its tables."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("DARKROOM", "DBT", "PG"))}
    env |= {"DARKROOM_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT), "DAGSTER_DISABLE_TELEMETRY": "1"}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", BUILD], env=env, cwd=home.root, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    told = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not told:
        raise RuntimeError(f"the marts could not be built: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds, float(json.loads(told[-1].removeprefix("RESULT ")))


def _part(measured: list[tuple[float, float]], place: int) -> list[float]:
    return [one[place] for one in measured]


if __name__ == "__main__":
    alone(run, __doc__, PHOTOS)
