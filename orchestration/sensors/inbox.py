"""Watched sources are imported again and again: what is new since the last look is taken in."""

import dagster as dg

from darkroom.services.platform import Platform
from darkroom.stores.state import requests, sources


@dg.sensor(minimum_interval_seconds=10, default_status=dg.DefaultSensorStatus.RUNNING)
def inbox_sensor(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """Asks for an import of every watched source whose last one is older than the setting; the planner lists."""
    with platform.state.begin() as connection:
        due = sources.watched_sources_due(connection, platform.settings.batch.watch_seconds)
        for source_id in due:
            source = sources.source(connection, source_id)
            requests.ask_import(connection, source.library_id, source.id)
    return dg.SkipReason(f"asked for {len(due)} imports")
