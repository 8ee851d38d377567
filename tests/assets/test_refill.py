"""Which failures become holes again: those a busy machine may have caused, a few times, later each time."""

import shutil
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import Row, select, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services.platform import Platform
from darkroom.services.refill import refill
from darkroom.stores.state import batches, outputs, schema
from darkroom.stores.state.outputs import FIRST_PAUSE, GATE, MOST_TRIES, PhotoOutput
from orchestration.definitions import build_definitions
from orchestration.sensors.refill import refill_sensor
from quality.gate import GateReport


@pytest.fixture
def photos(import_samples) -> list[UUID]:
    return import_samples("papers/boarding-pass.jpg", "photos/coffee.jpg")


def fail(platform: Platform, photo: UUID, kind: str) -> None:
    """Has the photo's texts failed at the current version, once more."""
    with platform.state.begin() as connection:
        version = outputs.versions(connection, DEFAULT_LIBRARY)["texts"]
        failed = PhotoOutput(photo, "texts", "failed", version.version, version.provider, 1, f"{kind}: it went wrong")
        outputs.record(connection, DEFAULT_LIBRARY, [failed])


def wait(platform: Platform, seconds: timedelta) -> None:
    table = schema.photo_outputs
    with platform.state.begin() as connection:
        connection.execute(update(table).values(updated_at=table.c.updated_at - seconds))


def frozen(platform: Platform) -> list[UUID]:
    """Photos of the refill batch that is frozen now, which is ended."""
    with platform.state.begin() as connection:
        chosen = []
        for batch in refill(platform, 100):
            chosen += [item.photo_id for item in batches.items(connection, batch)]
            batches.end(connection, batch, "cancelled")
    return chosen


def test_a_timeout_is_tried_again_after_growing_pauses_and_then_rests(platform: Platform, photos: list[UUID]):
    slow, broken = photos
    fail(platform, broken, "corrupt")
    for tries in range(1, MOST_TRIES):
        fail(platform, slow, "timeout")
        pause = FIRST_PAUSE * 2 ** (tries - 1)
        wait(platform, pause - timedelta(minutes=1))
        assert frozen(platform) == []
        wait(platform, timedelta(minutes=2))
        assert frozen(platform) == [slow]
    fail(platform, slow, "timeout")
    wait(platform, timedelta(days=365))
    assert frozen(platform) == [], "it has been tried often enough; what is corrupt stays so"


def test_tries_are_counted_for_each_version(platform: Platform, photos: list[UUID], monkeypatch: pytest.MonkeyPatch):
    for _ in range(MOST_TRIES):
        fail(platform, photos[0], "timeout")
    monkeypatch.setattr("darkroom.inference.providers.rapidocr.RapidOcr.code_version", "next")
    assert photos[0] in frozen(platform)
    fail(platform, photos[0], "timeout")
    assert standing(platform, photos[0], "texts").tries == 1


def test_a_photo_whose_second_try_succeeds_is_published_with_it(platform: Platform, photos: list[UUID], run_batch):
    fail(platform, photos[0], "crashed")
    wait(platform, FIRST_PAUSE * 2)
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    assert refill(platform, 100) == []
    with platform.state.connect() as connection:
        [texts] = [one for one in outputs.of_photos(connection, photos)[photos[0]] if one.output == "texts"]
    assert (texts.state, texts.tries) == ("done", 0)


def test_the_sensor_that_looks_for_holes_is_on_and_freezes_them(
    platform: Platform, photos: list[UUID], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("darkroom.inference.providers.rapidocr.RapidOcr.code_version", "next")
    definitions = build_definitions(platform=platform)
    [sensor] = [one for one in definitions.sensors or [] if one.name == refill_sensor.name]
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    with dg.build_sensor_context(resources={"platform": platform}) as context:
        assert "froze 1" in refill_sensor(context).skip_message
        assert "no holes" in refill_sensor(context).skip_message, "one at a time"


def served(platform: Platform) -> dict[UUID, Row]:
    with platform.state.connect() as connection:
        return {row.photo_id: row for row in connection.execute(select(schema.photos))}


def standing(platform: Platform, photo: UUID, output: str) -> PhotoOutput:
    with platform.state.connect() as connection:
        [found] = [one for one in outputs.of_photos(connection, [photo])[photo] if one.output == output]
    return found


def next_renditions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has renditions a version that nobody has made yet."""
    monkeypatch.setattr("darkroom.decoding.recipe.DISPLAY_QUALITY", 1)


def test_a_photo_whose_file_is_away_is_read_anew_all_the_same(
    platform: Platform, photos: list[UUID], tmp_path: Path, run_batch, monkeypatch: pytest.MonkeyPatch
):
    before = served(platform)
    shutil.rmtree(tmp_path / "photos")
    monkeypatch.setattr("darkroom.inference.providers.rapidocr.RapidOcr.code_version", "next")
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    assert refill(platform, 100) == []
    assert [served(platform)[photo].thumbnail_sha256 for photo in photos] == [
        before[photo].thumbnail_sha256 for photo in photos
    ]
    assert {standing(platform, photo, "texts").state for photo in photos} == {"done"}


def test_a_photo_that_cannot_be_read_stays_as_it_was_published_and_is_tried_again_later(
    platform: Platform, photos: list[UUID], tmp_path: Path, run_batch, monkeypatch: pytest.MonkeyPatch
):
    before = served(platform)
    (tmp_path / "photos" / "coffee.jpg").unlink()
    next_renditions(monkeypatch)
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    after = served(platform)
    [gone] = [photo for photo in photos if standing(platform, photo, "renditions").state == "failed"]
    assert after[gone] == before[gone], "neither its picture nor its words are lost"
    assert after[gone].thumbnail_sha256
    assert standing(platform, gone, "renditions").reason.startswith("vanished")
    assert refill(platform, 100) == [], "whatever else it lacks waits, too, and others are not held up"
    wait(platform, FIRST_PAUSE)
    assert frozen(platform) == [gone]


def test_a_photo_in_no_file_any_more_is_made_anew_from_its_kept_original(
    platform: Platform, import_samples, import_source, tmp_path: Path, run_batch, monkeypatch: pytest.MonkeyPatch
):
    photos = import_samples("photos/coffee.jpg", "photos/coins.png", mode="copy")
    (tmp_path / "photos" / "coffee.jpg").unlink()
    with platform.state.connect() as connection:
        source = connection.execute(select(schema.sources.c.id)).scalar_one()
    import_source(source)
    before = served(platform)
    next_renditions(monkeypatch)
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    assert refill(platform, 100) == []
    after = served(platform)
    for photo in photos:
        assert after[photo].thumbnail_sha256
        assert after[photo].taken_local == before[photo].taken_local
        assert after[photo].epoch > before[photo].epoch


def test_a_photo_whose_kept_original_is_damaged_stays_as_it_was_published(
    platform: Platform, import_samples, tmp_path: Path, run_batch, monkeypatch: pytest.MonkeyPatch
):
    [photo] = import_samples("photos/coffee.jpg", mode="copy")
    before = served(platform)
    (tmp_path / "photos" / "coffee.jpg").unlink()
    next_renditions(monkeypatch)
    monkeypatch.setattr(platform.objects, "open", lambda key: BytesIO(b"no photo any more"))
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    assert served(platform) == before
    assert standing(platform, photo, "renditions").reason.startswith("corrupt: its kept original is damaged")


def test_an_overwritten_photo_that_is_made_anew_does_not_take_the_path_back(
    platform: Platform, import_samples, samples: Path, import_source, tmp_path: Path, run_batch, monkeypatch
):
    [old] = import_samples("photos/coffee.jpg", mode="copy")
    shutil.copy(samples / "photos/coins.png", tmp_path / "photos" / "coffee.jpg")
    with platform.state.connect() as connection:
        source = connection.execute(select(schema.sources.c.id)).scalar_one()
    import_source(source)
    monkeypatch.setattr("darkroom.inference.providers.rapidocr.RapidOcr.code_version", "next")
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    with platform.state.connect() as connection:
        [owner] = connection.execute(select(schema.photo_files.c.photo_id)).scalars()
    assert owner != old
    assert standing(platform, old, "texts").state == "done"


def test_a_refill_that_its_gate_stops_is_not_frozen_again_at_once(
    platform: Platform, photos: list[UUID], run_batch, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("darkroom.inference.providers.rapidocr.RapidOcr.code_version", "next")
    [batch] = refill(platform, 100)
    monkeypatch.setattr("quality.gates.check", lambda table, *_: GateReport(table.name != "texts", 0, {}, ()))
    assert not run_batch(batch).success
    with platform.state.begin() as connection:
        batches.end(connection, batch, "failed")
    assert standing(platform, photos[0], "texts").reason.startswith(GATE)
    assert refill(platform, 100) == []
    wait(platform, FIRST_PAUSE)
    assert set(frozen(platform)) == set(photos)
