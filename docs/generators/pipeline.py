"""The page about the line's code location: assets, jobs, schedules and sensors, from its definitions."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import dagster as dg

from docs.generators.markdown import code, codes, grid


def assets() -> Iterator[str]:
    """Everything the code location `darkroom` defines. Nothing is opened."""
    from orchestration.definitions import build_definitions  # loading a code location is for whoever wants its page

    definitions = build_definitions()
    graph = definitions.resolve_asset_graph()
    checked = {key.asset_key for key in graph.asset_check_keys if graph.get(key).blocking}
    nodes = sorted((graph.get(key) for key in graph.get_all_asset_keys()), key=lambda node: node.key)
    yield "What the code location `darkroom` defines. The location `marts` holds the records that dbt reads and one"
    yield "asset per dbt model: see [Marts](marts.md). Every asset here is cut by the dynamic partition `batches`,"
    yield "but for those of the group `generations`, each run of which is about one library.\n"
    rows = [
        (
            code(node.key.to_user_string()),
            node.group_name or "",
            ", ".join(sorted(node.kinds)),
            codes(sorted(parent.to_user_string() for parent in node.parent_keys)),
            "blocking" if node.key in checked else "",
            _first(node.description),
        )
        for node in nodes
    ]
    yield from grid(("asset", "group", "kind", "made from", "gate", "meaning"), rows)
    yield "\n## Jobs\n"
    yield from grid(("job", "meaning"), [(code(job.name), job.description or "") for job in definitions.jobs or ()])
    yield "\n## Schedules and sensors\n"
    timed = [
        (code(one.name), code(one.cron_schedule), f"Runs {code(one.job_name)}.")
        for one in definitions.schedules or ()
        if isinstance(one, dg.ScheduleDefinition)
    ]
    timed += [
        (code(one.name), f"every {one.minimum_interval_seconds} s", _first(one.description or inspect.getdoc(one)))
        for one in definitions.sensors or ()
    ]
    yield from grid(("name", "when", "meaning"), timed)


def _first(text: str | None) -> str:
    """The first paragraph."""
    return (text or "").split("\n\n")[0]
