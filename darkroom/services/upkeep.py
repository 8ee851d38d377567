"""Upkeep: what keeps the stores small and fast, at a time of its own."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Engine

from darkroom.services import generations
from darkroom.services.platform import Platform
from darkroom.stores.state import batches

RETIRE_AFTER_DAYS = 7


def tidy(platform: Platform) -> dict[str, object]:
    """Tidies every store; returns what each says it did."""
    return {
        "generations": f"removed {generations.forget(platform)} outdated rows",
        "lake": platform.lake.upkeep(),
        "vectors": platform.vectors.upkeep(),
        "objects": f"removed {platform.objects.collect()} unfinished files",
    }


def retired_batches(engine: Engine, keys: Sequence[str], after_days: int = RETIRE_AFTER_DAYS) -> list[str]:
    """Which of these batch ids ended longer ago than `after_days`."""
    with engine.begin() as connection:
        ended = batches.ended_before(connection, after_days)
    return [key for key in keys if UUID(key) in ended]
