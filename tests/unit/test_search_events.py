"""Events of searches: written beside the request, lost rather than waited for."""

import threading
import time
import uuid
from datetime import UTC, datetime

import pytest

from darkroom.domain.filters import parse
from darkroom.domain.matching import fields_of
from darkroom.home import NotRunning
from darkroom.services import search_events
from darkroom.services.search_events import SearchEvent, SearchEvents

MINE = uuid.UUID(int=1)


def event(number: int = 0, libraries: tuple[uuid.UUID, ...] = (MINE,)) -> SearchEvent:
    now = datetime.now(UTC)
    return SearchEvent(uuid.uuid4(), now, libraries, "text", number, (), (), (), {"total": 1.0}, 0, False, None)


class Written(list):
    """Collects rows in place of a database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held = threading.Event()
        self.held.set()

        class Scope:
            def __init__(self, engine: object, libraries: object) -> None: ...
            def __enter__(self) -> None: ...
            def __exit__(self, *_: object) -> None: ...

        monkeypatch.setattr(search_events, "scoped", Scope)
        monkeypatch.setattr(search_events.search_events, "append", self.append_rows)

    def append_rows(self, connection: object, rows: list[dict[str, object]]) -> None:
        self.held.wait(10)
        self.extend(rows)


@pytest.fixture
def written(monkeypatch) -> Written:
    return Written(monkeypatch)


def test_what_was_put_is_written_before_closing_ends(written):
    events = SearchEvents(lambda: None)
    for number in range(500):
        events.put(event(number))
    events.close()
    assert [row["words"] for row in written] == list(range(500))
    assert {row["library_id"] for row in written} == {MINE}


def test_a_slow_database_costs_events_and_no_time(written, monkeypatch):
    monkeypatch.setattr(search_events, "MOST_WAITING", 10)
    events = SearchEvents(lambda: None)
    written.held.clear()
    began = time.perf_counter()
    for number in range(5000):
        events.put(event(number))
    assert time.perf_counter() - began < 1.0
    written.held.set()
    events.close()
    assert 10 <= len(written) < 5000


def test_a_database_that_is_away_costs_events_only(monkeypatch):
    def away():
        raise NotRunning("no")

    events = SearchEvents(away)
    events.put(event())
    events.close()
    assert events._lost == 1


def test_nobody_who_sees_no_library_is_recorded(written):
    events = SearchEvents(lambda: None)
    events.put(event(libraries=()))
    events.close()
    assert written == []


def test_a_filter_is_told_by_its_fields_alone():
    assert fields_of(parse('rating >= 3 AND (keywords:"secret" OR NOT camera.make = Canon) AND year = 2019')) == (
        "camera.make",
        "keywords",
        "rating",
        "taken_at",
    )
    assert fields_of(None) == ()
