"""Which failures become holes again: those a busy machine may have caused, a few times, later each time."""

from datetime import timedelta
from uuid import UUID

import dagster as dg
import pytest
from sqlalchemy import update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services.platform import Platform
from darkroom.services.refill import refill
from darkroom.stores.state import batches, outputs, schema
from darkroom.stores.state.outputs import FIRST_PAUSE, MOST_TRIES, PhotoOutput
from orchestration.definitions import build_definitions
from orchestration.sensors.refill import refill_sensor


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
