"""What is known of the marts: which epoch they show, and how the newest build ended.

Kept in the one small file `run/marts.json`, which `darkroom demo` reads too. Does not belong here: when to build
(`debounce`), Dagster (`sensors/marts`, `marts_location`), or the build.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from darkroom.home import Home, write_private


@dataclass(frozen=True)
class Built:
    """The outcome of the newest build, and the epoch of the newest good one (0: none yet)."""

    epoch: int = 0
    built_at: str | None = None
    ok: bool = True
    project: str | None = None


def read_built(home: Home) -> Built:
    """The newest outcome; none when the file is absent, unreadable or of another version."""
    try:
        return Built(**json.loads((home.run / "marts.json").read_text()))
    except (OSError, TypeError, ValueError):
        return Built()


def needs_full_refresh(built: Built, epoch: int, project: str) -> bool:
    """Whether rows built earlier may not be kept: the models changed, or state was restored to an earlier epoch."""
    return built.project != project or epoch < built.epoch


def record_built(home: Home, epoch: int, project: str) -> None:
    """Records a good build of everything published up to `epoch`."""
    built = Built(epoch=epoch, built_at=datetime.now(UTC).isoformat(), project=project)
    write_private(home.run / "marts.json", json.dumps(asdict(built)))


def record_failed(home: Home) -> None:
    """Records a failed build; the marts still show what the newest good one made."""
    write_private(home.run / "marts.json", json.dumps(asdict(replace(read_built(home), ok=False))))
