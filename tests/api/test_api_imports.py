"""Imports over HTTP: asking, looking, cancelling, and what failed."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, func, insert, select, update

from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.stores.state import batches, failures, requests, schema
from darkroom.stores.state.failures import NewFailure

State = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def source(client: httpx.Client, state: State, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "2024").mkdir()
    (tmp_path / "2024" / "100%.jpg").write_bytes(b"x")
    answer = client.post("/v1/sources", json={"path": str(tmp_path)}).raise_for_status()
    return answer.json()  # type: ignore[no-any-return]


def ask(client: httpx.Client, source: dict[str, str], **headers: str) -> httpx.Response:
    return client.post("/v1/imports", json={"source_id": source["id"]}, headers=headers)


def test_an_import_is_promised_with_its_address(client: httpx.Client, source: dict[str, str], state: State) -> None:
    answer = ask(client, source)
    assert answer.status_code == 202
    asked = answer.json()
    assert answer.headers["location"] == f"/v1/imports/{asked['id']}"
    assert (asked["state"], asked["source_id"], asked["path"]) == ("new", source["id"], None)
    assert asked["progress"] == {
        "files_listed": None,
        "files_new": None,
        "files_done": 0,
        "files_failed": 0,
        "photos_published": 0,
        "percent": 0.0,
        "rate_per_second": None,
        "eta_seconds": None,
    }
    assert client.get(answer.headers["location"]).json() == asked
    with state() as connection:
        row = connection.execute(select(schema.requests)).one()
    assert (row.kind, row.requested_by, row.priority) == ("import", DEFAULT_OWNER, 0)


@pytest.mark.parametrize("removed", [True, False])
def test_an_import_says_whether_files_were_removed_on_purpose(
    client: httpx.Client, source: dict[str, str], state: State, removed: bool
) -> None:
    asked = {"source_id": source["id"], "removed_on_purpose": removed}
    client.post("/v1/imports", json=asked).raise_for_status()
    with state() as connection:
        assert connection.execute(select(schema.requests.c.removed_on_purpose)).scalars().all() == [removed]


def test_the_same_idempotency_key_is_the_same_import(client: httpx.Client, source: dict[str, str]) -> None:
    first = ask(client, source, **{"Idempotency-Key": "monday"})
    again = ask(client, source, **{"Idempotency-Key": "monday"})
    other = ask(client, source, **{"Idempotency-Key": "tuesday"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    assert other.json()["id"] != first.json()["id"]


def test_requests_at_once_with_one_key_make_one_import(
    client: httpx.Client, source: dict[str, str], state: State
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(client, source, **{"Idempotency-Key": "race"}), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize("other", [{"path": "2024"}, {"removed_on_purpose": True}])
def test_a_key_that_came_with_something_else_is_a_problem(
    client: httpx.Client, source: dict[str, str], other: dict[str, Any]
) -> None:
    ask(client, source, **{"Idempotency-Key": "k"}).raise_for_status()
    body = {"source_id": source["id"], **other}
    answer = client.post("/v1/imports", json=body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/idempotency-key-reused"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2024", "2024"),
        ("2024/", "2024"),
        ("", None),
        ("2024/100%.jpg", "2024/100%25.jpg"),
        ("2024/100%25.jpg", "2024/100%25.jpg"),
    ],
)
def test_a_part_of_a_source_is_kept_escaped(
    client: httpx.Client, source: dict[str, str], given: str, kept: str | None
) -> None:
    answer = client.post("/v1/imports", json={"source_id": source["id"], "path": given})
    assert answer.status_code == 202, answer.text
    assert answer.json()["path"] == kept


@pytest.mark.parametrize("path", ["..", "../x", "/etc", "2024/../..", "2024//x", "nothing", "%2e%2e/x", "a\0b"])
def test_a_path_outside_of_the_source_is_refused(client: httpx.Client, source: dict[str, str], path: str) -> None:
    answer = client.post("/v1/imports", json={"source_id": source["id"], "path": path})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/path"


def test_a_link_in_the_source_is_no_way_out(client: httpx.Client, source: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc")
    answer = client.post("/v1/imports", json={"source_id": source["id"], "path": "out/passwd"})
    assert answer.status_code == 422
    assert "link" in answer.json()["detail"]


def test_an_unknown_source_is_a_problem_that_points_at_it(client: httpx.Client, state: State) -> None:
    answer = client.post("/v1/imports", json={"source_id": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/source_id"


def test_an_unknown_import_is_not_found(client: httpx.Client, state: State) -> None:
    nobody = f"/v1/imports/{uuid.uuid4()}"
    for answer in (
        client.get(nobody),
        client.get(f"{nobody}/failures"),
        client.get(f"{nobody}/events"),
        client.post(f"{nobody}/cancel"),
    ):
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/not-found"


def test_imports_are_listed_newest_first_in_pages(client: httpx.Client, source: dict[str, str]) -> None:
    made = [ask(client, source).json()["id"] for _ in range(5)]
    found, cursor = [], None
    while True:
        page = client.get("/v1/imports", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == made[::-1]


def freeze(connection: Connection, source: dict[str, str], request_id: uuid.UUID, count: int) -> uuid.UUID:
    """A batch of `count` waiting files."""
    ids = connection.execute(
        insert(schema.source_files).returning(schema.source_files.c.id),
        [
            {
                "library_id": DEFAULT_LIBRARY,
                "source_id": uuid.UUID(source["id"]),
                "path": (name := uuid.uuid4().hex),
                "path_raw": name.encode(),
                "size_bytes": 1,
                "mtime_ns": 1,
            }
            for _ in range(count)
        ],
    ).scalars()
    return batches.freeze(
        connection,
        library_id=DEFAULT_LIBRARY,
        request_id=request_id,
        kind="import",
        priority=0,
        items=[(file_id, None) for file_id in ids],
    )


def test_progress_is_what_the_pipeline_did(client: httpx.Client, source: dict[str, str], state: State) -> None:
    import_id = uuid.UUID(ask(client, source).json()["id"])
    table = schema.requests
    with state() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == import_id)
            .values(
                state="running",
                files_listed=12,
                files_new=8,
                started_at=func.now() - timedelta(seconds=10),
            )
        )
        done, running = (freeze(connection, source, import_id, 4) for _ in range(2))
        for position in range(3):
            batches.settle_item(connection, done, position, "taken", uuid.uuid4())
        batches.settle_item(connection, done, 3, "failed")
        batches.begin(connection, done)
        batches.end(connection, done, "published", epoch=1)
        batches.begin(connection, running)
        batches.settle_item(connection, running, 0, "unsupported")
        batches.settle_item(connection, running, 1, "taken", uuid.uuid4())
        failures.record(
            connection, DEFAULT_LIBRARY, running, [NewFailure(output="intake", kind="unsupported", reason="no photo")]
        )
        requests.record_progress(connection, DEFAULT_LIBRARY, import_id, running, "intake", 1, 4)
        requests.record_progress(connection, DEFAULT_LIBRARY, import_id, running, "intake", 2, 4)
    progress = client.get(f"/v1/imports/{import_id}").json()["progress"]
    assert {name: progress[name] for name in progress if name.startswith(("files", "photos"))} == {
        "files_listed": 12,
        "files_new": 8,
        "files_done": 6,
        "files_failed": 2,
        "photos_published": 3,
    }
    # Four files are through; of the other four half are opened, and no text was read and no face looked for.
    through = 4 + 4 * 0.95 * 0.5 / 3
    assert progress["percent"] == pytest.approx(100 * through / 8, abs=0.1)
    assert progress["rate_per_second"] == pytest.approx(through / 10, rel=0.3)
    assert progress["eta_seconds"] == pytest.approx((8 - through) / (through / 10), rel=0.3)


def test_a_photo_with_files_in_several_batches_is_counted_once(
    client: httpx.Client, source: dict[str, str], state: State
) -> None:
    import_id = uuid.UUID(ask(client, source).json()["id"])
    twin = uuid.uuid4()
    with state() as connection:
        broken, one, other = (freeze(connection, source, import_id, 2) for _ in range(3))
        for batch in (broken, one, other):
            batches.settle_item(connection, batch, 0, "taken", twin)
            batches.settle_item(connection, batch, 1, "taken", uuid.uuid4() if batch is not other else twin)
        batches.end(connection, broken, "failed", error="a gate")
        batches.end(connection, one, "published", epoch=1)
        batches.end(connection, other, "published", epoch=2)
    assert client.get(f"/v1/imports/{import_id}").json()["progress"]["photos_published"] == 2


def test_an_import_is_cancelled_once_and_for_all(client: httpx.Client, source: dict[str, str], state: State) -> None:
    asked = ask(client, source).json()
    first = client.post(f"/v1/imports/{asked['id']}/cancel")
    again = client.post(f"/v1/imports/{asked['id']}/cancel")
    assert (first.status_code, first.json()["state"]) == (202, "cancelling")
    assert (again.status_code, again.json()["state"]) == (202, "cancelling")


@pytest.mark.parametrize(("ended", "status"), [("succeeded", 409), ("failed", 409), ("cancelled", 202)])
def test_an_import_that_has_ended_stays_as_it_is(
    client: httpx.Client, source: dict[str, str], state: State, ended: str, status: int
) -> None:
    asked = ask(client, source).json()
    with state() as connection:
        connection.execute(update(schema.requests).values(state=ended, finished_at=datetime.now(UTC)))
    answer = client.post(f"/v1/imports/{asked['id']}/cancel")
    assert answer.status_code == status
    assert client.get(f"/v1/imports/{asked['id']}").json()["state"] == ended


def test_what_failed_is_listed_with_its_reason_in_pages(
    client: httpx.Client, source: dict[str, str], state: State
) -> None:
    import_id = uuid.UUID(ask(client, source).json()["id"])
    other_id = uuid.UUID(ask(client, source).json()["id"])
    with state() as connection:
        mine, other = freeze(connection, source, import_id, 1), freeze(connection, source, other_id, 1)
        found = [
            NewFailure(output="intake", kind="corrupt", reason=f"reason {n}", path=f"{n}.jpg", transient=n == 0)
            for n in range(5)
        ]
        failures.record(connection, DEFAULT_LIBRARY, mine, found)
        failures.record(connection, DEFAULT_LIBRARY, other, [NewFailure(output="texts", kind="timeout", reason="x")])
    seen, cursor = [], None
    while True:
        parameters = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get(f"/v1/imports/{import_id}/failures", params=parameters).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(one["reason"] for one in seen) == [f"reason {n}" for n in range(5)]
    assert {one["path"]: one["transient"] for one in seen}["0.jpg"] is True
