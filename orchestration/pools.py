"""How a run waits for its turn in a pool: asleep, looking once a second.

Dagster means to pause between looks, ever longer, up to a quarter of a minute. But the pause it works out is never
longer than 0 (dagster-io/dagster#20367), so that a run that waits takes a whole core from the one that it waits for.
Belongs here: what replaces that. Does not belong here: which pools there are (the assets say), or their limits
(`dagster.yaml`).
"""

from __future__ import annotations

import time

from dagster._core.execution.plan import instance_concurrency_context as dagster_pools
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

LOOK_SECONDS = 1.0
"""How late a run may notice that it is its turn."""


def wait_asleep() -> None:
    """Replaces Dagster's private pauses; raises `AttributeError` when a new release has renamed them."""
    for owner, name in (
        (dagster_pools, "MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL"),
        (InstanceConcurrencyContext, "interval_to_next_pending_claim_check"),
    ):
        if not hasattr(owner, name):
            raise AttributeError(f"dagster's {name} is gone: find what replaced it")
    dagster_pools.MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL = LOOK_SECONDS  # type: ignore[assignment]
    InstanceConcurrencyContext.interval_to_next_pending_claim_check = _until_next_look  # type: ignore[method-assign]


def _until_next_look(self: InstanceConcurrencyContext) -> float:
    """Seconds until the first of the waiting steps should look again."""
    return max(min(self._pending_timeouts.values(), default=0.0) - time.time(), 0.0)
