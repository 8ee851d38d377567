"""Runs as processes of their own, which outlive the daemon and whose death is noticed.

Dagster's own launcher has the code server start runs and cannot tell later whether a worker lives: when both died the
run kept its slot for ever. Here the daemon starts `orchestration.worker` itself and records which process it is (pid,
start time, boot) in a tag, so any process can check or end it. Does not belong here: what the worker does (`worker`).
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from dagster._config import UserConfigSchema
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass
from dagster._serdes.config_class import ConfigurableClassData

from darkroom.supervision.identity import PART_VARIABLE, ProcessIdentity, processes_of
from darkroom.supervision.logfiles import tail
from darkroom.supervision.parts import RUN

WORKER_TAG = "darkroom/worker"
"""JSON: `run` (retries copy tags, so it says whose worker it is), `pid`, `started`, `boot`."""

LOGS_KEPT = 300
LOGS_KEPT_SECONDS = 14 * 24 * 3600.0
log = logging.getLogger("dagster.darkroom.launcher")


class ProcessLauncher(RunLauncher, ConfigurableClass):
    """Starts each run as a process in a session of its own, with a log file in `logs/runs`."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """How Dagster configured this object."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """There is nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> ProcessLauncher:
        """Called by Dagster when it reads `dagster.yaml`."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Starts the worker and records which process it is. Raises `DagsterLaunchFailedError`."""
        run = context.dagster_run
        if context.job_code_origin is None:
            raise _failed(f"run {run.run_id} does not say which job it is of")
        path = _log_of(run.run_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _prune(path.parent)
        try:
            with path.open("ab") as output:
                process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", "orchestration.worker", run.run_id],
                    env={**os.environ, PART_VARIABLE: RUN},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        except OSError as error:
            raise _failed(f"the worker of run {run.run_id} cannot be started: {error}") from error
        if identity := ProcessIdentity.of(process.pid):
            tag = json.dumps({"run": run.run_id, **identity.to_json()})
            self._instance.add_run_tags(run.run_id, {WORKER_TAG: tag})
        threading.Thread(target=self._await_end, args=(run.run_id, process), daemon=True).start()

    def terminate(self, run_id: str) -> bool:
        """Interrupts the worker, which has a quarter of a minute to end by itself; returns whether there was one.

        A run whose worker is gone already is marked as canceled at once.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        worker = _worker_of(run)
        if worker is None:
            self._instance.report_run_canceled(run, "The run's worker is gone.")
            return True
        worker.terminate()  # SIGTERM: libraries replace the handler of SIGINT
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes, from any process of this machine."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the worker of a started run lives."""
        worker = _worker_of(run)
        if worker is not None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(worker.pid))
        return CheckRunHealthResult(WorkerStatus.FAILED, "the run's process is gone")

    def get_run_worker_debug_info(self, run: dg.DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """The end of the worker's log."""
        path = _log_of(run.run_id)
        text = tail(path, 20)
        return f"End of {path}:\n{text}" if text else None

    def reap(self) -> list[str]:
        """Marks runs as failed whose worker died while nobody watched; returns their ids. For the platform's start."""
        unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
        runs = self._instance.get_runs(dg.RunsFilter(statuses=unfinished))
        dead = [run for run in runs if _worker_of(run) is None]
        for run in dead:
            self._settle(run.run_id, "The run's process ended while the platform was down.")
        return [run.run_id for run in dead]

    def _await_end(self, run_id: str, process: subprocess.Popen[bytes]) -> None:
        """Reaps the worker and notices at once when it died in the middle; the monitoring daemon would take seconds."""
        status = process.wait()
        try:
            self._settle(run_id, f"The run's process ended with status {status} before the run did.")
        except Exception:  # whatever it is, the monitoring daemon will look again
            log.warning("cannot say what became of run %s", run_id, exc_info=True)

    def _settle(self, run_id: str, reason: str) -> None:
        """Ends a run that has no worker any more."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return
        if run.status == dg.DagsterRunStatus.CANCELING:
            self._instance.report_run_canceled(run)
        else:
            self._instance.report_run_failed(
                run, "\n".join(filter(None, [reason, self.get_run_worker_debug_info(run)]))
            )


def _failed(reason: str) -> DagsterLaunchFailedError:
    return DagsterLaunchFailedError(reason)  # type: ignore[no-untyped-call]


def _worker_of(run: dg.DagsterRun) -> psutil.Process | None:
    """The living process of `run`, known by its tag, or found when the daemon died before it could write one."""
    try:
        tag = json.loads(run.tags[WORKER_TAG])
        if tag["run"] == run.run_id:
            identity = ProcessIdentity.from_json(tag)
            return psutil.Process(identity.pid) if identity.alive() else None
    except (KeyError, TypeError, ValueError, psutil.NoSuchProcess):
        pass
    for process in processes_of(Path(os.environ.get("DARKROOM_HOME", "")), parts=frozenset({RUN})):
        try:
            if run.run_id in process.cmdline():
                return process
        except psutil.Error:
            continue
    return None


def _log_of(run_id: str) -> Path:
    return Path(os.environ["DARKROOM_HOME"]) / "logs" / "runs" / f"{run_id}.log"


def _prune(folder: Path) -> None:
    """Keeps the newest logs of runs."""
    files = sorted(((path.stat().st_mtime, path) for path in folder.glob("*.log")), reverse=True)
    oldest = time.time() - LOGS_KEPT_SECONDS
    for number, (modified, path) in enumerate(files):
        if number >= LOGS_KEPT or modified < oldest:
            path.unlink(missing_ok=True)
