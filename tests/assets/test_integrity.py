"""Originals are read again, a share a day, and what is damaged or gone is told with its photo."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import select

from darkroom.domain.identity import DEFAULT_LIBRARY, original_key
from darkroom.services import integrity
from darkroom.services.integrity import SHARES, verify_share
from darkroom.services.platform import Platform
from darkroom.stores.objects import FolderObjects
from darkroom.stores.state import schema
from orchestration.definitions import build_definitions


@pytest.fixture
def originals(platform: Platform, tmp_path: Path, import_samples) -> dict[str, Path]:
    """Three kept originals: where each is, by digest."""
    platform.objects = FolderObjects(tmp_path / "objects")
    import_samples("papers/boarding-pass.jpg", "photos/coffee.jpg", "photos/coins.png", mode="copy")
    with platform.state.connect() as connection:
        digests = list(connection.execute(select(schema.photos.c.sha256)).scalars())
    return {digest: tmp_path / "objects" / original_key(DEFAULT_LIBRARY, digest) for digest in digests}


def damage(originals: dict[str, Path]) -> set[str]:
    """Turns a byte of one original and removes another; returns their digests."""
    (rotten, file), (gone, other), _ = originals.items()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    other.unlink()
    return {rotten, gone}


def test_every_original_is_in_one_share_and_sound_ones_are_not_told(platform: Platform, originals: dict[str, Path]):
    reports = [verify_share(platform, share) for share in range(SHARES)]
    assert sum(report.checked for report in reports) == 3
    assert not [one for report in reports for one in report.broken]


def test_damaged_and_missing_originals_are_told_with_their_photo(platform: Platform, originals: dict[str, Path]):
    broken = damage(originals)
    told = [one for share in range(SHARES) for one in verify_share(platform, share).broken]
    assert sorted(told) == sorted(broken)
    table, photos = schema.failures, schema.photos
    with platform.state.connect() as connection:
        rows = connection.execute(select(table).where(table.c.output == "originals")).all()
        owners = dict(connection.execute(select(photos.c.photo_id, photos.c.sha256)).tuples().all())
    assert {owners[row.photo_id] for row in rows} == broken
    assert {row.kind for row in rows} == {"corrupt"}


def test_the_nightly_job_fails_and_names_them(
    platform: Platform, originals: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    broken = damage(originals)
    monkeypatch.setattr(integrity, "SHARES", 1)
    definitions = build_definitions(platform=platform)
    [schedule] = [one for one in definitions.schedules or [] if one.name == "integrity_job_schedule"]
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def("integrity_job")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    [failure] = [event for event in result.all_events if event.is_step_failure]
    said = failure.step_failure_data.error.message
    assert all(digest in said for digest in broken)


def test_the_former_content_of_an_overwritten_copy_is_verified_too(
    platform: Platform, tmp_path: Path, samples: Path, import_samples, import_source
):
    import_samples("photos/coffee.jpg", mode="copy")
    shutil.copy(samples / "photos/coins.png", tmp_path / "photos" / "coffee.jpg")
    with platform.state.connect() as connection:
        import_source(connection.execute(select(schema.sources.c.id)).scalar_one())
    assert sum(verify_share(platform, share).checked for share in range(SHARES)) == 2
