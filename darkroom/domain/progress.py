"""How far an import is, and how long it will still take: sums over its batches, honest where nothing is known.

Belongs here: arithmetic. Does not belong here: reading batches (`api/queries/imports.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from darkroom.domain.outputs import SLOW_OUTPUTS
from darkroom.domain.states import BATCH_ENDED

BEFORE_PUBLISHED = 0.95
"""What is shown at most while a batch is not published: gates, index and publishing come after the counted steps."""


@dataclass(frozen=True)
class BatchState:
    """A batch: its files, how many were opened, and what each step said last, (done, total) by step."""

    state: str
    files: int
    opened: int
    failed: int
    photos: int
    steps: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Progress:
    """Sums over an import. `percent` is 0..100 of the files known so far; the rate counts files per second."""

    files_done: int
    files_failed: int
    photos_published: int
    percent: float
    rate_per_second: float | None
    eta_seconds: float | None


def progress(
    batches: Sequence[BatchState],
    *,
    state: str,
    files_new: int | None,
    outputs_off: frozenset[str],
    started_at: datetime | None,
    now: datetime,
) -> Progress:
    """Progress of an import in `state`; times are aware.

    While files are still being listed the total is not known, so there is neither a percentage nor an estimate.
    """
    steps = ("intake", *sorted(SLOW_OUTPUTS - outputs_off))
    shares = [_share(batch, steps) for batch in batches]
    worked = sum(batch.files * share for batch, share in zip(batches, shares, strict=True))
    total = max(files_new or 0, sum(batch.files for batch in batches))
    rate = eta = None
    percent = 0.0
    if state == "succeeded":
        percent = 100.0
    elif total and state not in ("new", "planning"):
        percent = round(100 * worked / total, 1)
    if state == "running" and started_at is not None and worked > 0:
        seconds = max((now - started_at).total_seconds(), 0.001)
        rate = round(worked / seconds, 3)
        eta = round((total - worked) * seconds / worked, 1)
    return Progress(
        files_done=sum(batch.opened for batch in batches),
        files_failed=sum(batch.failed for batch in batches),
        photos_published=sum(batch.photos for batch in batches if batch.state == "published"),
        percent=percent,
        rate_per_second=rate,
        eta_seconds=eta,
    )


def _share(batch: BatchState, steps: Sequence[str]) -> float:
    """How much of a batch's work is done, 0..1."""
    if batch.state in BATCH_ENDED:
        return 1.0
    known = (batch.steps.get(step, (0, 0)) for step in steps)
    done = [done / total for done, total in known if total]
    return BEFORE_PUBLISHED * sum(min(share, 1.0) for share in done) / len(steps)
