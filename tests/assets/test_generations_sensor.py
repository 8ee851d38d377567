"""When people are grouped again: after photos or decisions, once things are quiet, and never because of itself."""

import uuid
from collections.abc import Callable

import dagster as dg
import pytest
from sqlalchemy import insert, select

from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.services import people as services
from darkroom.services.curating import Curator
from darkroom.services.people import KIND
from darkroom.services.platform import Platform
from darkroom.settings import BatchSettings
from darkroom.stores.state import batches, people, requests, schema
from darkroom.testing.people import publish_people
from orchestration import debounce, tags
from orchestration.definitions import build_definitions
from orchestration.jobs.generations import PEOPLE
from orchestration.sensors import generations
from orchestration.sensors.generations import generation_sensor

QUIET_SECONDS = BatchSettings().settle_seconds


class Clock:
    """The sensor's clock, its ticks with what it remembers between them, and the runs it asks for."""

    def __init__(self, platform: Platform, instance: dg.DagsterInstance) -> None:
        self.now, self._cursor, self._platform, self._instance = 1_000_000.0, None, platform, instance
        self.definitions = build_definitions(platform=platform)

    def tick(self, seconds: float = 0.0) -> list[dg.RunRequest]:
        self.now += seconds
        resources = {"platform": self._platform}
        context = dg.build_sensor_context(
            instance=self._instance, cursor=self._cursor, resources=resources, definitions=self.definitions
        )
        result = generation_sensor(KIND, PEOPLE.name, people.newest_regrouping)(context)
        assert isinstance(result, dg.SensorResult)
        self._cursor = result.cursor
        return list(result.run_requests)

    def settled(self) -> list[dg.RunRequest]:
        """What is asked for when nothing more happens for a while."""
        return [*self.tick(), *self.tick(QUIET_SECONDS + 1)]

    def run(self, request: dg.RunRequest) -> None:
        job = self.definitions.resolve_job_def(PEOPLE.name)
        assert job.execute_in_process(instance=self._instance, tags=request.tags).success


@pytest.fixture
def clock(platform: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(platform, instance)
    monkeypatch.setattr(generations.time, "time", lambda: clock.now)
    return clock


@pytest.fixture
def publish(platform: Platform) -> Callable[..., list[list[uuid.UUID]]]:
    def publish(photos: list[list[int]], **more: object) -> list[list[uuid.UUID]]:
        with platform.state.begin() as connection:
            return publish_people(connection, platform.lake, photos, **more)

    return publish


def curate(platform: Platform, decide: Callable[[Curator], object]) -> None:
    with platform.state.begin() as connection:
        decide(Curator(connection, DEFAULT_OWNER, [DEFAULT_LIBRARY]))


def freeze(platform: Platform, library_id: uuid.UUID = DEFAULT_LIBRARY) -> uuid.UUID:
    """A batch that waits."""
    with platform.state.begin() as connection:
        photo = connection.execute(select(schema.photos.c.photo_id).limit(1)).scalar_one()
        about = {"library_id": library_id, "request_id": None, "kind": "import", "priority": 0}
        return batches.freeze(connection, items=[(None, photo)], **about)


def test_four_batches_in_a_row_are_grouped_once_and_showing_people_asks_for_nothing(clock: Clock, publish):
    assert clock.settled() == []
    for batch in range(4):
        publish([[0], [1]], first=10 * batch)
        assert clock.tick(5) == []
    (request,) = clock.tick(QUIET_SECONDS)
    assert request.tags[tags.LIBRARY] == str(DEFAULT_LIBRARY)
    assert request.tags[tags.SLOT] == tags.BACKGROUND
    clock.run(request)
    for _ in range(3):
        assert clock.tick(3600) == []


def test_an_import_that_never_pauses_is_grouped_meanwhile(clock: Clock, publish):
    asked = []
    for batch in range(2 * debounce.PATIENCE):
        publish([[0]], first=batch)
        asked += clock.tick(0.75 * QUIET_SECONDS)
    assert 1 <= len(asked) <= 2


def test_photos_of_an_import_under_way_are_grouped_when_it_has_ended(clock: Clock, platform, publish):
    publish([[0], [1]])
    batch = freeze(platform)
    assert clock.settled() + clock.tick(10 * QUIET_SECONDS) == []
    with platform.state.begin() as connection:
        batches.end(connection, batch, "failed")
    assert clock.tick(QUIET_SECONDS / 2) == []
    assert len(clock.tick(QUIET_SECONDS)) == 1


def test_an_import_whose_files_are_still_being_listed_is_under_way(clock: Clock, platform, publish):
    publish([[0], [1]])
    with platform.state.begin() as connection:
        source = insert(schema.sources).values(library_id=DEFAULT_LIBRARY, name="a", path="/a", mode="reference")
        source_id = connection.execute(source.returning(schema.sources.c.id)).scalar_one()
        request = requests.ask_import(connection, DEFAULT_LIBRARY, source_id)
    assert clock.settled() == []
    with platform.state.begin() as connection:
        requests.fail(connection, request, "it is not there")
    assert len(clock.tick(QUIET_SECONDS)) == 1


def test_an_import_into_another_library_does_not_matter(clock: Clock, platform, publish):
    publish([[0], [1]])
    with platform.state.begin() as connection:
        other = insert(schema.libraries).values(owner_id=DEFAULT_OWNER, name="other")
        other_id = connection.execute(other.returning(schema.libraries.c.id)).scalar_one()
    freeze(platform, other_id)
    assert len(clock.settled()) == 1


def test_decisions_do_not_wait_for_an_import(clock: Clock, platform, publish):
    faces = [face for (face,) in publish([[0]] * 4)]
    (request,) = clock.settled()
    clock.run(request)
    with platform.state.begin() as connection:
        (person,) = {row.person_id for row in people.published_faces(connection, DEFAULT_LIBRARY)}
    freeze(platform)
    curate(platform, lambda curator: curator.reject(person, faces[:1]))
    assert len(clock.settled()) == 1


def test_decisions_after_which_faces_may_belong_elsewhere_ask_for_a_new_grouping(clock: Clock, platform, publish):
    faces = [face for (face,) in publish([[0]] * 4)]
    (request,) = clock.settled()
    clock.run(request)
    with platform.state.begin() as connection:
        (person,) = {row.person_id for row in people.published_faces(connection, DEFAULT_LIBRARY)}
    curate(platform, lambda curator: curator.rename(person, "Anna"))
    curate(platform, lambda curator: curator.hide(person, True))
    assert clock.settled() == []
    curate(platform, lambda curator: curator.reject(person, faces[:1]))
    (request,) = clock.settled()
    clock.run(request)
    assert clock.settled() == []
    with platform.state.begin() as connection:
        assert None not in {row.person_id for row in people.published_faces(connection, DEFAULT_LIBRARY)}


def test_a_name_given_while_people_are_grouped_asks_for_one_more_grouping(
    clock: Clock, platform, publish, monkeypatch: pytest.MonkeyPatch
):
    publish([[0]] * 4)
    (request,) = clock.settled()
    clock.run(request)
    with platform.state.begin() as connection:
        (person,) = {row.person_id for row in people.published_faces(connection, DEFAULT_LIBRARY)}
    publish([[0]], first=4)
    (request,) = clock.settled()
    make = services.make

    def slow(platform: Platform, library_id: uuid.UUID):
        made = make(platform, library_id)
        curate(platform, lambda curator: curator.rename(person, "Anna"))
        return made

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(services, "make", slow)
        clock.run(request)
    (request,) = clock.settled()
    clock.run(request)
    curate(platform, lambda curator: curator.rename(person, "Anna Berg"))
    assert clock.settled() == []


def test_a_grouping_that_came_to_nothing_is_asked_for_again_but_not_at_once(clock: Clock, publish):
    publish([[0], [1]])
    assert len(clock.settled()) == 1
    assert clock.tick(5) + clock.tick(QUIET_SECONDS) == []
    assert len(clock.tick(debounce.FIRST_RETRY_SECONDS)) == 1
    assert clock.tick(debounce.FIRST_RETRY_SECONDS) == []
    assert len(clock.tick(debounce.FIRST_RETRY_SECONDS)) == 1
