"""A platform over fakes and a real state database, and the line run in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from assets.partitions import BATCHES
from darkroom.home import Home
from darkroom.services.gates import Gatekeeper
from darkroom.services.imports import plan
from darkroom.services.platform import Platform
from darkroom.settings import BatchSettings, DecodingSettings, InferenceSettings, load_settings
from darkroom.stores.state import schema
from darkroom.stores.state.migrate import migrate
from darkroom.testing.lake import memory_lake
from darkroom.testing.objects import MemoryObjects
from darkroom.testing.postgres import embedded_postgres
from darkroom.testing.sources import ask
from darkroom.testing.vectors import MemoryVectors
from orchestration.definitions import build_definitions

KEPT = ("libraries", "users", "publish_epoch")


@pytest.fixture(scope="session")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with embedded_postgres(tmp_path_factory.mktemp("state")) as home:
        migrate(home.database_url("darkroom"))
        yield home


@pytest.fixture
def platform(state_home: Home, tmp_path: Path) -> Iterator[Platform]:
    """Real decoding, reading, state and lake files; objects and index in memory."""
    settings = load_settings(
        home=state_home.root,
        decoding=DecodingSettings(workers=1),
        inference=InferenceSettings(workers=1),
        batch=BatchSettings(files=50),
    )
    platform = Platform(settings)
    with memory_lake(tmp_path / "lake") as lake:
        platform.lake, platform.objects, platform.vectors = lake, MemoryObjects(), MemoryVectors()
        yield platform
        _empty(platform.state)
        platform.close()


def _empty(engine: Engine) -> None:
    names = ", ".join(f"{one.schema}.{one.name}" for one in schema.metadata.sorted_tables if one.name not in KEPT)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))
        connection.execute(text("UPDATE control.libraries SET outputs_off = '{}'"))
        connection.execute(text("UPDATE serving.publish_epoch SET epoch = 0"))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def run_batch(platform: Platform, instance: dg.DagsterInstance) -> Callable[[UUID], dg.ExecuteInProcessResult]:
    """Runs one batch through the whole line."""
    definitions = build_definitions(platform=platform, gatekeeper=Gatekeeper(platform))

    def run(batch_id: UUID) -> dg.ExecuteInProcessResult:
        instance.add_dynamic_partitions(BATCHES.name, [str(batch_id)])
        job = definitions.resolve_job_def("ingest_batch")
        return job.execute_in_process(instance=instance, partition_key=str(batch_id), raise_on_error=False)

    return run


@pytest.fixture
def import_source(platform: Platform, run_batch) -> Callable[[UUID], list[dg.ExecuteInProcessResult]]:
    """Plans an import of a source and runs its batches."""

    def run(source_id: UUID) -> list[dg.ExecuteInProcessResult]:
        batches = plan(platform.state, platform.settings.batch, ask(platform.state, source_id))
        return [run_batch(batch) for batch in batches]

    return run
