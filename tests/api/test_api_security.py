"""Every route against every principal, generated from the routes there are: a new one is checked at once."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Connection, insert

from api.app import routers
from api.schemas import examples
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.security.callers import SCOPES
from darkroom.security.keys import digest, generate
from darkroom.stores.state import keys, schema
from darkroom.testing.serving import add_duplicates, add_library, add_source, publish_photo
from tests.api.operations import Operation, operations

State = Callable[[], AbstractContextManager[Connection]]
PUBLIC = {"/", "/signin", "/livez", "/readyz", "/metrics", "/docs", "/problems", "/problems/{slug}"}


OPERATIONS = list(operations())
KEYED = [one for one in OPERATIONS if one.path not in PUBLIC]
each_keyed = pytest.mark.parametrize("operation", KEYED, ids=lambda one: f"{one.method} {one.path}")


@pytest.fixture(scope="module")
def outsider(make_key: Callable[..., str], owner: Any, client_of: Callable[[str], httpx.Client]) -> httpx.Client:
    """Someone with a library of their own and every scope there is."""
    with owner.begin() as connection:
        user = keys.add_user(connection, "outsider")
        add_library(connection, user)
    return client_of(make_key(*SCOPES, user_id=user))


@pytest.fixture
def things(state: State) -> None:
    """What the examples name, in the default library."""
    with state() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", id=uuid.UUID(examples.SOURCE))
        publish_photo(connection, "a.jpg", source_id=source, photo_id=uuid.UUID(examples.PHOTO))
        values = {"library_id": DEFAULT_LIBRARY, "kind": "import", "source_id": source}
        connection.execute(insert(schema.requests).values(id=uuid.UUID(examples.IMPORT), **values))
        copy = publish_photo(connection, "a copy.jpg", photo_id=uuid.UUID(examples.OTHER_PHOTO))
        add_duplicates(connection, [uuid.UUID(examples.PHOTO), copy], group_id=uuid.UUID(examples.GROUP))


def problem(answer: httpx.Response, status: int, slug: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug}"


def test_every_route_is_in_the_document() -> None:
    routes = [route for router in routers() for route in router.routes]
    assert all(isinstance(route, APIRoute) and route.include_in_schema for route in routes)
    listed = {(method, route.path) for route in routes for method in route.methods}  # type: ignore[attr-defined]
    assert listed == {(one.method, one.path) for one in OPERATIONS}


def test_every_route_needs_a_scope_but_those_that_say_nothing_about_anyone() -> None:
    assert {one.path for one in OPERATIONS if not one.scopes} == PUBLIC
    assert all(set(one.scopes) <= set(SCOPES) for one in KEYED)
    assert len(KEYED) >= 15


@each_keyed
def test_without_a_key_nothing_is_answered(anonymous: httpx.Client, operation: Operation) -> None:
    answer = operation.ask(anonymous)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@each_keyed
@pytest.mark.parametrize("sent", ["unknown", "malformed", "basic", "query", "revoked", "expired"])
def test_without_a_good_key_nothing_is_answered(
    anonymous: httpx.Client, make_key: Callable[..., str], operation: Operation, sent: str
) -> None:
    good = make_key("admin")
    headers = {
        "unknown": f"Bearer {generate()}",
        "malformed": "Bearer dk_x' OR 1=1",
        "basic": f"Basic {good}",
        "query": "",
        "revoked": f"Bearer {make_key('admin', revoked=True)}",
        "expired": f"Bearer {make_key('admin', expires_at=datetime.now(UTC) - timedelta(seconds=1))}",
    }[sent]
    problem(operation.ask(anonymous, Authorization=headers), 401, "unauthenticated")


@each_keyed
def test_every_other_scope_together_is_not_enough(
    anonymous: httpx.Client, make_key: Callable[..., str], operation: Operation
) -> None:
    others = [scope for scope in SCOPES if scope not in (*operation.scopes, "admin")]
    answer = operation.ask(anonymous, Authorization=f"Bearer {make_key(*others)}")
    problem(answer, 403, "forbidden")


@each_keyed
def test_the_scope_alone_is_enough(
    anonymous: httpx.Client, make_key: Callable[..., str], things: None, operation: Operation
) -> None:
    answer = operation.ask(anonymous, Authorization=f"Bearer {make_key(*operation.scopes)}")
    assert answer.status_code not in (401, 403)
    assert answer.status_code < 500 or answer.status_code == 503


@each_keyed
def test_a_strangers_things_do_not_exist(outsider: httpx.Client, things: None, operation: Operation) -> None:
    answer = operation.ask(outsider)
    if operation.names_something:
        problem(answer, 404, "not-found")
    else:
        # An answer may repeat what it was asked; it may not tell what is there.
        assert examples.LIBRARY not in answer.text
        assert str(uuid.UUID(examples.PHOTO)) not in answer.text or "detail" in answer.json()


@each_keyed
def test_a_key_stops_working_the_moment_it_is_revoked(
    anonymous: httpx.Client, owner: Any, make_key: Callable[..., str], operation: Operation
) -> None:
    key = make_key("admin")
    sent = {"Authorization": f"Bearer {key}"}
    assert operation.ask(anonymous, **sent).status_code != 401
    with owner.begin() as connection:
        connection.execute(
            schema.api_keys.update().where(schema.api_keys.c.digest == digest(key)).values(revoked_at=datetime.now(UTC))
        )
    problem(operation.ask(anonymous, **sent), 401, "unauthenticated")
