"""Pools are known to the instance before a run's process asks for a place in them."""

import dagster as dg
from dagster._core.storage.dagster_run import RunOpConcurrency

from orchestration.launcher import ProcessLauncher


def a_run(*pools: str) -> dg.DagsterRun:
    needs = RunOpConcurrency(root_key_counts={}, has_unconstrained_root_nodes=True, all_pools=set(pools))
    return dg.DagsterRun(job_name="any", run_op_concurrency=needs)


def test_pools_are_made_once_and_those_that_exist_are_left_alone():
    settings = {"concurrency": {"pools": {"default_limit": 1}}}
    with dg.DagsterInstance.ephemeral(settings=settings) as instance:
        instance.event_log_storage.set_concurrency_slots("index", 3)
        launcher = ProcessLauncher()
        launcher.register_instance(instance)
        for run in (a_run("intake", "index"), a_run("intake"), a_run("intake", "lake")):
            launcher._make_pools(run)
        limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    assert limits == {"intake": 1, "index": 3, "lake": 1}


def test_a_run_without_pools_asks_for_none():
    with dg.DagsterInstance.ephemeral() as instance:
        launcher = ProcessLauncher()
        launcher.register_instance(instance)
        launcher._make_pools(dg.DagsterRun(job_name="any"))
        assert not instance.event_log_storage.get_pool_limits()
