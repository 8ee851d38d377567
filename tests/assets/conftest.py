"""A platform over fakes and a real state database, and the line run in this process."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import Engine, delete, select, text

from assets.partitions import BATCHES
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.home import Home
from darkroom.samples.library import write_library
from darkroom.services.gates import Gatekeeper
from darkroom.services.imports import plan
from darkroom.services.platform import Platform
from darkroom.settings import BatchSettings, DecodingSettings, InferenceSettings, Settings, load_settings
from darkroom.stores.state import schema
from darkroom.stores.state.migrate import migrate
from darkroom.testing.lake import memory_lake
from darkroom.testing.objects import MemoryObjects
from darkroom.testing.postgres import embedded_postgres
from darkroom.testing.sources import ask, register
from darkroom.testing.vectors import MemoryVectors
from orchestration import tags
from orchestration.definitions import build_definitions

KEPT = ("libraries", "users", "publish_epoch")


@pytest.fixture(scope="session")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with embedded_postgres(tmp_path_factory.mktemp("state")) as home:
        migrate(home.database_url("darkroom"))
        yield home


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample library's files."""
    folder = tmp_path_factory.mktemp("samples")
    write_library(folder)
    return folder


@pytest.fixture(scope="session")
def settings(state_home: Home) -> Settings:
    return load_settings(
        home=state_home.root,
        decoding=DecodingSettings(workers=1),
        inference=InferenceSettings(workers=1),
        batch=BatchSettings(files=50),
    )


@pytest.fixture(scope="session")
def processes(settings: Settings) -> Iterator[dict[str, Any]]:
    """Parts of a platform that all of them share: decoders and models take seconds to start."""
    first = Platform(settings)
    yield {name: getattr(first, name) for name in ("decoder", "texts", "faces", "pictures", "meanings")}
    first.close()


@pytest.fixture
def platform(settings: Settings, processes: dict[str, Any], tmp_path: Path) -> Iterator[Platform]:
    """Real decoding, reading, state and lake files; objects and index in memory."""
    platform = Platform(settings)
    vars(platform).update(processes)
    with memory_lake(tmp_path / "lake") as lake:
        platform.lake, platform.objects, platform.vectors = lake, MemoryObjects(), MemoryVectors()
        yield platform
        _empty(platform.state)
        for name in processes:
            vars(platform).pop(name, None)
        platform.close()


def _empty(engine: Engine) -> None:
    names = ", ".join(f"{one.schema}.{one.name}" for one in schema.metadata.sorted_tables if one.name not in KEPT)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))
        connection.execute(delete(schema.libraries).where(schema.libraries.c.id != DEFAULT_LIBRARY))
        connection.execute(text("UPDATE control.libraries SET outputs_off = '{}'"))
        connection.execute(text("UPDATE serving.publish_epoch SET epoch = 0"))


@pytest.fixture
def import_samples(
    platform: Platform, samples: Path, tmp_path: Path, import_source: Callable[..., Any]
) -> Callable[..., list[UUID]]:
    """Imports these samples from a folder of their own; returns the photos there are then, by their ids."""

    def take_in(*names: str, mode: str = "reference") -> list[UUID]:
        folder = tmp_path / "photos"
        folder.mkdir()
        for name in names:
            shutil.copy(samples / name, folder)
        [result] = import_source(register(platform.state, folder, mode=mode))
        assert result.success
        photos = schema.photos.c.photo_id
        with platform.state.connect() as connection:
            return list(connection.execute(select(photos).order_by(photos)).scalars())

    return take_in


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


@pytest.fixture
def group(platform: Platform, instance: dg.DagsterInstance) -> Callable[..., dg.ExecuteInProcessResult]:
    """Runs the job that groups a library's faces."""
    job = build_definitions(platform=platform).resolve_job_def("group_people")

    def run(library_id: UUID = DEFAULT_LIBRARY) -> dg.ExecuteInProcessResult:
        return job.execute_in_process(instance=instance, tags={tags.LIBRARY: str(library_id)}, raise_on_error=False)

    return run
