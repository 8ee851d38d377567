"""The process of one run: `python -m orchestration.worker RUN_ID`.

Executes the run that the instance knows, with connections kept open (Dagster opens one per event otherwise). Does not
belong here: starting, watching or ending workers (`launcher`), how they wait for each other (`pools`).
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from dagster import DagsterInstance
from dagster._cli.api import _execute_run_command_body
from dagster._utils.interrupts import capture_interrupts
from sqlalchemy import Engine

from darkroom.supervision.identity import ProcessIdentity
from orchestration.pools import wait_asleep

WORKER_TAG = "darkroom/worker"

_CONNECTION_RECYCLE_SECONDS = 300
_STATEMENT_TIMEOUT_MS = 60_000


def main(run_id: str) -> None:
    """Executes the run; whatever happens to it is in its events, what else is written in `logs/runs`."""
    _write_to(log_of(run_id))
    wait_asleep()
    with capture_interrupts(), DagsterInstance.get() as instance:
        keep_connections(instance)
        if identity := ProcessIdentity.of(os.getpid()):
            instance.add_run_tags(run_id, worker_tag(run_id, identity))
        _execute_run_command_body(run_id, instance, lambda event: None, set_exit_code_on_failure=False)


def log_of(run_id: str) -> Path:
    """Where the worker of a run writes."""
    return Path(os.environ["DARKROOM_HOME"]) / "logs" / "runs" / f"{run_id}.log"


def worker_tag(run_id: str, identity: ProcessIdentity) -> dict[str, str]:
    """The tag that says which process works on a run; it names the run, since retries copy tags."""
    return {WORKER_TAG: json.dumps({"run": run_id, **identity.to_json()})}


def keep_connections(instance: DagsterInstance) -> None:
    """Has Dagster's storages reuse connections, each asked whether it still lives before use.

    Opening one costs more than the statement it is for, and a run writes dozens of events.
    """
    instance.optimize_for_webserver(_STATEMENT_TIMEOUT_MS, _CONNECTION_RECYCLE_SECONDS, max_overflow=10)
    for storage in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        engine = getattr(storage, "_engine", None)
        if isinstance(engine, Engine):
            engine.pool._pre_ping = True  # a restart of Postgres must not fail the run's next event


def _write_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    output = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def end_with(run_id: str) -> NoReturn:
    """Executes the run and ends the process there and then.

    What native libraries do when an interpreter ends may hang (a build of the marts did, each time); everything that
    must last has been committed by then, and worker processes die with this one.
    """
    status = 1
    try:
        main(run_id)
        status = 0
    except BaseException:  # noqa: BLE001 - it is about to end: the log is all that is left to tell
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    end_with(sys.argv[1])
