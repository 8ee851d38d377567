"""One real line: files in, rows gated, photos published, entries found."""

import hashlib
import shutil
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy
from PIL import Image
from sqlalchemy import select

from darkroom.domain.identity import DEFAULT_LIBRARY, face_key
from darkroom.domain.outputs import OUTPUTS, space
from darkroom.services.imports import plan
from darkroom.services.intake import take_in
from darkroom.services.platform import Platform
from darkroom.services.publishing import Published, publish
from darkroom.services.records import copy_publications
from darkroom.services.refill import refill
from darkroom.settings import BatchSettings
from darkroom.stores.state import batches, libraries, outputs, requests, schema
from darkroom.testing.sources import ask, register


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


def published(platform: Platform) -> dict[str, sqlalchemy.Table]:
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
    (golden,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "golden_queries"]
    assert (golden.passed, golden.metadata["asked"].value) == (True, False)
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


def test_faces_are_published_with_their_thumbnails_and_photos_found_by_their_vectors(
    platform: Platform, samples: Path, tmp_path: Path, import_source
):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("photos/portrait-astronaut.jpg", "photos/coffee.jpg"):
        shutil.copy(samples / name, folder)
    [result] = import_source(register(platform.state, folder))
    assert result.success
    photos = {name: row.photo_id for name, row in published(platform).items()}
    with platform.state.begin() as connection:
        faces = connection.execute(select(schema.faces)).all()
        states = connection.execute(select(schema.published_outputs.c.output, schema.published_outputs.c.state)).all()
    portrait = [face for face in faces if face.photo_id == photos["portrait-astronaut.jpg"]]
    assert [face.person_id for face in portrait] == [None]
    with platform.objects.open(face_key(DEFAULT_LIBRARY, portrait[0].thumbnail_sha256)) as file:
        width, height = Image.open(file).size
        assert width == height
        assert 100 < width <= 192
    assert not [face for face in faces if face.photo_id == photos["coffee.jpg"]]
    assert {output for output, state in states if state == "done"} >= {*OUTPUTS, "photos"}
    for table, output in (("embeddings_visual", "embeddings.visual"), ("embeddings_document", "embeddings.document")):
        for row in platform.lake.query(f"SELECT * FROM core.current_{table}").to_pylist():
            held = space(output, row["output_version"])
            (hit,) = platform.vectors.search_vector(held, row["vector"], libraries=[str(DEFAULT_LIBRARY)], limit=1)
            assert (hit.photo_id, round(hit.score, 4)) == (row["photo_id"], 1.0)


def test_what_was_read_is_published_line_by_line_with_its_place(platform: Platform, folder: Path, import_source):
    import_source(register(platform.state, folder))
    ticket = published(platform)["boarding-pass.jpg"]
    with platform.state.begin() as connection:
        rows = {row.photo_id: row for row in connection.execute(select(schema.texts))}
    lines = rows[ticket.photo_id].lines
    assert "\n".join(line["text"] for line in lines) == ticket.text
    assert [line["y"] for line in lines] == sorted(line["y"] for line in lines)
    assert all(0 <= line[side] <= 1 for line in lines for side in "xywh")
    assert rows[ticket.photo_id].epoch == ticket.epoch


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


def test_an_import_ends_while_one_of_another_folder_goes_on_and_waits_for_an_earlier_one_of_its_own(
    platform: Platform, samples: Path, tmp_path: Path
):
    asked, batches_of, sources = {}, {}, {}
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        sources[name] = register(platform.state, tmp_path / name)
    for name, source in (("large", "one"), ("small", "other"), ("later", "one")):
        shutil.copy(samples / "photos/coins.png", tmp_path / source / f"{name}.png")
        asked[name] = ask(platform.state, sources[source])
        batches_of[name] = plan(platform.state, platform.settings.batch, asked[name])

    def end(name: str) -> set[UUID]:
        """Ends the batches of an import; returns the imports that have ended."""
        with platform.state.begin() as connection:
            for batch in batches_of[name]:
                batches.end(connection, batch, "published")
            requests.settle(connection)
            return {one.id for one in requests.in_state(connection, "succeeded")}

    assert end("small") == {asked["small"]}
    assert end("later") == {asked["small"]}, "an earlier import of its folder holds files of it"
    assert end("large") == set(asked.values())


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


def test_the_lake_knows_which_files_a_photo_has_now(platform: Platform, folder: Path, import_source):
    def known() -> dict[str, list[str]]:
        """Paths by photo, as the newest epoch left them."""
        copy_publications(platform)
        newest = platform.lake.query(
            "SELECT photo_id, list_transform(files, lambda file : file.path) AS paths FROM core.published_files"
            " QUALIFY row_number() OVER (PARTITION BY photo_id ORDER BY epoch DESC) = 1"
        )
        return {row["photo_id"]: row["paths"] for row in newest.to_pylist()}

    source = register(platform.state, folder)
    import_source(source)
    photos = {path: str(row.photo_id) for path, row in published(platform).items()}
    coffee, coins, ticket = (photos[name] for name in ("coffee.jpg", "coins.png", "boarding-pass.jpg"))
    assert known() == {
        coffee: ["coffee.jpg", "the same coffee.jpg"],
        coins: ["coins.png"],
        ticket: ["boarding-pass.jpg"],
    }

    (folder / "the same coffee.jpg").rename(folder / "moved.jpg")
    import_source(source)
    (folder / "coins.png").unlink()
    import_source(source)
    assert known() == {coffee: ["coffee.jpg", "moved.jpg"], coins: [], ticket: ["boarding-pass.jpg"]}

    shutil.copy(folder / "boarding-pass.jpg", folder / "coffee.jpg")  # another picture under a known name
    import_source(source)
    assert known() == {coffee: ["moved.jpg"], coins: [], ticket: ["boarding-pass.jpg", "coffee.jpg"]}
    with platform.state.begin() as connection:
        feed = connection.execute(select(schema.changes.c.epoch, schema.changes.c.photo_id)).tuples().all()
        (epoch,) = connection.execute(
            select(schema.photos.c.epoch).where(schema.photos.c.photo_id == UUID(coffee))
        ).one()
    assert len(set(feed)) == len(feed)
    assert (epoch, UUID(coffee)) in feed

    shutil.copy(folder / "moved.jpg", folder / "coins.png")
    (folder / "moved.jpg").unlink()
    import_source(source)
    assert known() == {coffee: ["coins.png"], coins: [], ticket: ["boarding-pass.jpg", "coffee.jpg"]}
    copied = platform.lake.query("SELECT count(*) AS n FROM core.published_files")["n"][0].as_py()
    copy_publications(platform)
    assert platform.lake.query("SELECT count(*) AS n FROM core.published_files")["n"][0].as_py() == copied


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


def test_an_overwritten_file_whose_import_was_cancelled_is_taken_in_by_the_next(
    platform: Platform, samples: Path, tmp_path: Path, import_samples, import_source
):
    import_samples("photos/coffee.jpg")
    file = tmp_path / "photos" / "coffee.jpg"
    shutil.copy(samples / "photos/coins.png", file)
    with platform.state.connect() as connection:
        source = connection.execute(select(schema.sources.c.id)).scalar_one()
    [batch] = plan(platform.state, platform.settings.batch, ask(platform.state, source))
    take_in(platform, batch)
    with platform.state.begin() as connection:
        batches.end(connection, batch, "cancelled")
    [result] = import_source(source)
    assert result.success
    with platform.state.connect() as connection:
        [served] = connection.execute(select(schema.photo_files.c.sha256)).scalars()
    assert served == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_hard_linked_file_that_is_edited_in_place_is_read_anew(
    platform: Platform, samples: Path, tmp_path: Path, import_samples, import_source
):
    import_samples("photos/coffee.jpg")
    file = tmp_path / "photos" / "coffee.jpg"
    (tmp_path / "photos" / "linked.jpg").hardlink_to(file)
    with platform.state.connect() as connection:
        source = connection.execute(select(schema.sources.c.id)).scalar_one()
    import_source(source)
    file.write_bytes((samples / "photos/coins.png").read_bytes())
    import_source(source)
    with platform.state.connect() as connection:
        served = connection.execute(select(schema.photo_files.c.sha256)).scalars().all()
    assert served == [hashlib.sha256(file.read_bytes()).hexdigest()] * 2
