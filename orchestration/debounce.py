"""When to make again what is made of everything published: after a pause, but never too late.

Pure decisions. Does not belong here: what is made (`marts_state`, `darkroom.services.generations`), or Dagster
(`sensors`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

PATIENCE = 45
"""It waits until things have been quiet, but never longer than so many times that after the first change to show.

What is made of a part of an import is made again of all of it, and takes cores from the rest meanwhile.
"""

FIRST_RETRY_SECONDS = 60.0
LAST_RETRY_SECONDS = 3600.0


@dataclass(frozen=True)
class Watch:
    """What the sensor remembers between ticks; times are seconds of the wall clock.

    `requests` counts how often the requested mark was asked for: but for the last one, all came to nothing.
    """

    mark: str = ""
    changed_at: float = 0.0
    waiting_since: float | None = None
    requested_mark: str = ""
    requested_at: float = 0.0
    requests: int = 0

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


def decide(
    watch: Watch, shown: str, mark: str, now: float, quiet_seconds: float, *, under_way: bool = False
) -> tuple[bool, Watch]:
    """Whether to make it now, and what to remember.

    `mark` stands for what is published and decided now, `shown` is the mark of what was made last. A mark that was
    asked for and is still not shown is asked for again, later each time, however the run before came to nothing.
    It is quiet when for `quiet_seconds` the mark has been the same and no import or batch was `under_way`.
    """
    if mark == shown:
        return False, replace(watch, mark=mark, waiting_since=None, requests=0)
    since = now if watch.waiting_since is None else watch.waiting_since
    changed_at = now if under_way or mark != watch.mark else watch.changed_at
    watch = replace(watch, mark=mark, changed_at=changed_at, waiting_since=since)
    quiet = not under_way and now - changed_at >= quiet_seconds
    if not quiet and now - since < PATIENCE * quiet_seconds:
        return False, watch
    asked = watch.requests if watch.requested_mark == mark else 0
    if asked and now - watch.requested_at < _pause(asked):
        return False, watch
    return True, replace(watch, requested_mark=mark, requested_at=now, requests=asked + 1, waiting_since=None)


def _pause(asked: int) -> float:
    """Seconds to wait after something was asked for so often in vain."""
    return min(FIRST_RETRY_SECONDS * 2.0 ** min(asked - 1, 10), LAST_RETRY_SECONDS)
