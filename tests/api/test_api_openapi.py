"""The OpenAPI document: complete, unchanged unless on purpose, and true."""

import hashlib
import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_spec_validator import validate
from sqlalchemy import Connection, insert

from api.dependencies import Parts
from api.schemas import examples
from darkroom.domain.identity import DEFAULT_LIBRARY, face_key, original_key, rendition_key
from darkroom.stores.state import schema
from darkroom.testing.people import add_person
from darkroom.testing.serving import add_duplicates, add_source, publish_photo
from tests.api.operations import Operation, document, operations

State = Callable[[], AbstractContextManager[Connection]]
SNAPSHOT = Path(__file__).parent / "openapi.json"
OPERATIONS = list(operations())
each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")


def described(operation: Operation) -> dict[str, Any]:
    return document()["paths"][operation.path][operation.method.lower()]  # type: ignore[no-any-return]


def test_the_document_changes_only_on_purpose() -> None:
    """After a change that is meant: `python -m tests.api.test_api_openapi` writes the snapshot anew."""
    found = json.loads(json.dumps(document(), sort_keys=True))
    kept = json.loads(SNAPSHOT.read_text())
    changed = {
        f"{part}.{name}"
        for part in ("paths", "components")
        for name in {**_flat(found[part]), **_flat(kept[part])}
        if _flat(found[part]).get(name) != _flat(kept[part]).get(name)
    }
    assert not changed, f"not as in {SNAPSHOT.name}: {sorted(changed)}"
    assert found == kept


def _flat(part: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}.{inner}": value for name, inners in part.items() for inner, value in inners.items()}


def test_the_document_is_valid_openapi_3_1() -> None:
    found = document()
    assert found["openapi"].startswith("3.1")
    validate(found)


@each
def test_an_operation_says_what_it_is_for(operation: Operation) -> None:
    found = described(operation)
    assert found["summary"]
    assert len(found["description"]) > 20
    assert found["operationId"]
    assert found["tags"]
    for parameter in found.get("parameters", []):
        assert parameter.get("description"), f"{parameter['name']} has no description"
    if "requestBody" in found:
        assert operation.bodies


@each
def test_an_operation_names_the_problems_it_may_answer(operation: Operation) -> None:
    found = described(operation)["responses"]
    assert "500" in found
    if operation.scopes:
        assert {"401", "403", "422", "429", "503"} <= set(found)
    shared = document()["components"]["responses"]
    for status, told in found.items():
        response = shared[told["$ref"].rpartition("/")[2]] if "$ref" in told else told
        if int(status) >= 400 and "application/problem+json" in response.get("content", {}):
            shown = response["content"]["application/problem+json"]
            assert shown["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
            assert shown["examples"]
            for example in shown["examples"].values():
                assert example["value"]["status"] == int(status)


def test_operation_ids_are_unique() -> None:
    ids = [described(operation)["operationId"] for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_every_field_is_described() -> None:
    missing = [
        f"{name}.{field}"
        for name, one in document()["components"]["schemas"].items()
        for field, told in one.get("properties", {}).items()
        if not told.get("description")
    ]
    assert not missing


@pytest.fixture
def things(state: State, parts: Parts) -> None:
    """What the examples name."""
    digest = hashlib.sha256(b"picture").hexdigest()
    for key in (key_of(DEFAULT_LIBRARY, digest) for key_of in (original_key, rendition_key, face_key)):
        parts.objects.put(key, b"picture", digest)
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", id=uuid.UUID(examples.SOURCE))
        photo = uuid.UUID(examples.PHOTO)
        publish_photo(
            connection, "a.jpg", content=b"picture", source_id=source, photo_id=photo, thumbnail_sha256=digest
        )
        add_person(connection, uuid.UUID(examples.PERSON), {uuid.UUID(examples.FACE): photo})
        add_person(connection, uuid.UUID(examples.PERSON), {uuid.uuid4(): publish_photo(connection, "b.jpg")})
        add_person(connection, uuid.UUID(examples.OTHER_PERSON), {uuid.uuid4(): publish_photo(connection, "c.jpg")})
        values = {"library_id": DEFAULT_LIBRARY, "kind": "import", "source_id": source, "state": "running"}
        connection.execute(insert(schema.requests).values(id=uuid.UUID(examples.IMPORT), **values))
        copy = publish_photo(connection, "a copy.jpg", photo_id=uuid.UUID(examples.OTHER_PHOTO))
        add_duplicates(connection, [photo, copy], group_id=uuid.UUID(examples.GROUP))


@each
def test_the_examples_work_and_answers_are_as_described(
    client: httpx.Client, parts: Parts, things: None, tmp_path: Path, operation: Operation
) -> None:
    parts.lake.query("CREATE TABLE IF NOT EXISTS marts.library_daily AS SELECT 1 AS photos")
    for number, body in enumerate(operation.bodies or (None,)):
        if operation.path == "/v1/sources" and body is not None:
            body["path"] = str(tmp_path)
        answer = operation.ask(client, number)
        assert answer.is_success, answer.text
        response = described(operation)["responses"][str(answer.status_code)]
        media = answer.headers["content-type"].partition(";")[0]
        assert any(media == one or (one == "image/*" and media.startswith("image/")) for one in response["content"])
        if media == "application/json":
            found = document()
            wanted = {**response["content"][media]["schema"], "components": found["components"]}
            jsonschema.Draft202012Validator(wanted).validate(answer.json())
    parts.lake.query("DROP TABLE marts.library_daily")


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
