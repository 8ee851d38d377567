"""Server-sent events of an import: live, replayed, and ended."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import requests, schema

State = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def import_id(client: httpx.Client, state: State, tmp_path: Path) -> uuid.UUID:
    source = client.post("/v1/sources", json={"path": str(tmp_path)}).raise_for_status().json()
    return uuid.UUID(client.post("/v1/imports", json={"source_id": source["id"]}).raise_for_status().json()["id"])


def follow(client: httpx.Client, import_id: uuid.UUID, **headers: str) -> Iterator[dict[str, str]]:
    with client.stream("GET", f"/v1/imports/{import_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(":")
                event[name] = value.strip()
            elif event:
                yield event
                event = {}


def move(state: State, import_id: uuid.UUID, *done: int) -> None:
    with state() as connection:
        for number in done:
            requests.record_progress(connection, DEFAULT_LIBRARY, import_id, None, "intake", number, 10)


def end(state: State, import_id: uuid.UUID) -> None:
    with state() as connection:
        connection.execute(update(schema.requests).where(schema.requests.c.id == import_id).values(state="succeeded"))


def test_a_finished_import_is_replayed_and_ended(client: httpx.Client, state: State, import_id: uuid.UUID) -> None:
    move(state, import_id, 1, 2, 3)
    end(state, import_id)
    *progress, last = list(follow(client, import_id))
    assert [json.loads(one["data"])["done"] for one in progress] == [1, 2, 3]
    assert {one["event"] for one in progress} == {"progress"}
    assert last["event"] == "end"
    assert json.loads(last["data"])["state"] == "succeeded"


def test_a_client_that_comes_back_gets_what_it_missed_and_nothing_twice(
    client: httpx.Client, state: State, import_id: uuid.UUID
) -> None:
    move(state, import_id, 1, 2, 3, 4)
    end(state, import_id)
    first = list(follow(client, import_id))
    rest = list(follow(client, import_id, **{"Last-Event-ID": first[1]["id"]}))
    assert rest == first[2:]
    assert [one["event"] for one in follow(client, import_id, **{"Last-Event-ID": first[3]["id"]})] == ["end"]


def test_progress_arrives_while_it_is_made(client: httpx.Client, state: State, import_id: uuid.UUID) -> None:
    events = follow(client, import_id)
    first = next(events)
    assert (first["event"], json.loads(first["data"])["state"]) == ("import", "new")
    worker = threading.Thread(target=move, args=(state, import_id, 1))
    worker.start()
    second = next(events)
    worker.join()
    assert (second["event"], json.loads(second["data"])["done"]) == ("progress", 1)
    assert next(events)["event"] == "import"
    end(state, import_id)
    assert next(events)["event"] == "end"
    assert next(events, None) is None


def test_more_events_than_are_read_at_once_all_arrive_before_the_end(
    client: httpx.Client, state: State, import_id: uuid.UUID
) -> None:
    move(state, import_id, *range(1203))
    end(state, import_id)
    *progress, last = list(follow(client, import_id))
    assert [json.loads(one["data"])["done"] for one in progress] == list(range(1203))
    assert last["event"] == "end"


@pytest.mark.parametrize("value", ["x", "-1", "99999999999999999999"])
def test_a_last_event_id_that_cannot_be_is_a_problem(client: httpx.Client, import_id: uuid.UUID, value: str) -> None:
    answer = client.get(f"/v1/imports/{import_id}/events", headers={"Last-Event-ID": value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "last-event-id"
