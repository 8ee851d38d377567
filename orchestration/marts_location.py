"""dbt's code location, served apart from the line: importing dbt costs every process that does it two seconds.

Belongs here: the marts as assets, the job that builds them, and what it takes. Does not belong here: models
(`models_dbt`), how dbt is run (`dbt_project`), when (`sensors/marts`).
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg

from assets.specs import table_spec
from darkroom.home import Home
from darkroom.services.platform import Platform
from darkroom.services.records import copy_generations, copy_person_facts, copy_publications, copy_searches
from darkroom.settings import load_settings
from darkroom.stores.lake.locks import advisory_lock
from orchestration.dbt_project import (
    PROJECT,
    dbt_executable,
    environment,
    parsed,
    project_digest,
    target_folder,
    variables,
)
from orchestration.marts_state import needs_full_refresh, read_built, record_built, record_failed
from orchestration.sensors.marts import JOB, marts_sensor

POOL = "marts"

RECORDS = ("publications", "published_files", "generations", "searches", "person_facts")
"""Copies of what state holds, for analysts."""

LOCK_SECONDS = 1800.0
"""How long a build waits for one that somebody else started, for instance from a shell."""

BUILD = ("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure")

KEEP_VIEWS = ("--indirect-selection", "empty", "--exclude", "staging,resource_type:model")
"""All models and tests but the views: they show what is there now, and are made when the project says something else.

With another indirect selection the tests of views would be left out, too."""


@dg.multi_asset(
    name="copy_records",
    specs=[table_spec(name, group="operations") for name in RECORDS],
    pool=POOL,
)
def published_records(platform: dg.ResourceParam[Platform]) -> Iterator[dg.MaterializeResult[None]]:
    """Copies to the lake what was published, shown, looked for and decided since the last copy."""
    epoch = copy_publications(platform)
    for name in ("publications", "published_files"):
        yield dg.MaterializeResult(asset_key=name, metadata={"epoch": epoch})
    yield dg.MaterializeResult(asset_key="generations", metadata={"copied": copy_generations(platform)})
    yield dg.MaterializeResult(asset_key="searches", metadata={"copied": copy_searches(platform)})
    yield dg.MaterializeResult(asset_key="person_facts", metadata={"copied": copy_person_facts(platform)})


def build_definitions(manifest_folder: Path, platform: Platform) -> dg.Definitions:
    """The location: the marts of the parsed project in `manifest_folder`, over one platform."""
    from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
    from packaging.version import Version, parse

    class Dbt(DbtCliResource):
        """dbt's command. What it says of its version, and an adapter nothing here asks for, take five seconds."""

        @cached_property
        def _cli_version(self) -> Version:
            return parse(version("dbt-core"))

        def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
            return None

    class Translator(DagsterDbtTranslator):
        """Groups by layer; everything else is the project's own wording."""

        def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
            """`staging` or `marts`, as the folders are called."""
            return str(dbt_resource_props["fqn"][1])

    @dbt_assets(
        manifest=manifest_folder / "manifest.json", name="dbt_marts", pool=POOL, dagster_dbt_translator=Translator()
    )
    def dbt_marts(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> Iterator[Any]:
        """Builds staging and marts under a lock of their own and records which epoch they show."""
        home, project = platform.home, project_digest()
        # Whoever starts a build, with or without its upstream, records the epoch that it really shows.
        epoch = copy_publications(platform)
        copy_generations(platform)
        copy_searches(platform)
        copy_person_facts(platform)
        anew = needs_full_refresh(read_built(home), epoch, project)
        how = ["--full-refresh"] if anew else [] if context.is_subset else KEEP_VIEWS
        dbt = Dbt(project_dir=str(PROJECT), profiles_dir=str(PROJECT), dbt_executable=str(dbt_executable(home)))
        locked = advisory_lock(home.database_url("lake"), POOL, LOCK_SECONDS)
        with locked(), target_folder(home) as target:
            with variables(environment(home, platform.settings.lake)):
                invocation = dbt.cli([*BUILD, *how], context=context, target_path=target)
                try:
                    yield from invocation.stream()
                except BaseException:
                    record_failed(home)
                    raise
                finally:
                    _end(invocation.process)
            record_built(home, epoch, project)

    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(*RECORDS) | dg.AssetSelection.assets(dbt_marts),
        executor_def=dg.in_process_executor,
        description="Copies what was published to the lake and builds the marts from it.",
    )
    return dg.Definitions(
        assets=[published_records, dbt_marts],
        jobs=[job],
        sensors=[marts_sensor],
        resources={"platform": platform},
        executor=dg.in_process_executor,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends dbt when its build was given up: the lock must not be free while it writes."""
    if process.poll() is None:
        process.kill()
        process.wait()


_settings = load_settings()

defs = build_definitions(parsed(elsewhere=Home(_settings.home).root / "cache" / "marts"), Platform(_settings))
