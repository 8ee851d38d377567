"""Runs that wait for a pool: asleep, and soon there when it is their turn."""

import threading
import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.execution.plan import instance_concurrency_context as dagster_pools
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

from orchestration.pools import LOOK_SECONDS, wait_asleep

POOLS = {"concurrency": {"pools": {"granularity": "op", "default_limit": 1}}}
WAITED_SECONDS = 3.0


@dg.op(pool="models")
def compute() -> None:
    """Takes the pool."""


@dg.job(executor_def=dg.in_process_executor)
def line() -> None:
    """Waits for the pool."""
    compute()


@pytest.fixture(autouse=True)
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting as workers do, until the test ends."""
    for owner, name in (
        (dagster_pools, "MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL"),
        (InstanceConcurrencyContext, "interval_to_next_pending_claim_check"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    wait_asleep()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance whose pool somebody else has taken."""
    with dg.DagsterInstance.local_temp(overrides=POOLS) as made:
        made.event_log_storage.initialize_concurrency_limit_to_default("models")
        assert made.event_log_storage.claim_concurrency_slot("models", "another run", "compute").is_claimed
        yield made


def test_a_run_that_waits_for_a_pool_takes_no_core_and_starts_when_it_is_free(instance: dg.DagsterInstance) -> None:
    spent: list[float] = []
    ended: list[float] = []

    def run() -> None:
        began = time.thread_time()
        assert line.execute_in_process(instance=instance).success
        spent.append(time.thread_time() - began)
        ended.append(time.monotonic())

    waiting = threading.Thread(target=run)
    waiting.start()
    time.sleep(WAITED_SECONDS)
    assert waiting.is_alive()
    instance.event_log_storage.free_concurrency_slot_for_step("another run", "compute")
    freed = time.monotonic()
    waiting.join(30)
    assert spent[0] < WAITED_SECONDS / 3
    assert ended[0] - freed < LOOK_SECONDS + 2


def test_a_release_of_dagster_that_waits_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(InstanceConcurrencyContext, "interval_to_next_pending_claim_check")
    with pytest.raises(AttributeError, match="find what replaced it"):
        wait_asleep()
