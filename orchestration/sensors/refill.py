"""Holes become batches: photos that lack an output at the version that counts."""

import dagster as dg

from darkroom.services.platform import Platform
from darkroom.services.refill import refill


@dg.sensor(target=None, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def refill_sensor(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """Freezes at most one refill batch per library at a time; the requests sensor starts it."""
    frozen = refill(platform, platform.settings.batch.files)
    return dg.SkipReason(f"froze {len(frozen)} refill batches" if frozen else "no holes to fill")
