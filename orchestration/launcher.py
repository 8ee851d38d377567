"""Runs as processes of their own, which outlive the daemon and whose death is noticed.

Dagster's own launcher has the code server start runs and cannot tell later whether a worker lives: when both died the
run kept its slot for ever. Here the daemon starts `orchestration.worker` itself, forked from a warm process when there
is one, and records which process it is (pid, start time, boot) in a tag, so any process can check or end it. Does not
belong here: what the worker does (`worker`).
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from dagster._config import UserConfigSchema
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass
from dagster._serdes.config_class import ConfigurableClassData

from darkroom.supervision.identity import PART_VARIABLE, ProcessIdentity
from darkroom.supervision.logfiles import tail
from darkroom.supervision.parts import DAEMON, RUN
from orchestration.forkserver import ForkServer
from orchestration.worker import WORKER_TAG, log_of, worker_tag

WARM_VARIABLE = "DARKROOM_WARM_MODULES"
"""Modules, comma-separated, that the fork server imports beforehand."""

LOOK_SECONDS = 5.0
OBEY_SECONDS = 15.0
"""How long a worker may outlive a cancelled or failed run; Dagster's patience with a cancel is a little longer."""

FINISH_SECONDS = 60.0
"""How long a worker may outlive a run that succeeded."""

LOGS_KEPT = 300
LOGS_KEPT_SECONDS = 14 * 24 * 3600.0
log = logging.getLogger("dagster.darkroom.launcher")


class ProcessLauncher(RunLauncher, ConfigurableClass):
    """Starts each run as a process in a session of its own, with a log file in `logs/runs`."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._watched: set[str] = set()
        self._lock = threading.Lock()
        self._pools: set[str] = set()
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

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Called by Dagster when a process first needs the launcher; the daemon's watches what a former one began."""
        super().register_instance(instance)
        if os.environ.get(PART_VARIABLE) == DAEMON:
            threading.Thread(target=self._take_over, daemon=True).start()

    def launch_run(self, context: LaunchRunContext) -> None:
        """Starts the worker and records which process it is. Raises `DagsterLaunchFailedError`."""
        run = context.dagster_run
        if context.job_code_origin is None:
            raise _failed(f"run {run.run_id} does not say which job it is of")
        _prune(log_of(run.run_id).parent)
        self._make_pools(run)
        try:
            pid = fork_server().fork(run.run_id)
        except TimeoutError as error:
            raise _failed(f"the worker of run {run.run_id} cannot be started: {error}") from error
        if pid is None:
            pid = self._start_cold(run.run_id)
            fork_server().start()  # for the next run
        if identity := ProcessIdentity.of(pid):
            self._instance.add_run_tags(run.run_id, worker_tag(run.run_id, identity))
        self._watch(run.run_id, pid)

    def terminate(self, run_id: str) -> bool:
        """Interrupts the worker, which is killed a quarter of a minute later; returns whether the run was unfinished.

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
        path = log_of(run.run_id)
        text = tail(path, 20)
        return f"End of {path}:\n{text}" if text else None

    def reap(self) -> list[str]:
        """Marks runs as failed whose worker died while nobody watched; returns their ids. For the platform's start."""
        dead = [run for run in self._unfinished() if _worker_of(run) is None]
        for run in dead:
            self._settle(run.run_id, "The run's process ended while the platform was down.")
        return [run.run_id for run in dead]

    def _make_pools(self, run: dg.DagsterRun) -> None:
        """Has the instance know the pools of a run: two runs that are the first in a pool would fail each other."""
        wanted = set(run.run_op_concurrency.all_pools or ()) if run.run_op_concurrency else set()
        if wanted <= self._pools:
            return
        storage = self._instance.event_log_storage
        self._pools |= {pool.name for pool in storage.get_pool_limits()}
        for pool in sorted(wanted - self._pools):
            storage.initialize_concurrency_limit_to_default(pool)
        self._pools |= wanted

    def _start_cold(self, run_id: str) -> int:
        try:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "orchestration.worker", run_id],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise _failed(f"the worker of run {run_id} cannot be started: {error}") from error
        threading.Thread(target=process.wait, daemon=True).start()  # reaps it
        return process.pid

    def _take_over(self) -> None:
        """Watches the workers of a former daemon, and ends the runs whose workers died with it."""
        for run in self._unfinished():
            worker = _worker_of(run)
            if worker is not None:
                self._watch(run.run_id, worker.pid)
            elif WORKER_TAG in run.tags:
                self._settle(run.run_id, "The run's process ended while nobody watched.")

    def _watch(self, run_id: str, pid: int) -> None:
        with self._lock:
            if run_id in self._watched:
                return
            self._watched.add(run_id)
        threading.Thread(target=self._await_end, args=(run_id, pid), name=f"watch {run_id}", daemon=True).start()

    def _await_end(self, run_id: str, pid: int) -> None:
        """Notices at once when the worker died in the middle, and ends one that goes on after its run has ended.

        The monitoring daemon would take seconds for the first, and would never do the second.
        """
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            pass
        else:
            try:
                self._outlast(run_id, handle)
            finally:
                os.close(handle)
        try:
            self._settle(run_id, "The run's process ended before the run did.")
        except Exception:  # whatever it is, the monitoring daemon will look again
            log.warning("cannot say what became of run %s", run_id, exc_info=True)
        with self._lock:
            self._watched.discard(run_id)

    def _outlast(self, run_id: str, handle: int) -> None:
        """Returns when the process behind pidfd `handle` has ended, whoever its parent is."""
        ended_at: float | None = None
        while not select.select([handle], [], [], LOOK_SECONDS)[0]:
            try:
                run = self._instance.get_run_by_id(run_id)
            except Exception:  # the database is away: look again
                log.warning("cannot look at run %s", run_id, exc_info=True)
                continue
            if run is not None and not run.is_finished and run.status != dg.DagsterRunStatus.CANCELING:
                continue
            ended_at = ended_at or time.monotonic()
            succeeded = run is not None and run.status == dg.DagsterRunStatus.SUCCESS
            if time.monotonic() - ended_at >= (FINISH_SECONDS if succeeded else OBEY_SECONDS) - LOOK_SECONDS:
                log.warning("killing the worker of run %s, which goes on after its end", run_id)
                signal.pidfd_send_signal(handle, signal.SIGKILL)

    def _unfinished(self) -> Sequence[dg.DagsterRun]:
        states = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
        return self._instance.get_runs(dg.RunsFilter(statuses=states))

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


@cache
def fork_server() -> ForkServer:
    """The warm process of this one, not started yet when nobody has."""
    modules = [name for name in os.environ.get(WARM_VARIABLE, "").split(",") if name]
    return ForkServer(modules, _environment(), log_of("forkserver"))


def _environment() -> dict[str, str]:
    return {**os.environ, PART_VARIABLE: RUN}


def _failed(reason: str) -> DagsterLaunchFailedError:
    return DagsterLaunchFailedError(reason)  # type: ignore[no-untyped-call]


def _worker_of(run: dg.DagsterRun) -> psutil.Process | None:
    """The living process of `run`."""
    try:
        tag = json.loads(run.tags[WORKER_TAG])
        identity = ProcessIdentity.from_json(tag)
        if tag["run"] == run.run_id and identity.alive():
            return psutil.Process(identity.pid)
    except (KeyError, TypeError, ValueError, psutil.NoSuchProcess):
        pass
    return None


def _prune(folder: Path) -> None:
    """Keeps the newest logs of runs."""
    files = sorted(((path.stat().st_mtime, path) for path in folder.glob("*.log")), reverse=True)
    oldest = time.time() - LOGS_KEPT_SECONDS
    for number, (modified, path) in enumerate(files):
        if number >= LOGS_KEPT or modified < oldest:
            path.unlink(missing_ok=True)
