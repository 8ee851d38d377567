"""The process of one run: `python -m orchestration.worker RUN_ID`.

Executes the run that the instance knows, with connections kept open (Dagster opens one per event otherwise), and ends
itself when an interrupt is not obeyed in time. Does not belong here: starting or watching workers (`launcher`).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import DagsterInstance
from dagster._cli.api import _execute_run_command_body
from dagster._utils.interrupts import capture_interrupts
from sqlalchemy import Engine

OBEY_SECONDS = 15.0
"""How long an interrupted run may take to end; Dagster's own patience (`cancel_timeout_seconds`) is a little longer."""

_CONNECTION_RECYCLE_SECONDS = 300
_STATEMENT_TIMEOUT_MS = 60_000


def main(run_id: str) -> None:
    """Executes the run; whatever happens to it is in its events."""
    with _insisting_on_interrupts(), capture_interrupts(), DagsterInstance.get() as instance:
        keep_connections(instance)
        _execute_run_command_body(run_id, instance, lambda event: None, set_exit_code_on_failure=False)


def keep_connections(instance: DagsterInstance) -> None:
    """Has Dagster's storages reuse connections, each asked whether it still lives before use.

    Opening one costs more than the statement it is for, and a run writes dozens of events.
    """
    instance.optimize_for_webserver(_STATEMENT_TIMEOUT_MS, _CONNECTION_RECYCLE_SECONDS, max_overflow=10)
    for storage in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        engine = getattr(storage, "_engine", None)
        if isinstance(engine, Engine):
            engine.pool._pre_ping = True  # a restart of Postgres must not fail the run's next event


@contextmanager
def _insisting_on_interrupts() -> Iterator[None]:
    """Kills the process some time after SIGTERM or SIGINT, even while it is inside a library and handles no signal.

    The wake-up descriptor is written by the signal itself, whoever has replaced the handlers meanwhile.
    """
    heard, told = socket.socketpair()
    told.setblocking(False)

    def listen() -> None:
        while received := heard.recv(1):
            if received[0] in (signal.SIGTERM, signal.SIGINT):
                killer = threading.Timer(OBEY_SECONDS, os.kill, (os.getpid(), signal.SIGKILL))
                killer.daemon = True
                killer.start()

    with heard, told:
        signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=listen, name="interrupts", daemon=True).start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            told.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(sys.argv[1])
