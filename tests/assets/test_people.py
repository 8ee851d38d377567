"""People across batches: made, checked and shown in one run, whatever happens meanwhile."""

import random
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import dagster as dg
import pytest
from sqlalchemy import func, select, update

from darkroom.domain.curation import Fact, FactKind, Place
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.services import generations as generation_service
from darkroom.services import people as services
from darkroom.services.curating import Curator
from darkroom.services.gates import NotGated
from darkroom.services.platform import Platform
from darkroom.stores.state import generations, people, publishing, schema
from darkroom.testing.people import looks, publish_people
from darkroom.testing.serving import add_library, publish_photo
from orchestration import tags
from orchestration.definitions import build_definitions

ALBUM = ([0, 1], [0], [1, 2], [0, 2], [1])


@pytest.fixture
def group(platform: Platform, instance: dg.DagsterInstance) -> Callable[..., dg.ExecuteInProcessResult]:
    """Runs the job that groups a library's faces."""
    job = build_definitions(platform=platform).resolve_job_def("group_people")

    def run(library_id: uuid.UUID = DEFAULT_LIBRARY) -> dg.ExecuteInProcessResult:
        return job.execute_in_process(instance=instance, tags={tags.LIBRARY: str(library_id)}, raise_on_error=False)

    return run


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


def decide(platform: Platform, *facts: Fact, library_id: uuid.UUID = DEFAULT_LIBRARY) -> None:
    with platform.state.begin() as connection:
        people.record_facts(connection, library_id, DEFAULT_OWNER, facts)


def place(platform: Platform, face: uuid.UUID) -> Place:
    with platform.state.begin() as connection:
        (row,) = people.faces_with(connection, DEFAULT_LIBRARY, [face])
    return Place(row.photo_id, (row.x, row.y, row.w, row.h))


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


def test_a_name_survives_another_finder_a_new_clustering_and_the_loss_of_every_generation(platform: Platform, group):
    faces = publish(platform, ALBUM)
    assert group().success
    anna = whose(platform)[faces[0][0]]
    decide(
        platform,
        Fact(FactKind.NAMED, anna, name="Anna"),
        Fact(FactKind.NAMED, anna, None, "Anna", place(platform, faces[1][0])),
    )
    again = publish(platform, ALBUM, shift=0.01)
    assert set(whose(platform).values()) == {None}
    assert group().success
    assert [whose(platform)[again[photo][0]] for photo in (0, 1, 3)] == [anna] * 3
    assert ("Anna", 3, 3) in shown(platform)
    lose_everything_computed(platform)
    assert group().success
    assert [whose(platform)[again[photo][0]] for photo in (0, 1, 3)] == [anna] * 3
    assert ("Anna", 3, 3) in shown(platform)


def test_a_decision_taken_while_a_generation_was_made_is_not_undone_by_showing_it(
    platform: Platform, group, monkeypatch
):
    faces = publish(platform, ALBUM)
    assert group().success
    anna, berta = (whose(platform)[face] for face in faces[0])
    publish(platform, [[0], [2]], first=9)
    make = services.make

    def slow(platform: Platform, library_id: uuid.UUID):
        made = make(platform, library_id)
        decide(
            platform,
            Fact(FactKind.REJECTED, anna, place=place(platform, faces[1][0])),
            Fact(FactKind.NAMED, berta, name="Berta"),
        )
        return made

    monkeypatch.setattr(services, "make", slow)
    assert group().success
    assert whose(platform)[faces[1][0]] is None
    assert ("Berta", 3, 3) in shown(platform)
    monkeypatch.setattr(services, "make", make)
    assert group().success
    assert whose(platform)[faces[1][0]] not in (None, anna)


@pytest.mark.parametrize(
    ("few", "many", "named"),
    [(2, 4, ("Anna",)), (2, 4, ("Anna", "Berta")), (30, 40, ("Anna", "Berta")), (30, 80, ("Anna",))],
)
def test_who_is_named_while_a_generation_gives_their_faces_away_keeps_them_then_and_in_the_next(
    platform: Platform, group, monkeypatch, few: int, many: int, named: tuple[str, ...]
):
    faces = [face for (face,) in publish(platform, [[0]] * few + [[1]] * many)]
    assert group().success
    people_of = [whose(platform)[faces[0]], whose(platform)[faces[-1]]]
    look_like(monkeypatch, faces[:few], 1)
    publish(platform, [[1]] * 3, first=len(faces))
    make = services.make

    def slow(platform: Platform, library_id: uuid.UUID):
        made = make(platform, library_id)
        for person, name in zip(people_of, named, strict=False):
            curate(platform, lambda curator: curator.rename(person, name))
        return made

    monkeypatch.setattr(services, "make", slow)
    assert group().success
    assert [whose(platform)[face] for face in faces] == [people_of[0]] * few + [people_of[1]] * many
    monkeypatch.setattr(services, "make", make)
    assert group().success
    held = Counter(whose(platform).values())
    assert [whose(platform)[face] for face in faces] == [people_of[0]] * few + [people_of[1]] * many
    with platform.state.begin() as connection:
        current = generations.newest(connection, DEFAULT_LIBRARY, "people", "current")
    rows = generation_service.rows_of(platform, current, services.TABLES)["person_faces"]
    assert Counter(map(uuid.UUID, rows["person_id"].to_pylist())) == held
    assert services.make(platform, DEFAULT_LIBRARY) is None


def look_like(monkeypatch: pytest.MonkeyPatch, faces: list[uuid.UUID], person: int) -> None:
    """From now on these faces look like a person, as if new photos had shown that they do."""
    known = services.descriptors

    def described(*asked):
        ids, vectors = known(*asked)
        for number, face in enumerate(faces, 1000):
            vectors[ids.index(str(face))] = looks(person, number)
        return ids, vectors

    monkeypatch.setattr(services, "descriptors", described)


def lose_everything_computed(platform: Platform) -> None:
    with platform.state.begin() as connection:
        connection.execute(schema.people.delete())
        connection.execute(schema.generations.delete())
        connection.execute(update(schema.faces).values(person_id=None))


def curate(platform: Platform, decide: Callable[[Curator], object]) -> None:
    with platform.state.begin() as connection:
        decide(Curator(connection, DEFAULT_OWNER, [DEFAULT_LIBRARY]))


def test_every_decision_holds_through_another_finder_and_the_loss_of_every_generation(platform: Platform, group):
    """Person 0 is on the photos 0 to 7; 1 on 8, 9; 2 on 10, 11; 3 on 12 to 14; 4 on 15."""
    album = [[0]] * 8 + [[1]] * 2 + [[2]] * 2 + [[3]] * 3 + [[4]]
    faces = [photo[0] for photo in publish(platform, album)]
    assert group().success
    zero, one, two, three, four = (whose(platform)[faces[number]] for number in (0, 8, 10, 12, 15))
    curate(platform, lambda curator: curator.rename(zero, "Zero"))
    curate(platform, lambda curator: curator.split(zero, faces[6:8]))
    curate(platform, lambda curator: curator.merge(one, [two]))
    curate(platform, lambda curator: curator.reject(three, faces[12:13]))
    curate(platform, lambda curator: curator.confirm(one, faces[15:16]))
    curate(platform, lambda curator: curator.hide(one, True))
    split = whose(platform)[faces[6]]

    def as_decided(found: list[uuid.UUID | None]) -> None:
        assert found[:6] == [zero] * 6
        assert found[6:8] == [split] * 2
        assert found[8:12] == [one] * 4
        assert found[12] not in (None, zero, one, two, three, four, split)
        assert found[13:15] == [three] * 2
        assert found[15] == one
        with platform.state.begin() as connection:
            rows = {row.person_id: row for row in connection.execute(select(schema.people))}
        assert {person: row.name for person, row in rows.items() if row.name} == {zero: "Zero"}
        assert [person for person, row in rows.items() if row.hidden] == [one]
        assert {person: row.faces for person, row in rows.items()} == Counter(found)

    assert whose(platform)[faces[12]] is None
    for shift in (0.0, 0.02, 0.04):
        faces = [photo[0] for photo in publish(platform, album, shift=shift)]
        assert group().success
        as_decided([whose(platform)[face] for face in faces])
    lose_everything_computed(platform)
    assert group().success
    as_decided([whose(platform)[face] for face in faces])


def test_who_was_said_not_to_be_somebody_and_is_merged_with_them_later_stays(platform: Platform, group):
    faces = [photo[0] for photo in publish(platform, [[0]] * 4)]
    assert group().success
    anna = whose(platform)[faces[0]]
    curate(platform, lambda curator: curator.reject(anna, faces[3:]))
    assert group().success
    other = whose(platform)[faces[3]]
    assert other not in (None, anna)
    curate(platform, lambda curator: curator.merge(other, [anna]))
    for _ in range(2):
        assert group().success
        assert [whose(platform)[face] for face in faces] == [other] * 4
        lose_everything_computed(platform)


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
