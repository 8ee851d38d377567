"""Decisions about people: they hold through every grouping, the one under way included."""

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import select, update

from darkroom.domain.curation import Fact, FactKind, Place
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.services import generations as generation_service
from darkroom.services import people as services
from darkroom.services.curating import Curator
from darkroom.services.platform import Platform
from darkroom.services.records import copy_person_facts
from darkroom.stores.state import generations, people, schema
from darkroom.testing.people import looks
from tests.assets.test_people import ALBUM, publish, shown, whose


def decide(platform: Platform, *facts: Fact, library_id: uuid.UUID = DEFAULT_LIBRARY) -> None:
    with platform.state.begin() as connection:
        people.record_facts(connection, library_id, DEFAULT_OWNER, facts)


def place(platform: Platform, face: uuid.UUID) -> Place:
    with platform.state.begin() as connection:
        (row,) = people.faces_with(connection, DEFAULT_LIBRARY, [face])
    return Place(row.photo_id, (row.x, row.y, row.w, row.h))


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
        curate(platform, lambda curator: [curator.rename(*one) for one in zip(people_of, named, strict=False)])
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


def test_a_decision_that_is_committed_after_a_later_one_reaches_the_lake_as_well(platform: Platform):
    first, second = (Fact(FactKind.NAMED, uuid.uuid4(), name=name) for name in ("Anna", "Berta"))
    with ThreadPoolExecutor(1) as threads:
        with platform.state.begin() as slow:
            people.record_facts(slow, DEFAULT_LIBRARY, DEFAULT_OWNER, [first])
            decide(platform, second)
            copying = threads.submit(copy_person_facts, platform)
            wait([copying], timeout=1)
        copying.result()
    copy_person_facts(platform)
    found = platform.lake.query("SELECT name FROM core.person_facts ORDER BY fact").to_pylist()
    assert [row["name"] for row in found] == ["Anna", "Berta"]
