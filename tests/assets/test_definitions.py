"""The code location loads as Dagster loads it."""

import dagster as dg

from orchestration.definitions import build_definitions


def test_names_of_jobs_assets_and_checks_do_not_collide() -> None:
    dg.Definitions.validate_loadable(build_definitions())
