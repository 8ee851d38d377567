"""One real line: files in, rows gated, photos published, entries found."""

import shutil
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.samples.library import write_library
from darkroom.services.imports import plan
from darkroom.services.intake import take_in
from darkroom.services.platform import Platform
from darkroom.services.publishing import Published, publish
from darkroom.services.refill import refill
from darkroom.settings import BatchSettings
from darkroom.stores.state import libraries, outputs, requests, schema
from darkroom.testing.sources import ask, register


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_library(folder)
    return folder


@pytest.fixture
def folder(samples: Path, tmp_path: Path) -> Path:
    """Three sample photos, a copy of one, an empty file, and a file that is no photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("papers/boarding-pass.jpg", "photos/coffee.jpg", "photos/coins.png"):
        shutil.copy(samples / name, folder)
    shutil.copy(samples / "photos/coffee.jpg", folder / "the same coffee.jpg")
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("no photo")
    return folder


def published(platform: Platform) -> dict[str, schema.Table]:
    """Serving rows by the name of their first file."""
    files = schema.photo_files
    with platform.state.begin() as connection:
        rows = connection.execute(
            select(schema.photos, files.c.path).join(files, files.c.photo_id == schema.photos.c.photo_id)
        ).all()
    return {row.path: row for row in rows}


def test_photos_are_taken_in_gated_indexed_and_published(platform: Platform, folder: Path, import_source):
    [result] = import_source(register(platform.state, folder))
    assert result.success
    found = published(platform)
    assert set(found) == {"boarding-pass.jpg", "coffee.jpg", "the same coffee.jpg", "coins.png"}
    ticket = found["boarding-pass.jpg"]
    assert "LISBON" in ticket.text
    assert ticket.taken_local.isoformat() == "2022-05-14T05:58:10"
    assert ticket.taken_utc is None, "no offset, no zone"
    assert (ticket.camera_make, ticket.camera_model, ticket.epoch) == ("Google", "Pixel 7", 1)
    assert ticket.keywords == ["travel"]
    assert found["coffee.jpg"].photo_id == found["the same coffee.jpg"].photo_id
    hits = platform.vectors.search_words("lisbon", libraries=[str(DEFAULT_LIBRARY)], limit=5)
    assert [hit.photo_id for hit in hits] == [str(ticket.photo_id)]


def test_files_that_are_no_photos_have_a_reason(platform: Platform, folder: Path, import_source):
    import_source(register(platform.state, folder))
    with platform.state.begin() as connection:
        rows = connection.execute(select(schema.failures)).all()
    assert {row.path: row.kind for row in rows} == {"empty.jpg": "corrupt", "notes.txt": "unsupported"}
    copied = platform.lake.query("SELECT path FROM core.failures ORDER BY path")["path"].to_pylist()
    assert copied == ["empty.jpg", "notes.txt"]


def test_a_second_import_finds_nothing_new_and_a_renamed_file_stays_its_photo(
    platform: Platform, folder: Path, import_source
):
    source = register(platform.state, folder)
    import_source(source)
    before = published(platform)
    assert import_source(source) == []
    (folder / "coins.png").rename(folder / "münzen.png")
    [result] = import_source(source)
    assert result.success
    after = published(platform)
    assert after["münzen.png"].photo_id == before["coins.png"].photo_id
    assert "coins.png" not in after


def test_originals_of_a_copying_source_are_kept_and_those_of_a_reference_are_not(
    platform: Platform, folder: Path, import_source
):
    import_source(register(platform.state, folder))
    prefix = f"{DEFAULT_LIBRARY}/originals/"
    assert not list(platform.objects.list(prefix))
    shutil.copytree(folder, folder.parent / "copied")
    import_source(register(platform.state, folder.parent / "copied", mode="copy"))
    kept = {info.key.rsplit("/", 1)[1] for info in platform.objects.list(prefix)}
    assert kept == {row.sha256 for row in published(platform).values()}


def test_a_rewritten_file_with_equal_pixels_stays_its_photo(platform: Platform, folder: Path, import_source):
    source = register(platform.state, folder)
    import_source(source)
    before = published(platform)["coins.png"]
    with Image.open(folder / "coins.png") as image:
        image.save(folder / "coins.png", compress_level=1)
    [result] = import_source(source)
    assert result.success
    after = published(platform)["coins.png"]
    assert after.photo_id == before.photo_id
    assert after.sha256 != before.sha256


def test_an_output_that_is_off_is_not_made_and_says_so(platform: Platform, folder: Path, import_source):
    with platform.state.begin() as connection:
        libraries.switch_outputs(connection, DEFAULT_LIBRARY, ["texts"])
    [result] = import_source(register(platform.state, folder))
    assert result.success
    assert published(platform)["boarding-pass.jpg"].text is None
    table = schema.published_outputs
    with platform.state.begin() as connection:
        states = connection.execute(select(table.c.state).where(table.c.output == "texts").distinct()).scalars().all()
    assert states == ["off"]


def test_the_request_ends_when_its_batches_have(platform: Platform, folder: Path, import_source):
    import_source(register(platform.state, folder))
    with platform.state.begin() as connection:
        assert [one.state for one in requests.in_state(connection, "succeeded")] == ["succeeded"]


def test_a_file_of_the_same_photo_that_another_batch_takes_in_meanwhile_stops_no_publishing(
    platform: Platform, samples: Path, tmp_path: Path, run_batch, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(samples / "photos/coins.png", folder / "a.png")
    shutil.copy(samples / "photos/coins.png", folder / "twin.png")
    settings = BatchSettings(files=1)
    first, second = plan(platform.state, settings, ask(platform.state, register(platform.state, folder)))

    def publish_late(platform: Platform, batch_id: UUID) -> Published:
        """Between the gates and publishing the other batch goes on."""
        if batch_id == first:
            take_in(platform, second)
        return publish(platform, batch_id)

    monkeypatch.setattr("assets.published.publish", publish_late)
    assert run_batch(first).success
    assert set(published(platform)) == {"a.png"}, "the other batch has not checked its file yet"
    assert run_batch(second).success
    assert set(published(platform)) == {"a.png", "twin.png"}


def test_a_deleted_file_leaves_the_lists_and_its_photo_stays(platform: Platform, folder: Path, import_source):
    source = register(platform.state, folder)
    import_source(source)
    (folder / "coins.png").unlink()
    assert import_source(source) == []
    assert "coins.png" not in published(platform)
    with platform.state.begin() as connection:
        assert len(connection.execute(select(schema.photos)).all()) == 3
        assert connection.execute(select(schema.publish_epoch.c.epoch)).scalar_one() == 2


def test_a_new_version_of_an_output_is_computed_without_being_asked(
    platform: Platform, folder: Path, import_source, run_batch, monkeypatch: pytest.MonkeyPatch
):
    import_source(register(platform.state, folder))
    assert refill(platform, 100) == []
    monkeypatch.setattr("darkroom.inference.providers.rapidocr.RapidOcr.code_version", "next")
    [batch] = refill(platform, 100)
    assert run_batch(batch).success
    with platform.state.begin() as connection:
        versions = connection.execute(
            select(schema.published_outputs.c.version).where(schema.published_outputs.c.output == "texts").distinct()
        )
        assert versions.scalars().all() == [outputs.versions(connection, DEFAULT_LIBRARY)["texts"].version]
    assert refill(platform, 100) == []
