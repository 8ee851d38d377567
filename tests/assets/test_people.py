"""People across batches: made, checked and shown in one run, whatever happens meanwhile."""

import random
import uuid
from datetime import timedelta

import dagster as dg
import pyarrow as pa
import pytest
from sqlalchemy import func, select, update

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.faces import FACES
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.services import generations as generation_service
from darkroom.services import people as services
from darkroom.services.gates import NotGated
from darkroom.services.platform import Platform
from darkroom.stores.state import generations, people, publishing, schema
from darkroom.testing.people import publish_people
from darkroom.testing.serving import add_library, publish_photo
from orchestration.definitions import build_definitions

ALBUM = ([0, 1], [0], [1, 2], [0, 2], [1])


def publish(platform: Platform, photos, **more) -> list[list[uuid.UUID]]:
    with platform.state.begin() as connection:
        return publish_people(connection, platform.lake, photos, **more)


def whose(platform: Platform, library_id: uuid.UUID = DEFAULT_LIBRARY) -> dict[uuid.UUID, uuid.UUID | None]:
    with platform.state.begin() as connection:
        return {row.face_id: row.person_id for row in people.published_faces(connection, library_id)}


def shown(platform: Platform) -> list[tuple[str | None, int, int]]:
    """Everybody's name, faces and photos."""
    table = schema.people
    with platform.state.begin() as connection:
        rows = connection.execute(select(table).order_by(table.c.photos.desc(), table.c.person_id)).all()
    return [(row.name, row.faces, row.photos) for row in rows]


def epoch_of(platform: Platform) -> int:
    with platform.state.begin() as connection:
        return publishing.current_epoch(connection)


def test_faces_published_in_two_batches_become_people_once_each(platform: Platform, group):
    first = publish(platform, ALBUM[:3])
    assert group().success
    before = whose(platform)
    second = publish(platform, ALBUM[3:], first=3)
    assert set(whose(platform).values()) > {None}
    assert group().success
    after = whose(platform)
    true = [person for photo in ALBUM for person in photo]
    found = [after[face] for photo in [*first, *second] for face in photo]
    assert len(set(zip(true, found, strict=True))) == len(set(found)) == 3
    assert {face: after[face] for face in before} == before
    assert sorted(shown(platform)) == [(None, 2, 2), (None, 3, 3), (None, 3, 3)]


def test_what_was_made_is_told_beside_the_asset_and_photos_are_noted_as_changed(platform: Platform, group):
    publish(platform, ALBUM)
    before = epoch_of(platform)
    result = group()
    (made,) = result.asset_materializations_for_node("group_faces")
    values = {name: value.value for name, value in made.metadata.items()}
    assert (values["people"], values["dagster/row_count"], values["faces of nobody"]) == (3, 8, 0)
    assert values["agreement with the generation before"] == 1
    with platform.state.begin() as connection:
        changed = connection.execute(
            select(schema.changes.c.photo_id).where(
                schema.changes.c.kind == "regrouped", schema.changes.c.epoch == before + 1
            )
        ).scalars()
        assert len(set(changed)) == len(ALBUM)


def test_a_face_that_was_set_aside_and_cannot_be_compared_stops_nobody_elses_grouping(platform: Platform, group):
    publish(platform, ALBUM)
    (odd,) = platform.lake.query("SELECT * FROM core.faces LIMIT 1").to_pylist()
    odd |= {"face_id": str(uuid.uuid4()), "photo_id": str(uuid.uuid4()), "descriptor": [1.0]}
    platform.lake.insert({FACES.name: pa.Table.from_pylist([odd], arrow_schema(FACES))})
    assert group().success
    assert shown(platform) == [(None, 3, 3), (None, 3, 3), (None, 2, 2)]


def test_nothing_new_makes_no_generation_and_takes_no_epoch(platform: Platform, group):
    publish(platform, ALBUM)
    assert group().success
    epoch = epoch_of(platform)
    assert group().success
    assert epoch_of(platform) == epoch
    with platform.state.begin() as connection:
        publish_photo(connection, "nobody-in-it.jpg")
        newest = generations.content_epoch(connection, DEFAULT_LIBRARY)
    assert group().success
    with platform.state.begin() as connection:
        current = generations.newest(connection, DEFAULT_LIBRARY, "people", "current")
        assert generations.newest(connection, DEFAULT_LIBRARY, "people", "made", "refused") is None
    assert current.epoch == newest


def test_a_library_without_faces_has_an_empty_generation_and_is_left_alone(platform: Platform, group):
    with platform.state.begin() as connection:
        publish_photo(connection, "landscape.jpg")
    assert group().success
    with platform.state.begin() as connection:
        current = generations.newest(connection, DEFAULT_LIBRARY, "people", "current")
        assert current.epoch == generations.content_epoch(connection, DEFAULT_LIBRARY)
    assert shown(platform) == []


def test_a_run_killed_before_its_generation_was_shown_leaves_nothing_to_see(platform: Platform, group):
    publish(platform, ALBUM[:2])
    assert group().success
    before = whose(platform)
    publish(platform, ALBUM[2:], first=2)
    assert services.make(platform, DEFAULT_LIBRARY) is not None
    assert {face: person for face, person in whose(platform).items() if face in before} == before
    with pytest.raises(NotGated):
        services.show(platform, DEFAULT_LIBRARY)
    assert group().success
    assert None not in whose(platform).values()
    numbers = platform.lake.query("SELECT DISTINCT generation FROM core.person_faces ORDER BY ALL").to_pylist()
    assert len(numbers) == 3


def test_generations_of_killed_runs_are_given_up_whether_or_not_anything_is_new(platform: Platform, group):
    publish(platform, ALBUM)
    killed = [services.make(platform, DEFAULT_LIBRARY).generation for _ in range(2)]
    assert states(platform) == dict(zip(killed, ("retired", "made"), strict=True))
    assert group().success
    with platform.state.begin() as connection:
        current = generations.newest(connection, DEFAULT_LIBRARY, "people", "current")
        left = generations.begin(connection, DEFAULT_LIBRARY, "people", current.epoch, current.fact)
    assert services.make(platform, DEFAULT_LIBRARY) is None
    assert states(platform) == {**dict.fromkeys([*killed, left.number], "retired"), current.number: "current"}
    assert services.show(platform, DEFAULT_LIBRARY) == 0


def states(platform: Platform) -> dict[int, str]:
    """The state of every generation, by number."""
    table = schema.generations
    with platform.state.begin() as connection:
        return dict(connection.execute(select(table.c.number, table.c.state)).tuples().all())


def test_a_generation_that_was_changed_after_its_gate_is_not_shown(platform: Platform, group):
    publish(platform, ALBUM)
    made = services.make(platform, DEFAULT_LIBRARY)
    with platform.state.begin() as connection:
        generations.record(connection, made.generation, rows=8, digest="another", passed=True, report={})
    with pytest.raises(NotGated, match="not what its gate checked"):
        services.show(platform, DEFAULT_LIBRARY)
    assert set(whose(platform).values()) == {None}


def test_photos_published_again_with_other_faces_take_these_from_their_people_at_once(platform: Platform, group):
    publish(platform, ALBUM)
    assert group().success
    assert sum(count for _, count, _ in shown(platform)) == 8
    publish(platform, ALBUM[:2], shift=0.01)
    assert sum(count for _, count, _ in shown(platform)) == 5
    assert group().success
    assert sum(count for _, count, _ in shown(platform)) == 8


def test_two_libraries_never_share_a_person(platform: Platform, group):
    with platform.state.begin() as connection:
        other = add_library(connection, DEFAULT_OWNER)
    publish(platform, ALBUM)
    publish(platform, ALBUM, library_id=other)
    assert group().success
    assert set(whose(platform, other).values()) == {None}
    assert group(other).success
    mine, theirs = (set(whose(platform, library).values()) for library in (DEFAULT_LIBRARY, other))
    assert len(mine) == len(theirs) == 3 and not mine & theirs
    assert len(shown(platform)) == 6
    with platform.state.begin() as connection:
        connection.execute(schema.photos.delete().where(schema.photos.c.library_id == other))
        connection.execute(schema.people.delete().where(schema.people.c.library_id == other))
        connection.execute(schema.changes.delete().where(schema.changes.c.library_id == other))
        connection.execute(schema.generations.delete().where(schema.generations.c.library_id == other))
        connection.execute(schema.libraries.delete().where(schema.libraries.c.id == other))


def test_a_run_that_names_no_library_says_how_to(platform: Platform, instance: dg.DagsterInstance):
    job = build_definitions(platform=platform).resolve_job_def("group_people")
    with pytest.raises(dg.Failure, match="darkroom/library"):
        job.execute_in_process(instance=instance)


def test_ten_thousand_faces_are_grouped_in_one_run(platform: Platform, group):
    luck = random.Random(3)
    photos = [luck.sample(range(400), luck.choice([1, 2, 3, 4])) for _ in range(4000)]
    with platform.state.begin() as connection:
        faces = publish_people(connection, platform.lake, photos)
    assert sum(map(len, faces)) > 9_500
    result = group()
    assert result.success
    found = whose(platform)
    pairs = {
        (person, found[face])
        for photo, seen in zip(photos, faces, strict=True)
        for person, face in zip(photo, seen, strict=True)
    }
    assert len(pairs) == len({person for person, _ in pairs}) == len({person for _, person in pairs})
    assert sum(count for _, count, _ in shown(platform)) == len(found)


def test_generations_nobody_is_shown_any_more_are_removed_after_a_week(platform: Platform, group):
    publish(platform, ALBUM[:2])
    assert group().success
    publish(platform, ALBUM[2:], first=2)
    assert group().success
    publish(platform, [[5]], first=9)
    services.make(platform, DEFAULT_LIBRARY)
    before = {face: person for face, person in whose(platform).items() if person}
    assert generation_service.forget(platform) == 0
    with platform.state.begin() as connection:
        connection.execute(update(schema.generations).values(made_at=func.now() - timedelta(days=8)))
    assert generation_service.forget(platform) == 3 + 9
    assert generation_service.forget(platform) == 0
    assert group().success
    assert {face: person for face, person in whose(platform).items() if face in before} == before
    with platform.state.begin() as connection:
        connection.execute(schema.generations.delete())
    assert generation_service.forget(platform) == 0
