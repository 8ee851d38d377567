"""The composition root of the line's code location: what exists, when it is wrong, when it runs, with what."""

import dagster as dg

import assets
from assets.libraries import library_of
from assets.partitions import BATCHES
from darkroom.contracts.people import PERSON_FACES
from darkroom.services import duplicates, people
from darkroom.services.evidence import duplicates_evidence
from darkroom.services.gates import GATED
from darkroom.stores.state.duplicates import newest_fact
from darkroom.stores.state.people import newest_regrouping
from orchestration.jobs.cancel import cancel_import
from orchestration.jobs.generations import DUPLICATES, PEOPLE
from orchestration.jobs.ingest import INGEST
from orchestration.jobs.plan import plan_import
from orchestration.jobs.upkeep import integrity_job, integrity_schedule, upkeep_job, upkeep_schedule
from orchestration.resources import build_resources
from orchestration.sensors.generations import generation_sensor
from orchestration.sensors.inbox import inbox_sensor
from orchestration.sensors.refill import refill_sensor
from orchestration.sensors.requests import requests_sensor
from quality.agreement import build_agreement_check
from quality.gates import build_gate, build_generation_gate
from quality.relevance import build_relevance_check


def build_definitions(**resources: object) -> dg.Definitions:
    """The line, with any resource replaced by name."""
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=[
            *(build_gate(contract, BATCHES) for contract in GATED),
            build_relevance_check(BATCHES),
            build_agreement_check(),
            build_generation_gate(people.KIND, [PERSON_FACES], library_of, people.evidence),
            build_generation_gate(duplicates.KIND, duplicates.TABLES, library_of, duplicates_evidence),
        ],
        jobs=[INGEST, plan_import, cancel_import, PEOPLE, DUPLICATES, upkeep_job, integrity_job],
        schedules=[upkeep_schedule, integrity_schedule],
        sensors=[
            requests_sensor,
            refill_sensor,
            inbox_sensor,
            generation_sensor(people.KIND, PEOPLE.name, newest_regrouping),
            generation_sensor(duplicates.KIND, DUPLICATES.name, newest_fact),
        ],
        resources={**build_resources(), **resources},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
