"""Duplicates among many photos, in two libraries, over versions of a hash, and when they are looked for."""

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import delete, insert, select

from darkroom.contracts.fingerprints import Fingerprint
from darkroom.domain.duplicate_decisions import Fact, Kind, Verdict
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.services import duplicates, generations
from darkroom.services.evidence import duplicates_evidence
from darkroom.services.platform import Platform
from darkroom.stores.state import duplicates as state
from darkroom.stores.state import generations as numbered
from darkroom.stores.state import publishing, schema
from darkroom.testing.serving import add_library, add_source
from orchestration import debounce, tags
from orchestration.jobs.generations import DUPLICATES
from orchestration.sensors.generations import generation_sensor
from quality.gate import check
from quality.gates import frames

VERSION = "0" * 12


def pictures(count: int, seed: int = 5) -> np.ndarray:
    """Smooth pictures that have nothing to do with each other, as miniatures."""
    waves = np.random.default_rng(seed).normal(size=(count, 8, 8)).astype(np.float32)
    points = np.cos(np.pi * np.arange(8)[:, None] * (2 * np.arange(32) + 1) / 64).astype(np.float32)
    return np.clip(points.T @ waves @ points * 8 + 128, 0, 255).astype(np.uint8)


def publish(
    platform: Platform,
    miniatures: np.ndarray,
    library_id: UUID = DEFAULT_LIBRARY,
    version: str = VERSION,
    digests: Sequence[str] | None = None,
) -> list[UUID]:
    """Publishes a photo with one file for every miniature, all in one epoch; photo `n` has `1000 + n` bytes."""
    photos = [uuid5(library_id, str(number)) for number in range(len(miniatures))]
    names = [hashlib.sha256(photo.bytes).hexdigest() for photo in photos]
    with platform.state.begin() as connection:
        epoch, _ = publishing.next_epoch(connection)
        connection.execute(delete(schema.published_outputs).where(schema.published_outputs.c.library_id == library_id))
        known = publishing.published_among(connection, photos)
        shared = {"library_id": library_id, "epoch": epoch}
        fresh = [one for one in enumerate(photos) if one[1] not in known]
        if fresh:
            source = add_source(connection, library_id, f"/srv/{library_id}")
            held = {number: {"sha256": names[number], "size_bytes": 1000 + number} for number, _ in fresh}
            facts = {"media_type": "image/jpeg", "width": 400, "height": 300, "orientation": 1}
            connection.execute(
                insert(schema.photos), [{**shared, **facts, **held[n], "photo_id": photo} for n, photo in fresh]
            )
            seen = {"source_id": source, "modified_at": datetime.now(UTC)}
            connection.execute(
                insert(schema.photo_files),
                [{**shared, **seen, **held[n], "photo_id": photo, "path": f"{n}.jpg"} for n, photo in fresh],
            )
        done = {**shared, "output": "fingerprints", "version": version, "attempt": 1, "state": "done"}
        connection.execute(insert(schema.published_outputs), [{**done, "photo_id": photo} for photo in photos])
        publishing.note_changes(connection, epoch, library_id, "published", photos)
    rows = [
        Fingerprint(
            photo_id=str(photo),
            library_id=str(library_id),
            batch_id=str(UUID(int=1)),
            attempt=1,
            output_version=version,
            provider="pixels",
            computed_at=datetime.now(UTC),
            pixel_digest=(digests or names)[number],
            dhash="0" * 16,
            phash="0" * 16,
            miniature=miniatures[number].tobytes().hex(),
            chroma=0.3,
            sharpness=1.0,
            brightness=0.5,
        )
        for number, photo in enumerate(photos)
    ]
    platform.lake.insert({"fingerprints": rows})
    return photos


def renew(platform: Platform, library_id: UUID = DEFAULT_LIBRARY) -> None:
    """Makes, judges and shows a generation; its gate must pass."""
    duplicates.make(platform, library_id)
    waiting = generations.unshown(platform, library_id, duplicates.KIND)
    if waiting is not None:
        rows = generations.rows_of(platform, waiting, duplicates.NAMES)
        companions = frames({**rows, **duplicates_evidence(platform, waiting, rows)})
        reports = [check(table, companions[table.name], companions) for table in duplicates.TABLES]
        assert all(report.passed and not report.skipped for report in reports), reports
        generations.record(platform, waiting, rows, True, {})
    duplicates.show(platform, library_id)


def groups(platform: Platform, library_id: UUID = DEFAULT_LIBRARY) -> dict[str, set[UUID]]:
    """Photos of the groups of a library, by kind and keeper."""
    table, members = schema.duplicate_groups, schema.duplicate_members
    statement = (
        select(table.c.kind, table.c.keeper_id, members.c.photo_id)
        .join(members, members.c.group_id == table.c.group_id)
        .where(table.c.library_id == library_id)
    )
    found: dict[str, set[UUID]] = {}
    with platform.state.begin() as connection:
        for row in connection.execute(statement):
            found.setdefault(f"{row.kind} {row.keeper_id}", set()).add(row.photo_id)
    return found


def test_the_copies_among_ten_thousand_photos_are_found_and_nothing_else(platform: Platform) -> None:
    library = pictures(10_000)
    library[5000:5100] = library[:100, :, ::-1]
    library[5100:5150] = np.clip(library[:50].astype(int) + 2, 0, 255)
    digests = [hashlib.sha256(one.tobytes()).hexdigest() for one in library]
    digests[9000:9020] = digests[7000:7020]
    library[9000:9020] = library[7000:7020]
    photos = publish(platform, library, digests=digests)
    start = time.monotonic()
    renew(platform)
    assert time.monotonic() - start < 120
    found = groups(platform)
    expected = {f"pixels {photos[9000 + n]}": {photos[7000 + n], photos[9000 + n]} for n in range(20)}
    for number in range(100):
        copies = [5000 + number, *([5100 + number] if number < 50 else []), number]
        expected[f"near {photos[max(copies)]}"] = {photos[copy] for copy in copies}
    assert found == expected


def test_libraries_never_share_a_group(platform: Platform) -> None:
    with platform.state.begin() as connection:
        other = add_library(connection, DEFAULT_OWNER, "second")
    try:
        same = np.repeat(pictures(1), 2, axis=0)
        first, second = publish(platform, same, digests=["a" * 64, "b" * 64]), publish(platform, same, other)
        renew(platform)
        assert groups(platform) == {f"near {first[1]}": set(first)}
        assert groups(platform, other) == {}
        renew(platform, other)
        assert groups(platform) == {f"near {first[1]}": set(first)}
        assert groups(platform, other) == {f"near {second[1]}": set(second)}
        with platform.state.begin() as connection:
            fact = Fact(Kind.NEAR, Verdict.DISMISSED, tuple(map(str, first)))
            state.record(connection, DEFAULT_LIBRARY, fact, DEFAULT_OWNER)
        renew(platform)
        renew(platform, other)
        assert groups(platform) == {}
        assert groups(platform, other) == {f"near {second[1]}": set(second)}
    finally:
        _forget(platform, other)


def _forget(platform: Platform, library_id: UUID) -> None:
    with platform.state.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            if "library_id" in table.c:
                connection.execute(delete(table).where(table.c.library_id == library_id))
        connection.execute(delete(schema.libraries).where(schema.libraries.c.id == library_id))


def test_what_people_kept_stays_together_though_a_new_hash_sees_nothing(platform: Platform) -> None:
    library = np.concatenate([np.repeat(pictures(1), 3, axis=0), np.repeat(pictures(1, seed=6), 2, axis=0)])
    photos = publish(platform, library)
    renew(platform)
    assert set(groups(platform)) == {f"near {photos[2]}", f"near {photos[4]}"}
    kept = Fact(Kind.NEAR, Verdict.KEPT, tuple(map(str, photos[:3])), str(photos[0]))
    with platform.state.begin() as connection:
        state.record(connection, DEFAULT_LIBRARY, kept, DEFAULT_OWNER)
    publish(platform, pictures(5, seed=8), version="1" * 12)
    renew(platform)
    assert groups(platform) == {f"near {photos[0]}": set(photos[:3])}
    dismissed = Fact(Kind.NEAR, Verdict.DISMISSED, tuple(map(str, photos[3:])))
    with platform.state.begin() as connection:
        state.record(connection, DEFAULT_LIBRARY, dismissed, DEFAULT_OWNER)
    publish(platform, np.repeat(pictures(1, seed=9), 5, axis=0), version="2" * 12)
    renew(platform)
    [(keeper, together)] = groups(platform).items()
    assert keeper == f"near {photos[0]}"
    assert len(together) == 4
    assert set(photos[:3]) < together


def test_photos_without_miniatures_of_an_older_version_are_compared_by_pixels_only(platform: Platform) -> None:
    photos = publish(platform, np.repeat(pictures(1), 3, axis=0), digests=["a" * 64, "a" * 64, "b" * 64])
    platform.lake.query("UPDATE core.fingerprints SET miniature = NULL")
    renew(platform)
    assert groups(platform) == {f"pixels {photos[1]}": set(photos[:2])}


def test_thousands_of_equal_black_frames_are_one_group_of_equal_pixels_and_no_near_ones(platform: Platform) -> None:
    black = np.zeros((3000, 32, 32), np.uint8)
    photos = publish(platform, black, digests=["c" * 64] * 1500 + [f"{n:064x}" for n in range(1500)])
    renew(platform)
    assert groups(platform) == {f"pixels {photos[1499]}": set(photos[:1500])}


@pytest.fixture
def ask(platform: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    """Ticks the sensor of duplicates as if nothing had happened for long; gives the libraries it asks for."""
    batch = platform.settings.batch.model_copy(update={"settle_seconds": 0.0})
    monkeypatch.setattr(platform, "settings", platform.settings.model_copy(update={"batch": batch}))
    monkeypatch.setattr(debounce, "FIRST_RETRY_SECONDS", 0.0)
    sensor = generation_sensor(duplicates.KIND, DUPLICATES.name, state.newest_fact)
    cursors = [None]

    def tick() -> list[str]:
        with dg.build_sensor_context(
            instance=instance, cursor=cursors[-1], resources={"platform": platform}
        ) as context:
            result = sensor(context)
        cursors.append(result.cursor)
        return [request.tags[tags.LIBRARY] for request in result.run_requests or []]

    return tick


def test_duplicates_are_looked_for_after_photos_or_decisions_and_not_after_themselves(platform: Platform, ask) -> None:
    assert ask() == []
    photos = publish(platform, np.repeat(pictures(1), 2, axis=0))
    assert ask() == [str(DEFAULT_LIBRARY)]
    renew(platform)
    assert ask() == []
    fact = Fact(Kind.NEAR, Verdict.KEPT, tuple(map(str, photos)), str(photos[0]))
    with platform.state.begin() as connection:
        state.record(connection, DEFAULT_LIBRARY, fact, DEFAULT_OWNER)
    assert ask() == [str(DEFAULT_LIBRARY)]
    renew(platform)
    assert ask() == []
    with platform.state.begin() as connection:
        current = numbered.newest(connection, DEFAULT_LIBRARY, duplicates.KIND, "current")
        publishing.note_changes(connection, current.epoch + 1, DEFAULT_LIBRARY, "published", photos[:1])
    assert ask() == [str(DEFAULT_LIBRARY)]
    renew(platform)
    assert ask() == [], "nothing changed by what was published: the generation that is shown says so"


def test_a_burst_of_changes_is_waited_out(platform: Platform, instance: dg.DagsterInstance) -> None:
    publish(platform, pictures(2))
    sensor = generation_sensor(duplicates.KIND, DUPLICATES.name, state.newest_fact)
    with dg.build_sensor_context(instance=instance, resources={"platform": platform}) as context:
        result = sensor(context)
    assert not result.run_requests
    assert json.loads(result.cursor)[str(DEFAULT_LIBRARY)]
