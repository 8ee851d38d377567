"""Duplicates from files to what everyone sees, over the real line."""

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import dagster as dg
import numpy as np
import piexif
import pytest
from PIL import Image
from sqlalchemy import delete, select, update

from darkroom.domain.duplicate_decisions import Fact, Kind, Verdict
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.services import duplicates, generations
from darkroom.services.evidence import DECISIONS, FILES, duplicates_evidence
from darkroom.services.gates import Gatekeeper, NotGated
from darkroom.services.platform import Platform
from darkroom.stores.state import duplicates as state
from darkroom.stores.state import libraries, publishing, schema
from darkroom.testing.raws import dng
from darkroom.testing.serving import add_file, add_source
from darkroom.testing.sources import register
from orchestration import tags
from orchestration.definitions import build_definitions
from orchestration.jobs.generations import DUPLICATES

CAMERA = {"0th": {piexif.ImageIFD.Make: b"Canon", piexif.ImageIFD.Model: b"Canon EOS R5"}}


def scene(seed: int, size: tuple[int, int] = (900, 600)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 255, (8, 12, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def tags_of(second: int, hundredths: int = 0, **more: bytes) -> bytes:
    exif = {
        piexif.ExifIFD.DateTimeOriginal: f"2024:05:01 12:00:{second:02}".encode(),
        piexif.ExifIFD.SubSecTimeOriginal: f"{hundredths:02}".encode(),
    }
    named = {getattr(piexif.ImageIFD, name): value for name, value in more.items()}
    return piexif.dump({"0th": {**CAMERA["0th"], **named}, "Exif": exif})


def save(picture: Image.Image, path: Path, exif: bytes | None = None, quality: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=quality, **({"exif": exif} if exif else {}))
    return path


@pytest.fixture(autouse=True)
def looks_alone(platform: Platform) -> None:
    """What is written in pictures and who is in them is no matter here, and takes most of an import's time."""
    with platform.state.begin() as connection:
        libraries.switch_outputs(connection, DEFAULT_LIBRARY, ["texts", "faces", "embeddings.document"])


@dataclass(frozen=True)
class Shown:
    """A group as it is shown, by the names of files."""

    kind: str
    keeper: str
    others: tuple[str, ...]
    wasted_bytes: int
    decision: str | None


@pytest.fixture
def find(platform: Platform, instance: dg.DagsterInstance) -> Callable[..., dg.ExecuteInProcessResult]:
    """Runs the job that finds, judges and shows the duplicates of a library."""
    definitions = build_definitions(platform=platform, gatekeeper=Gatekeeper(platform))

    def run(library_id: UUID = DEFAULT_LIBRARY) -> dg.ExecuteInProcessResult:
        job = definitions.resolve_job_def(DUPLICATES.name)
        return job.execute_in_process(instance=instance, tags={tags.LIBRARY: str(library_id)}, raise_on_error=False)

    return run


def names(platform: Platform) -> dict[UUID, str]:
    """Photos by the name of their first file."""
    files = schema.photo_files
    with platform.state.begin() as connection:
        rows = connection.execute(select(files.c.photo_id, files.c.path).order_by(files.c.path.desc())).all()
    return {row.photo_id: row.path for row in rows}


def groups(platform: Platform) -> list[Shown]:
    named = names(platform)
    table, members = schema.duplicate_groups, schema.duplicate_members
    with platform.state.begin() as connection:
        found = connection.execute(select(table).order_by(table.c.found_bytes.desc(), table.c.group_id)).all()
        held = connection.execute(select(members).order_by(members.c.position)).all()
    return [
        Shown(
            row.kind,
            named[row.keeper_id],
            tuple(
                named[one.photo_id] for one in held if one.group_id == row.group_id and one.photo_id != row.keeper_id
            ),
            row.wasted_bytes,
            row.decision,
        )
        for row in found
    ]


def stacks(platform: Platform) -> list[tuple[str, list[str]]]:
    named = names(platform)
    table, members = schema.stacks, schema.stack_members
    with platform.state.begin() as connection:
        found = connection.execute(select(table).order_by(table.c.kind)).all()
        held = connection.execute(select(members).order_by(members.c.position)).all()
    return [(row.kind, [named[one.photo_id] for one in held if one.stack_id == row.stack_id]) for row in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An original with copies of every tier, a burst, and pictures that have nothing to do with them."""
    folder = tmp_path / "photos"
    original = save(scene(1), folder / "original.jpg", tags_of(0))
    shutil.copy(original, folder / "original again.jpg")
    edited = io.BytesIO()
    piexif.insert(tags_of(0, Artist=b"Anna Example, " * 20), original.read_bytes(), edited)
    (folder / "tags edited.jpg").write_bytes(edited.getvalue())
    save(scene(1).resize((450, 300)), folder / "sent by messenger.jpg", quality=60)
    save(scene(1).transpose(Image.Transpose.ROTATE_90).convert("L"), folder / "grey, turned.jpg")
    for frame in range(3):
        moved = Image.fromarray(np.roll(np.asarray(scene(2)), 12 * frame, axis=1))
        save(moved, folder / f"burst {frame}.jpg", tags_of(30, 10 * frame + 1))
    save(scene(3), folder / "other.jpg")
    for number in range(3):
        save(Image.new("RGB", (300, 200 + number), "black"), folder / f"black {number}.png")
    return folder


def test_every_tier_is_found_and_every_redundant_byte_is_counted_once(platform, folder: Path, import_source, find):
    import_source(register(platform.state, folder))
    assert find().success
    size = {path.name: path.stat().st_size for path in folder.iterdir()}
    bytes_, near, pixels = sorted(groups(platform), key=lambda group: group.kind)
    assert bytes_ == Shown("bytes", "original again.jpg", (), size["original.jpg"], None)
    assert pixels.keeper == "tags edited.jpg", "more was written into it"
    assert (pixels.others, pixels.wasted_bytes) == (("original again.jpg",), size["original.jpg"])
    assert near.keeper == "tags edited.jpg"
    assert set(near.others) == {"sent by messenger.jpg", "grey, turned.jpg"}
    assert near.wasted_bytes == size["sent by messenger.jpg"] + size["grey, turned.jpg"]
    assert stacks(platform) == [("burst", ["burst 0.jpg", "burst 1.jpg", "burst 2.jpg"])]
    lake = platform.lake.query("SELECT DISTINCT generation FROM core.duplicates")["generation"].to_pylist()
    assert len(lake) == 1
    with platform.state.begin() as connection:
        [generation] = connection.execute(select(schema.generations)).all()
    assert (generation.state, generation.passed, generation.number) == ("current", True, lake[0])
    assert {one["expectation"] for one in generation.report["results"]} >= {
        "files and their sizes are the published ones",
        "what people decided holds",
    }
    assert generation.report["skipped"] == []


def test_a_second_run_finds_the_same_and_shows_nothing_new(platform, folder: Path, import_source, find):
    import_source(register(platform.state, folder))
    find()
    before = groups(platform)
    with platform.state.begin() as connection:
        epoch = publishing.current_epoch(connection)
    assert find().success
    with platform.state.begin() as connection:
        assert publishing.current_epoch(connection) == epoch
        assert len(connection.execute(select(schema.generations)).all()) == 1
    assert groups(platform) == before


def test_the_same_bytes_in_two_sources_are_one_photo_with_a_file_to_spare(
    platform, tmp_path: Path, import_source, find
):
    save(scene(1), tmp_path / "a" / "one.jpg")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for name in "ab":
        import_source(register(platform.state, tmp_path / name))
    assert find().success
    assert groups(platform) == [Shown("bytes", "one.jpg", (), (tmp_path / "a" / "one.jpg").stat().st_size, None)]


def test_a_file_that_two_sources_hold_one_inside_the_other_is_no_copy_of_itself(
    platform, tmp_path: Path, import_source, find
):
    save(scene(1), tmp_path / "photos" / "inside" / "one.jpg")
    for folder in (tmp_path / "photos" / "inside", tmp_path / "photos"):
        import_source(register(platform.state, folder))
    assert len(names(platform)) == 1
    assert find().success
    assert groups(platform) == []


def test_decisions_outlive_every_new_search(platform, folder: Path, import_source, find):
    source = register(platform.state, folder)
    import_source(source)
    find()
    photos = {name: str(photo) for photo, name in names(platform).items()}
    near = (photos["tags edited.jpg"], photos["sent by messenger.jpg"], photos["grey, turned.jpg"])
    decided = [
        Fact(Kind.NEAR, Verdict.KEPT, near, photos["grey, turned.jpg"]),
        Fact(Kind.PIXELS, Verdict.DISMISSED, (photos["tags edited.jpg"], photos["original again.jpg"])),
        Fact(Kind.BYTES, Verdict.DISMISSED, (photos["original again.jpg"],)),
    ]
    with platform.state.begin() as connection:
        for fact in decided:
            state.record(connection, DEFAULT_LIBRARY, fact, DEFAULT_OWNER)
    save(scene(4), folder / "unrelated.jpg")
    import_source(source)
    assert find().success
    [group] = groups(platform)
    assert (group.kind, group.keeper, group.decision) == ("near", "grey, turned.jpg", "kept")
    assert set(group.others) == {"tags edited.jpg", "sent by messenger.jpg"}


def test_photos_merged_by_a_decision_are_a_group_until_it_is_withdrawn(platform, folder: Path, import_source, find):
    save(scene(4), folder / "one thing.jpg")
    save(scene(5), folder / "another.jpg")
    import_source(register(platform.state, folder))
    find()
    before = groups(platform)
    photos = {name: str(photo) for photo, name in names(platform).items()}
    both = (photos["one thing.jpg"], photos["another.jpg"])

    def say(fact: Fact) -> None:
        with platform.state.begin() as connection:
            state.record(connection, DEFAULT_LIBRARY, fact, DEFAULT_OWNER)

    say(Fact(Kind.NEAR, Verdict.KEPT, both, both[0]))
    assert find().success
    [made] = [group for group in groups(platform) if group not in before]
    assert (made.kind, made.keeper, set(made.others), made.decision) == (
        "near",
        "one thing.jpg",
        {"another.jpg"},
        "kept",
    )
    say(Fact(Kind.NEAR, Verdict.WITHDRAWN, both))
    assert find().success
    assert groups(platform) == before


def test_a_decision_between_finding_and_showing_is_shown(platform, folder: Path, import_source):
    import_source(register(platform.state, folder))
    made = duplicates.make(platform, DEFAULT_LIBRARY)
    assert made is not None
    pass_gate(platform)
    photos = {name: str(photo) for photo, name in names(platform).items()}
    with platform.state.begin() as connection:
        fact = Fact(Kind.BYTES, Verdict.DISMISSED, (photos["original again.jpg"],))
        state.record(connection, DEFAULT_LIBRARY, fact, DEFAULT_OWNER)
        better = Fact(Kind.PIXELS, Verdict.KEPT, tuple(photos.values()), photos["original again.jpg"])
        state.record(connection, DEFAULT_LIBRARY, better, DEFAULT_OWNER)
    duplicates.show(platform, DEFAULT_LIBRARY)
    found = {group.kind: group for group in groups(platform)}
    assert found["bytes"].decision == "dismissed"
    assert (found["pixels"].keeper, found["pixels"].decision) == ("original again.jpg", "kept")
    assert found["pixels"].wasted_bytes == (folder / "tags edited.jpg").stat().st_size


def pass_gate(platform: Platform) -> None:
    from darkroom.services import generations

    waiting = generations.unshown(platform, DEFAULT_LIBRARY, duplicates.KIND)
    assert waiting is not None
    rows = generations.rows_of(platform, waiting, duplicates.NAMES)
    generations.record(platform, waiting, rows, True, {})


def test_decisions_are_judged_while_photos_are_published_and_files_by_the_next_generation(
    platform, folder: Path, tmp_path: Path, import_source
):
    import_source(register(platform.state, folder))
    photos = [str(photo) for photo, name in names(platform).items() if name in ("other.jpg", "burst 0.jpg")]
    with platform.state.begin() as connection:
        fact = Fact(Kind.NEAR, Verdict.DISMISSED, tuple(photos))
        state.record(connection, DEFAULT_LIBRARY, fact, DEFAULT_OWNER)
    made = duplicates.make(platform, DEFAULT_LIBRARY)
    assert made is not None
    rows = generations.rows_of(platform, made, duplicates.NAMES)
    before = duplicates_evidence(platform, made, rows)
    assert before.keys() == {DECISIONS, FILES} and before[DECISIONS].num_rows
    (tmp_path / "later").mkdir()
    save(scene(77), tmp_path / "later" / "new.jpg")
    import_source(register(platform.state, tmp_path / "later"))
    meanwhile = duplicates_evidence(platform, made, rows)
    assert meanwhile.keys() == {DECISIONS}
    assert meanwhile[DECISIONS].equals(before[DECISIONS])
    table, files, one = schema.photos, schema.photo_files, UUID(photos[0])
    republished = update(table).where(table.c.photo_id == one)
    for change in (republished.values(epoch=made.epoch + 1), delete(files).where(files.c.photo_id == one)):
        with platform.state.begin() as connection:
            connection.execute(republished.values(epoch=made.epoch))
            connection.execute(change)
        assert duplicates_evidence(platform, made, rows)[DECISIONS].num_rows == 0


def test_a_decision_about_a_photo_whose_file_an_older_source_holds_anew_is_not_judged(
    platform, folder: Path, import_source
):
    import_source(register(platform.state, folder))
    mine = {name: photo for photo, name in names(platform).items()}
    kept, redundant, newer = (mine[name] for name in ("other.jpg", "burst 0.jpg", "burst 1.jpg"))
    with platform.state.begin() as connection:
        fact = Fact(Kind.NEAR, Verdict.KEPT, (str(kept), str(redundant)), str(kept))
        state.record(connection, DEFAULT_LIBRARY, fact, DEFAULT_OWNER)
        outer = add_source(connection, DEFAULT_LIBRARY, str(folder.parent))
        older = update(schema.sources).where(schema.sources.c.id == outer)
        connection.execute(older.values(created_at=datetime(2000, 1, 1, tzinfo=UTC)))
        photo = connection.execute(select(schema.photos).where(schema.photos.c.photo_id == newer)).mappings().one()
        add_file(connection, photo, outer, f"{folder.name}/burst 0.jpg")
    made = duplicates.make(platform, DEFAULT_LIBRARY)
    assert made is not None
    rows = generations.rows_of(platform, made, duplicates.NAMES)
    assert duplicates_evidence(platform, made, rows)[DECISIONS].num_rows == 0


def test_a_run_killed_between_writing_and_showing_leaves_nothing_to_see_and_nothing_behind(
    platform, folder: Path, import_source, find
):
    import_source(register(platform.state, folder))
    first = duplicates.make(platform, DEFAULT_LIBRARY)  # and killed here
    assert groups(platform) == []
    with pytest.raises(NotGated, match="not checked"):
        duplicates.show(platform, DEFAULT_LIBRARY)
    assert find().success
    assert len(groups(platform)) == 3
    with platform.state.begin() as connection:
        states = {row.number: row.state for row in connection.execute(select(schema.generations))}
    assert states == {first.number: "retired", first.number + 1: "current"}


def test_a_photo_deleted_from_its_source_is_no_duplicate_any_more(platform, folder: Path, import_source, find):
    source = register(platform.state, folder)
    import_source(source)
    find()
    for name in ("sent by messenger.jpg", "original again.jpg", "burst 1.jpg"):
        (folder / name).unlink()
    import_source(source)
    assert find().success
    near, pixels = sorted(groups(platform), key=lambda group: group.kind)
    assert (pixels.keeper, pixels.others) == ("tags edited.jpg", ("original.jpg",))
    assert near.others == ("grey, turned.jpg",)
    assert stacks(platform) == [("burst", ["burst 0.jpg", "burst 2.jpg"])]


def test_a_generation_that_is_not_what_its_gate_saw_is_not_shown(platform, folder: Path, import_source):
    import_source(register(platform.state, folder))
    made = duplicates.make(platform, DEFAULT_LIBRARY)
    pass_gate(platform)
    rows = platform.lake.rows_of_generation("duplicates", made.number).to_pylist()
    from darkroom.contracts.duplicates import Duplicate

    forged = Duplicate(**{**rows[0], "group_id": str(UUID(int=1))})
    platform.lake.insert({"duplicates": [forged]})
    with pytest.raises(NotGated, match="not what its gate checked"):
        duplicates.show(platform, DEFAULT_LIBRARY)
    assert groups(platform) == []


def test_a_library_without_duplicates_is_told_so_once(platform, tmp_path: Path, import_source, find):
    save(scene(1), tmp_path / "photos" / "one.jpg")
    import_source(register(platform.state, tmp_path / "photos"))
    assert find().success
    assert groups(platform) == []
    assert find().success
    with platform.state.begin() as connection:
        [generation] = connection.execute(select(schema.generations)).all()
    assert (generation.state, generation.epoch) == ("current", 1)


def test_a_raw_file_and_its_picture_are_a_stack_and_no_duplicates(platform, tmp_path: Path, import_source, find):
    folder = tmp_path / "photos"
    folder.mkdir()
    taken = "2024:05:01 12:00:00"
    developed = {"0th": {piexif.ImageIFD.Make: b"Tester", piexif.ImageIFD.Model: b"Model"}}
    exif = piexif.dump({**developed, "Exif": {piexif.ExifIFD.DateTimeOriginal: taken.encode()}})
    for stem in ("PXL_1.RAW-01.COVER.jpg", "elsewhere.jpg", "DSC_1.jpg"):
        save(scene(7), folder / stem, exif if stem != "elsewhere.jpg" else None, quality=90 - len(stem))
    (folder / "PXL_1.RAW-02.ORIGINAL.dng").write_bytes(dng(900, 600, preview=scene(7, (1800, 1200)), taken=taken))
    (folder / "DSC_1.dng").write_bytes(dng(900, 600, preview=scene(8, (1800, 1200)), taken="2019:01:01 00:00:00"))
    import_source(register(platform.state, folder))
    assert find().success
    assert stacks(platform) == [("raw_jpeg", ["PXL_1.RAW-01.COVER.jpg", "PXL_1.RAW-02.ORIGINAL.dng"])]
    [near] = groups(platform)
    assert {near.keeper, *near.others} == {"PXL_1.RAW-01.COVER.jpg", "DSC_1.jpg", "elsewhere.jpg"}


def test_a_run_without_a_library_says_what_it_lacks(platform, instance: dg.DagsterInstance):
    definitions = build_definitions(platform=platform, gatekeeper=Gatekeeper(platform))
    result = definitions.resolve_job_def(DUPLICATES.name).execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
