"""Dagster's daemon with a sensor loop that turns more often: `python -m orchestration.daemon run -w workspace.yaml`.

The loop's pause is a constant of Dagster's (5 s); a user who asks for an import waits for it. Two seconds are a fair
price: at half a second the idle daemon takes a fifth of a core. Does not belong here: any sensor.
"""

from __future__ import annotations

from dagster._daemon import sensor
from dagster._daemon.cli import main

SENSOR_LOOP_SECONDS = 2


def shorten_sensor_loop() -> None:
    """Replaces Dagster's private constant; raises `AttributeError` when a new release has renamed it."""
    if not hasattr(sensor, "MIN_INTERVAL_LOOP_TIME"):
        raise AttributeError("dagster._daemon.sensor.MIN_INTERVAL_LOOP_TIME is gone: find what replaced it")
    sensor.MIN_INTERVAL_LOOP_TIME = SENSOR_LOOP_SECONDS


if __name__ == "__main__":
    shorten_sensor_loop()
    main()
