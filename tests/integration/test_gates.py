"""Gates in Dagster: a batch's rows from the lake, verdicts in state, and a run that stops where it must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import Engine, insert, select

from assets.partitions import BATCHES
from darkroom.contracts.catalogue import table
from darkroom.contracts.table import Row
from darkroom.domain.identity import DEFAULT_LIBRARY, face_key, original_key, rendition_key
from darkroom.domain.outputs import PHOTO
from darkroom.sdk.stores import ObjectInfo, ObjectMissing
from darkroom.services.gates import GATED, Gatekeeper, NotGated, passed_rows
from darkroom.services.platform import Platform
from darkroom.settings import Settings
from darkroom.stores.lake import Lake
from darkroom.stores.state import batches, gates, outputs, schema
from darkroom.stores.state.outputs import OutputVersion, PhotoOutput
from darkroom.testing.lake import memory_lake
from darkroom.testing.library import SOURCE, TABLE_OF, VERSIONED, batch_rows, version_of, version_rows
from quality.gates import build_gate, gatekeeper_resource

NUMBERS = range(12)


class Sizes:
    """An object store of which only the sizes matter."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def info(self, key: str) -> ObjectInfo:
        if key not in self.sizes:
            raise ObjectMissing(key)
        return ObjectInfo(key, self.sizes[key], datetime.now(UTC))


@dataclass
class Line:
    """A platform with a taken-in batch, not yet checked."""

    platform: Platform
    batch_id: UUID
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def run(self, *names: str, after: bool = False) -> dg.ExecuteInProcessResult:
        """Materialises the tables' assets and runs their gates; `after` adds an asset that depends on all of them."""

        @dg.multi_asset(specs=[dg.AssetSpec(name) for name in names], partitions_def=BATCHES, name="written")
        def written() -> Iterator[dg.MaterializeResult[None]]:
            yield from (dg.MaterializeResult(asset_key=name) for name in names)

        @dg.asset(deps=list(names), partitions_def=BATCHES)
        def published() -> None:
            pass

        assets = [written, published] if after else [written]
        definitions = dg.Definitions(
            assets=assets,
            asset_checks=[build_gate(table(name), BATCHES) for name in names],
            resources={"platform": self.platform, "gatekeeper": gatekeeper_resource(Gatekeeper(self.platform))},
            executor=dg.in_process_executor,
        )
        with dg.DagsterInstance.ephemeral() as instance:
            key = str(self.batch_id)
            instance.add_dynamic_partitions("batches", [key])
            job = definitions.resolve_implicit_global_asset_job_def()
            return job.execute_in_process(instance=instance, partition_key=key, raise_on_error=False)

    def verdicts(self) -> dict[str, Any]:
        with self.platform.state.connect() as connection:
            return dict(gates.newest(connection, self.batch_id))

    def quarantined(self) -> set[UUID]:
        with self.platform.state.connect() as connection:
            return set(batches.photos_in_state(connection, self.batch_id, "quarantined"))


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with memory_lake(tmp_path / "lake") as lake:
        yield lake


@pytest.fixture
def line(state: Engine, lake: Lake, tmp_path: Path) -> Line:
    """Twelve photos of a copied source, one of them undecodable; every store agrees."""
    platform = Platform(Settings(home=tmp_path))
    objects = Sizes()
    vars(platform).update(state=state, lake=lake, objects=objects)
    with state.begin() as connection:
        source = {"id": UUID(SOURCE), "library_id": DEFAULT_LIBRARY, "name": "s", "mode": "copy", "path": "/s"}
        connection.execute(insert(schema.sources), [source])
        probe = batch_rows(1, NUMBERS)["photos"]
        ids = [UUID(photo.photo_id) for photo in probe]
        batch_id = batches.freeze(
            connection,
            library_id=DEFAULT_LIBRARY,
            request_id=None,
            kind="import",
            priority=0,
            items=[(None, photo) for photo in ids],
        )
        sequence = batches.batch(connection, batch_id).sequence
        for position, photo in enumerate(ids):
            batches.settle_item(connection, batch_id, position, "taken", photo)
        versions = [OutputVersion(output, version_of(output), "built in") for output in TABLE_OF]
        outputs.set_versions(connection, DEFAULT_LIBRARY, versions)
        outputs.record(connection, DEFAULT_LIBRARY, list(_states(ids, sequence)))
    rows = batch_rows(sequence, NUMBERS, batch_id=str(batch_id))
    for file in rows["photo_files"]:
        objects.sizes[original_key(DEFAULT_LIBRARY, file.sha256)] = file.size_bytes
    for rendition in rows["renditions"]:
        objects.sizes[rendition_key(DEFAULT_LIBRARY, rendition.sha256)] = rendition.size_bytes
    for face in rows["faces"]:
        objects.sizes[face_key(DEFAULT_LIBRARY, face.thumbnail_sha256)] = face.thumbnail_bytes
    lake.insert(version_rows())
    return Line(platform, batch_id, rows)


def _states(ids: list[UUID], sequence: int) -> Iterator[PhotoOutput]:
    for number, photo in enumerate(ids):
        yield PhotoOutput(photo, PHOTO, "done", attempt=sequence)
        for output in VERSIONED:
            failed = number % 7 == 6 and output != "metadata"
            state, reason = ("failed", "corrupt: cut short") if failed else ("done", None)
            yield PhotoOutput(photo, output, state, version_of(output), "built in", sequence, reason)


def _write(line: Line, **changes: dict[int, dict[str, Any]]) -> None:
    rows = {name: [*found] for name, found in line.rows.items()}
    for name, change in changes.items():
        for number, values in change.items():
            rows[name][number] = rows[name][number].model_copy(update=values)
    line.platform.lake.insert(rows)


def test_a_good_batch_passes_every_gate_and_may_be_published(line: Line) -> None:
    _write(line)
    names = [contract.name for contract in GATED]
    result = line.run(*names, after=True)
    assert result.success
    checks = result.get_asset_check_evaluations()
    assert {check.asset_key.to_user_string() for check in checks if check.passed} == set(names)
    assert all("not checked" not in check.metadata for check in checks), "a rule was skipped for want of evidence"
    rows = passed_rows(line.platform, line.batch_id)
    assert rows["photos"].num_rows == len(NUMBERS)
    assert line.quarantined() == set()


def test_a_broken_row_stops_the_run_before_what_depends_on_it(line: Line) -> None:
    _write(line, metadata={3: {"latitude": 95.0}})
    result = line.run("metadata", after=True)
    assert not result.success
    assert "published" not in {event.step_key for event in result.get_step_success_events()}
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "metadata.latitude" in check.description
    assert "95.0" not in str(check.metadata["what is wrong"].value)
    verdict = line.verdicts()["metadata"]
    assert (verdict.passed, verdict.rows) == (False, len(NUMBERS))
    with pytest.raises(NotGated):
        passed_rows(line.platform, line.batch_id)


def test_a_photo_that_contradicts_itself_is_set_aside_and_the_rest_goes_on(line: Line) -> None:
    _write(line, metadata={3: {"longitude": None}})
    result = line.run("metadata", after=True)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    odd = UUID(line.rows["metadata"][3].photo_id)
    assert check.passed
    assert check.metadata["quarantined photos"].value == 1
    assert line.quarantined() == {odd}
    assert line.verdicts()["metadata"].passed
    with line.platform.state.connect() as connection:
        kinds = connection.execute(select(schema.failures.c.kind, schema.failures.c.photo_id)).all()
    assert [tuple(kind) for kind in kinds] == [("quarantined", odd)]


def test_an_odd_value_is_a_warning_that_stops_nothing(line: Line) -> None:
    _write(line, metadata={3: {"latitude": 0.0, "longitude": 0.0}})
    result = line.run("metadata", after=True)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert line.verdicts()["metadata"].passed


@pytest.mark.parametrize("stored", [None, 7])
@pytest.mark.parametrize(
    ("name", "key", "digest"),
    [
        ("renditions", rendition_key, "sha256"),
        ("photo_files", original_key, "sha256"),
        ("faces", face_key, "thumbnail_sha256"),
    ],
)
def test_an_object_that_is_absent_or_cut_short_stops_the_batch(
    line: Line, name: str, key: Any, digest: str, stored: int | None
) -> None:
    _write(line)
    sizes = line.platform.objects.sizes
    lost = key(DEFAULT_LIBRARY, getattr(line.rows[name][0], digest))
    sizes.pop(lost) if stored is None else sizes.update({lost: stored})
    result = line.run(name)
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert "the object store holds every object whole" in check.description


def test_files_read_by_reference_need_no_object(line: Line) -> None:
    _write(line)
    with line.platform.state.begin() as connection:
        connection.execute(schema.sources.update().values(mode="reference"))
    line.platform.objects.sizes.clear()
    assert line.run("photo_files").success


def test_rows_lost_after_state_said_done_set_their_photo_aside(line: Line) -> None:
    line.rows["texts"] = line.rows["texts"][1:]
    _write(line)
    assert line.run("texts").success
    assert line.quarantined() == {UUID(line.rows["photos"][0].photo_id)}


def test_a_refill_judges_only_the_version_that_counts(line: Line) -> None:
    _write(line)
    with line.platform.state.begin() as connection:
        newer = OutputVersion("texts", version_of("texts", 2), "built in")
        outputs.set_versions(connection, DEFAULT_LIBRARY, [newer])
    assert line.run("texts").success
    assert (line.verdicts()["texts"].rows, line.quarantined()) == (0, set())


def test_the_same_rows_judged_again_give_the_same_verdict(line: Line) -> None:
    _write(line, metadata={3: {"longitude": None}})
    line.run("metadata")
    first = line.verdicts()["metadata"]
    line.run("metadata")
    second = line.verdicts()["metadata"]
    assert (first.digest, first.passed, first.report) == (second.digest, second.passed, second.report)


def test_a_report_says_how_many_of_what_and_survives_markdown() -> None:
    from darkroom.contracts.table import Severity
    from quality.gate import GateReport, Result
    from quality.gates import check_result

    bad = Result("a | b", Severity.BLOCK, success=False, unexpected_count=3, sample=("path=`x|y`\nz",))
    shown = check_result(GateReport(False, 9, {}, (bad,), ("not now",)))
    text = shown.metadata["what is wrong"].value
    assert text.splitlines()[2] == "| a ¦ b | block | 3 | `path='x¦y' z` |"
    assert len(text.splitlines()) == 3
    assert shown.metadata["not checked"].value == ["not now"]
