"""Why over HTTP: what became of a photo or a file."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import httpx
import pytest
from sqlalchemy import Connection, insert, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import batches, failures, outputs, schema
from darkroom.stores.state.failures import NewFailure
from darkroom.stores.state.outputs import PhotoOutput
from darkroom.testing.serving import add_source, publish_photo

State = Callable[[], AbstractContextManager[Connection]]


@dataclass
class Seen:
    """A file in a batch."""

    source_id: uuid.UUID
    file_id: int
    batch_id: uuid.UUID
    path: str
    names: list[str] = field(default_factory=list)


def see(connection: Connection, path: str = "2024/a.jpg", root: str = "/pictures", **values: object) -> Seen:
    source = add_source(connection, DEFAULT_LIBRARY, root)
    table = schema.source_files
    row = {"library_id": DEFAULT_LIBRARY, "source_id": source, "path": path, "path_raw": path.encode()}
    file_id = connection.execute(
        insert(table).values({**row, "size_bytes": 1, "mtime_ns": 1, **values}).returning(table.c.id)
    ).scalar_one()
    batch = batches.freeze(
        connection, library_id=DEFAULT_LIBRARY, request_id=None, kind="import", priority=0, items=[(file_id, None)]
    )
    return Seen(source, file_id, batch, path)


def why(client: httpx.Client, subject: object) -> dict[str, object]:
    answer = client.get("/v1/why", params={"subject": str(subject)})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_a_published_photo_is_explained_by_its_id_and_by_its_path(client: httpx.Client, state: State) -> None:
    with state() as connection:
        seen = see(connection, state="taken")
        photo = publish_photo(connection, seen.path, source_id=seen.source_id, outputs={"metadata": "done"})
        connection.execute(update(schema.source_files).values(photo_id=photo))
        batches.settle_item(connection, seen.batch_id, 0, "taken", photo)
        batches.end(connection, seen.batch_id, "published", epoch=1)
        outputs.record(connection, DEFAULT_LIBRARY, [PhotoOutput(photo, "metadata", "done", version="a" * 12)])
    by_id = why(client, photo)
    assert by_id["state"] == "published"
    assert by_id["verdict"] == "It is published and complete."
    assert by_id["photo"]["id"] == str(photo)  # type: ignore[index]
    assert by_id["outputs"]["metadata"]["state"] == "done"  # type: ignore[index]
    assert [batch["state"] for batch in by_id["batches"]] == ["published"]  # type: ignore[attr-defined]
    for path in ("2024/a.jpg", "/pictures/2024/a.jpg"):
        assert {**why(client, path), "subject": ""} == {**by_id, "subject": ""}


def test_a_path_may_be_given_as_the_file_system_has_it_or_escaped(client: httpx.Client, state: State) -> None:
    with state() as connection:
        see(connection, "100%25 Größe.jpg", root="/pic%25s")
    for path in ("100%25 Größe.jpg", "100% Größe.jpg", "/pic%25s/100%25 Größe.jpg", "/pic%s/100% Größe.jpg"):
        assert why(client, path)["state"] == "processing"


def test_a_published_photo_with_a_hole_says_which(client: httpx.Client, state: State) -> None:
    with state() as connection:
        photo = publish_photo(connection, "a", outputs={"metadata": "done", "texts": "failed", "faces": "off"})
    told = why(client, photo)
    assert told["state"] == "incomplete"
    assert "texts" in str(told["verdict"])
    assert "faces" not in str(told["verdict"])


def test_a_file_that_failed_says_why(client: httpx.Client, state: State) -> None:
    with state() as connection:
        seen = see(connection, state="failed")
        batches.settle_item(connection, seen.batch_id, 0, "failed")
        failure = NewFailure(
            output="intake", kind="corrupt", reason="the file is empty", source_id=seen.source_id, path=seen.path
        )
        failures.record(connection, DEFAULT_LIBRARY, seen.batch_id, [failure])
    told = why(client, seen.path)
    assert told["state"] == "failed"
    assert "the file is empty" in str(told["verdict"])
    assert [one["kind"] for one in told["failures"]] == ["corrupt"]  # type: ignore[attr-defined]
    assert told["photo"] is None


def test_a_batch_that_a_gate_stopped_names_the_gate(client: httpx.Client, state: State) -> None:
    with state() as connection:
        seen = see(connection, state="taken")
        photo = uuid.uuid4()
        batches.settle_item(connection, seen.batch_id, 0, "taken", photo)
        batches.end(connection, seen.batch_id, "failed", error="gate")
        for table, passed in (("metadata", False), ("photos", True)):
            connection.execute(
                insert(schema.gate_results).values(
                    library_id=DEFAULT_LIBRARY,
                    batch_id=seen.batch_id,
                    table_name=table,
                    lake_snapshot=1,
                    rows=1,
                    digest="d",
                    passed=passed,
                    report={},
                )
            )
    told = why(client, photo)
    assert told["state"] == "stopped"
    assert "metadata" in str(told["verdict"])
    assert {gate["table"]: gate["passed"] for gate in told["gates"]} == {"metadata": False, "photos": True}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("item", "batch", "file", "expected"),
    [
        ("waiting", "frozen", "frozen", "processing"),
        ("waiting", "running", "frozen", "processing"),
        ("taken", "running", "taken", "processing"),
        ("quarantined", "running", "taken", "quarantined"),
        ("unsupported", "published", "unsupported", "unsupported"),
        ("taken", "failed", "taken", "stopped"),
        ("waiting", "cancelled", "frozen", "cancelled"),
        ("taken", "published", "missing", "missing"),
    ],
)
def test_what_is_not_published_says_where_it_stands(
    client: httpx.Client, state: State, item: str, batch: str, file: str, expected: str
) -> None:
    with state() as connection:
        seen = see(connection, state=file)
        connection.execute(update(schema.batch_items).values(state=item))
        connection.execute(update(schema.batches).values(state=batch))
    told = why(client, seen.path)
    assert told["state"] == expected
    assert str(told["verdict"]).endswith(".")


@pytest.mark.parametrize("subject", [str(uuid.UUID(int=404)), "nothing.jpg", "/etc/passwd", "%00", "' OR 1=1 --"])
def test_what_nobody_has_seen_is_not_found(client: httpx.Client, state: State, subject: str) -> None:
    answer = client.get("/v1/why", params={"subject": subject})
    assert answer.status_code == 404


@pytest.mark.parametrize("subject", ["", "a\0b"])
def test_a_subject_that_cannot_be_is_a_problem(client: httpx.Client, subject: str) -> None:
    assert client.get("/v1/why", params={"subject": subject}).status_code == 422
