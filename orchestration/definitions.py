"""The composition root of the line's code location: what exists, when it is wrong, when it runs, with what."""

import dagster as dg

import assets
from assets.partitions import BATCHES
from darkroom.services.gates import GATED
from orchestration.jobs.ingest import INGEST
from orchestration.jobs.plan import plan_import
from orchestration.jobs.upkeep import integrity_job, integrity_schedule, upkeep_job, upkeep_schedule
from orchestration.resources import build_resources
from orchestration.sensors.inbox import inbox_sensor
from orchestration.sensors.refill import refill_sensor
from orchestration.sensors.requests import requests_sensor
from quality.gates import build_gate


def build_definitions(**resources: object) -> dg.Definitions:
    """The line, with any resource replaced by name."""
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=[build_gate(contract, BATCHES) for contract in GATED],
        jobs=[INGEST, plan_import, upkeep_job, integrity_job],
        schedules=[upkeep_schedule, integrity_schedule],
        sensors=[requests_sensor, refill_sensor, inbox_sensor],
        resources={**build_resources(), **resources},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
