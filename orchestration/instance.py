"""Makes Dagster's instance ready before anything uses it: `python -m orchestration.instance`.

Creates or upgrades its tables (processes that start at once on an empty database would trip over each other) and marks
the runs whose workers died with the platform. Run by the supervisor at each start. Does not belong here: what Dagster
keeps, or the state database.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from dagster import DagsterInstance

from orchestration.launcher import ProcessLauncher

log = logging.getLogger("dagster.darkroom.instance")


def prepare() -> list[str]:
    """Brings the instance's storage to this version; returns the ids of runs that were found dead.

    Raises `FileNotFoundError` without a `dagster.yaml`: Dagster would silently take SQLite, with telemetry on.
    """
    folder = Path(os.environ["DAGSTER_HOME"])
    if not (folder / "dagster.yaml").is_file():
        raise FileNotFoundError(f"{folder / 'dagster.yaml'} is missing")
    with DagsterInstance.get() as instance:
        instance.upgrade()
        launcher = instance.run_launcher
        return launcher.reap() if isinstance(launcher, ProcessLauncher) else []


if __name__ == "__main__":
    for run_id in prepare():
        sys.stderr.write(f"run {run_id} was found without a worker and marked as failed\n")
