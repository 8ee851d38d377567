"""What runs of models come to: recorded as they go, copied to the lake once, and nothing where nothing was done."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select, update

from darkroom.contracts.texts import TEXTS
from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.services import computing
from darkroom.services.computing import Computed, Load, compute_batch
from darkroom.services.imports import plan
from darkroom.services.intake import take_in
from darkroom.services.platform import Platform
from darkroom.services.records import copy_batch
from darkroom.settings import BatchSettings
from darkroom.stores.state import model_runs, schema
from darkroom.stores.state.model_runs import ModelRun
from darkroom.testing.sources import ask, register

EMPTY = {"text": "", "line_count": 0, "score": None, "rotation": 0, "lines": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, and one that cannot be decoded."""
    folder = tmp_path / "photos"
    folder.mkdir()
    noise = np.random.default_rng(4)
    for number in range(4):
        Image.fromarray(noise.integers(0, 255, (64, 64, 3), np.uint8)).save(folder / f"{number}.png")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:2000])
    return folder


@pytest.fixture
def batch(platform: Platform, folder: Path) -> UUID:
    """A batch of five photos, taken in."""
    [batch] = plan(platform.state, BatchSettings(), ask(platform.state, register(platform.state, folder)))
    take_in(platform, batch)
    return batch


def runs(platform: Platform, batch: UUID) -> list[ModelRun]:
    with platform.state.begin() as connection:
        return model_runs.of_batch(connection, batch)


def in_lake(platform: Platform) -> list[dict[str, object]]:
    return platform.lake.query("SELECT * FROM core.model_runs ORDER BY recorded_at").to_pylist()


def answering(photos: Sequence[UUID], load: Load) -> Iterator[Computed]:
    yield from (Computed(photo, rows=[EMPTY]) for photo in photos)


def test_a_run_says_what_was_done_and_what_the_model_failed_on(platform: Platform, batch: UUID):
    def compute(photos: Sequence[UUID], load: Load) -> Iterator[Computed]:
        yield Computed(photos[0], fault=("timeout", "too slow"))
        yield from answering(photos[1:], load)

    assert compute_batch(platform, batch, TEXTS, compute) == {"done": 3, "failed": 2, "kept": 0}
    [run] = runs(platform, batch)
    assert (run.output, run.photos_done, run.photos_failed) == ("texts", 3, 1), "the model never saw the fifth"
    assert 0 < run.seconds < 60


def test_what_a_run_did_before_it_was_killed_stays_and_the_next_does_the_rest(
    platform: Platform, batch: UUID, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(computing, "GROUP_PHOTOS", 1)

    def killed(photos: Sequence[UUID], load: Load) -> Iterator[Computed]:
        yield from answering(photos[:2], load)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute_batch(platform, batch, TEXTS, killed)
    compute_batch(platform, batch, TEXTS, answering)
    assert [run.photos_done for run in runs(platform, batch)] == [2, 2]
    assert len({run.run_id for run in runs(platform, batch)}) == 2


def test_a_run_that_computes_nothing_is_no_run(platform: Platform, batch: UUID):
    compute_batch(platform, batch, TEXTS, answering)
    before = runs(platform, batch)
    counts = compute_batch(platform, batch, TEXTS, answering)
    assert counts["kept"] == 4
    assert runs(platform, batch) == before, "only the photo without a picture was tried again"


def test_runs_are_copied_to_the_lake_once(platform: Platform, batch: UUID):
    compute_batch(platform, batch, TEXTS, answering)
    before = platform.lake.snapshot()
    assert copy_batch(platform, batch)["model_runs"] == 1
    assert platform.lake.snapshot() == before + 1, "one commit for all that is known of a batch"
    copy_batch(platform, batch)
    [row] = in_lake(platform)
    [run] = runs(platform, batch)
    assert row["run_id"] == str(run.run_id)
    assert (row["photos_done"], row["photos_failed"]) == (4, 0)
    assert row["seconds"] == pytest.approx(run.seconds)


def test_the_line_records_every_model_and_a_repeated_run_adds_nothing(
    platform: Platform, folder: Path, import_source, run_batch
):
    [result] = import_source(register(platform.state, folder))
    assert result.success
    rows = in_lake(platform)
    with platform.state.begin() as connection:
        reasons = connection.execute(select(schema.failures.c.output, schema.failures.c.reason)).tuples().all()
    assert {row["output"]: row["photos_done"] for row in rows if row["output"] in MODEL_OUTPUTS} == {
        "texts": 4,
        "faces": 4,
        "embeddings.visual": 4,
        "embeddings.document": 5,
    }, reasons
    batch = UUID(str(rows[0]["batch_id"]))
    with platform.state.begin() as connection:
        connection.execute(update(schema.batches).values(state="running", attempt=schema.batches.c.attempt + 1))
        connection.execute(update(schema.requests).values(state="running", finished_at=func.now()))
    assert run_batch(batch).success
    assert in_lake(platform) == rows
