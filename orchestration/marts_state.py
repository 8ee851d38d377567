"""What is known of the marts: which epoch they show, and whether it is time to build them again.

Pure decisions and the one small file `run/marts.json`, which `darkroom status` reads too. Does not belong here: Dagster
(`sensors/marts`, `marts_location`), or the build.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from darkroom.home import Home, write_private

QUIET_SECONDS = 20.0
"""A build waits until publishing has been quiet this long …"""

PATIENCE_SECONDS = 120.0
"""… but never longer than this after the first epoch it would show."""

FIRST_RETRY_SECONDS = 60.0
LAST_RETRY_SECONDS = 3600.0


@dataclass(frozen=True)
class Built:
    """The outcome of the newest build, and the epoch of the newest good one (0: none yet)."""

    epoch: int = 0
    built_at: str | None = None
    ok: bool = True
    project: str | None = None
    tried_epoch: int = 0
    tried_at: str | None = None
    failures: int = 0


@dataclass(frozen=True)
class Watch:
    """What the sensor remembers between ticks; times are seconds of the wall clock."""

    epoch: int = 0
    changed_at: float = 0.0
    waiting_since: float | None = None
    requested_epoch: int = 0
    requested_at: float = 0.0

    @classmethod
    def load(cls, cursor: str | None) -> Watch:
        """The watch a cursor holds; a cursor of another version is forgotten."""
        try:
            return cls(**json.loads(cursor or "{}"))
        except (TypeError, ValueError):
            return cls()

    def dump(self) -> str:
        """The watch as a cursor."""
        return json.dumps(asdict(self))


def decide(watch: Watch, built: Built, epoch: int, now: float) -> tuple[bool, Watch]:
    """Whether to build now, with the published `epoch`, and what to remember.

    An epoch that was asked for and is still not built is asked for again, later each time it fails.
    """
    if epoch == built.epoch:
        return False, replace(watch, epoch=epoch, waiting_since=None)
    if epoch != watch.epoch or watch.waiting_since is None:
        changed_at = now if epoch != watch.epoch else watch.changed_at
        watch = replace(watch, epoch=epoch, changed_at=changed_at, waiting_since=watch.waiting_since or now)
    quiet = now - watch.changed_at >= QUIET_SECONDS
    patient = now - (watch.waiting_since or now) < PATIENCE_SECONDS
    if not quiet and patient:
        return False, watch
    failures = built.failures if built.tried_epoch == epoch else 0
    pause = min(FIRST_RETRY_SECONDS * 2**failures, LAST_RETRY_SECONDS)
    if watch.requested_epoch == epoch and now - watch.requested_at < pause:
        return False, watch
    return True, replace(watch, requested_epoch=epoch, requested_at=now, waiting_since=None)


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
    now = datetime.now(UTC).isoformat()
    built = Built(epoch=epoch, built_at=now, project=project, tried_epoch=epoch, tried_at=now)
    write_private(home.run / "marts.json", json.dumps(asdict(built)))


def record_failed(home: Home, epoch: int) -> None:
    """Records a failed build; the marts still show what the newest good one made."""
    before = read_built(home)
    failures = before.failures + 1 if before.tried_epoch == epoch else 1
    failed = replace(before, ok=False, tried_epoch=epoch, tried_at=datetime.now(UTC).isoformat(), failures=failures)
    write_private(home.run / "marts.json", json.dumps(asdict(failed)))
