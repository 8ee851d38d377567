"""The API under generated requests: none makes it fail, or answer what its document does not say."""

import hashlib
import uuid

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS
from sqlalchemy import Engine, insert

from api.dependencies import Parts
from api.schemas import examples
from darkroom.domain.identity import DEFAULT_LIBRARY, original_key
from darkroom.stores.state import schema
from darkroom.testing.serving import add_source, publish_photo
from tests.api.conftest import MakeKey, empty
from tests.api.operations import document

DOCUMENT = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def key(owner: Engine, parts: Parts, make_key: MakeKey) -> str:
    """A key to a library that holds what the document's examples name."""
    digest = hashlib.sha256(b"picture").hexdigest()
    parts.objects.put(original_key(DEFAULT_LIBRARY, digest), b"picture", digest)
    with owner.begin() as connection:
        empty(connection)
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", id=uuid.UUID(examples.SOURCE))
        photo = uuid.UUID(examples.PHOTO)
        publish_photo(connection, "a.jpg", content=b"picture", source_id=source, photo_id=photo)
        ended = {"library_id": DEFAULT_LIBRARY, "kind": "import", "source_id": source, "state": "succeeded"}
        connection.execute(insert(schema.requests).values(id=uuid.UUID(examples.IMPORT), **ended))
    return make_key("admin")


@DOCUMENT.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_generated_requests_are_answered_as_the_document_says(case: schemathesis.Case, address: str, key: str) -> None:
    # A schema cannot say which cursors were handed out, what a filter may name, or which folders there are.
    case.call_and_validate(
        base_url=address,
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
        excluded_checks=[CHECKS.get_one("positive_data_acceptance")],
    )
