"""A code location in plain data: what review sees of its graph.

Belongs here: the description. Does not belong here: what it has to say (`test_asset_graph`).
"""

from __future__ import annotations

from typing import Any

import dagster as dg


def described(definitions: dg.Definitions) -> dict[str, Any]:
    """Every asset with its checks, every job with what it makes, schedules and sensors; each by name."""
    graph = definitions.resolve_asset_graph()
    checks = {key: graph.get(key).blocking for key in sorted(graph.asset_check_keys)}
    return {
        "assets": {
            key.to_user_string(): _asset(graph.get(key), {c.name: b for c, b in checks.items() if c.asset_key == key})
            for key in sorted(graph.get_all_asset_keys())
        },
        "jobs": {job.name: _job(definitions.resolve_job_def(job.name)) for job in definitions.jobs or ()},
        "schedules": {
            one.name: {"when": one.cron_schedule, "job": one.job_name, "status": one.default_status.value}
            for one in definitions.schedules or ()
        },
        "sensors": {
            one.name: {
                "every": one.minimum_interval_seconds,
                "jobs": sorted(target.job_name for target in one.targets),
                "status": one.default_status.value,
            }
            for one in definitions.sensors or ()
        },
    }


def _asset(node: Any, checks: dict[str, bool]) -> dict[str, Any]:
    return {
        "made from": sorted(parent.to_user_string() for parent in node.parent_keys),
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "owners": sorted(node.owners),
        "tags": {name: value for name, value in node.tags.items() if not name.startswith("dagster/kind/")},
        "made here": node.is_materializable,
        "pools": sorted(node.pools or ()),
        "partitions": getattr(node.partitions_def, "name", None),
        "checks": {name: "blocking" if blocking else "telling" for name, blocking in checks.items()},
    }


def _job(job: dg.JobDefinition) -> dict[str, list[str]]:

    return {
        "assets": sorted(key.to_user_string() for key in job.asset_layer.selected_asset_keys),
        "steps": sorted(node.name for node in job.nodes),
    }
