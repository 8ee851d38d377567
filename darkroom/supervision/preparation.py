"""Brings the stores of a home to this version; run by the supervisor as a process of its own before anything serves.

`python -m darkroom.supervision.preparation` prints one JSON object: `first_key` is the administrator's API key when it
was made just now, else null. A process of its own, so that the supervisor stays small and outlives what goes wrong
here. Does not belong here: what a migration does (each store), Dagster's instance (`orchestration.instance`).
"""

from __future__ import annotations

import json
import sys

from darkroom.home import Home
from darkroom.services.accounts import ensure_first_keys
from darkroom.services.libraries import SettingFault, switch_outputs
from darkroom.settings import Settings, load_settings
from darkroom.stores.lake import Lake
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import migrate


def prepare(home: Home, settings: Settings) -> str | None:
    """Migrates state and lake, tells libraries the settings, makes the first keys.

    Returns the administrator's key when it was made by this call.

    Raises what the stores raise, for example when a database was written by a newer version.
    """
    owner = home.database_url("darkroom")
    migrate(owner)
    lake = Lake.open(home, settings.lake)
    try:
        lake.migrate()
    finally:
        lake.close()
    engine = connect(owner, application="darkroom-prepare", pool_size=1, overflow=0)
    try:
        own = {name: library.outputs_off for name, library in settings.libraries.items()}
        switch_outputs(engine, settings.outputs_off, {name: off for name, off in own.items() if off is not None})
        return ensure_first_keys(engine, home)
    finally:
        engine.dispose()


def main() -> None:
    """Prepares the home that the environment names."""
    settings = load_settings()
    try:
        first_key = prepare(Home(settings.home), settings)
    except SettingFault as fault:
        sys.exit(f"The settings are wrong (DARKROOM_… or settings.toml): {fault}")
    sys.stdout.write(json.dumps({"first_key": first_key}))


if __name__ == "__main__":
    main()
