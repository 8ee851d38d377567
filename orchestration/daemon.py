"""Dagster's daemon as we run it: `python -m orchestration.daemon run -w workspace.yaml`.

A warm process for the first run is made ready at once, and the sensor loop turns more often: its pause is a constant of
Dagster's (5 s), which a user who asks for an import waits for. Two seconds are a fair price; at half a second the idle
daemon takes a fifth of a core. Does not belong here: any sensor.
"""

from __future__ import annotations

import threading

from dagster._daemon import sensor
from dagster._daemon.cli import main

from orchestration.launcher import fork_server

SENSOR_LOOP_SECONDS = 2
WARM_AFTER_SECONDS = 3.0
"""After the start, so that the platform is ready sooner."""


def warm_up() -> None:
    """Has the process that runs are forked from import its code, soon."""
    timer = threading.Timer(WARM_AFTER_SECONDS, fork_server().start)
    timer.daemon = True
    timer.start()


def shorten_sensor_loop() -> None:
    """Replaces Dagster's private constant; raises `AttributeError` when a new release has renamed it."""
    if not hasattr(sensor, "MIN_INTERVAL_LOOP_TIME"):
        raise AttributeError("dagster._daemon.sensor.MIN_INTERVAL_LOOP_TIME is gone: find what replaced it")
    sensor.MIN_INTERVAL_LOOP_TIME = SENSOR_LOOP_SECONDS


if __name__ == "__main__":
    shorten_sensor_loop()
    warm_up()
    main()
