"""Which tokens are accepted, and which requests a cookie may sign."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from darkroom.security.callers import ADMIN, SCOPES
from darkroom.security.keys import digest
from darkroom.security.sessions import (
    PAGE_SCOPES,
    SessionRefused,
    StoredSession,
    accept,
    comes_from_the_page,
    generate,
    well_formed,
)

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
OWN = "http://127.0.0.1:8360"


def stored(token: str, **values: object) -> StoredSession:
    row = {
        "session_id": uuid.UUID(int=1),
        "key_id": uuid.UUID(int=2),
        "user_id": uuid.UUID(int=3),
        "digest": digest(token),
        "scopes": ("photos:read",),
        "expires_at": NOW + timedelta(seconds=1),
        "ended_at": None,
        "libraries": (uuid.UUID(int=4),),
    }
    return StoredSession(**{**row, **values})  # type: ignore[arg-type]


def test_a_token_is_random_and_fits_an_address() -> None:
    tokens = {generate() for _ in range(100)}
    assert len(tokens) == 100
    assert all(well_formed(token) for token in tokens)
    assert not any(well_formed(token) for token in ("", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\n"))


def test_a_session_is_a_caller_who_names_it() -> None:
    token = generate()
    caller = accept(stored(token), token, NOW)
    assert caller.session_id == uuid.UUID(int=1)
    assert caller.key_id == uuid.UUID(int=2)
    assert caller.may("photos:read")
    assert not caller.may("imports:write")


def test_a_session_that_is_unknown_ended_or_expired_is_refused() -> None:
    token = generate()
    for found, reason in (
        (None, "unknown"),
        (stored(generate()), "unknown"),
        (stored(token, ended_at=NOW - timedelta(days=1)), "ended"),
        (stored(token, expires_at=NOW), "expired"),
    ):
        with pytest.raises(SessionRefused, match=reason):
            accept(found, token, NOW)


def test_a_page_may_neither_register_folders_nor_make_keys() -> None:
    assert set(PAGE_SCOPES) < set(SCOPES)
    assert {ADMIN, "sources:write"}.isdisjoint(PAGE_SCOPES)


@pytest.mark.parametrize(
    ("method", "site", "origin", "believed"),
    [
        ("GET", "same-origin", None, True),
        ("GET", "none", None, True),  # typed into the address bar
        ("GET", None, None, True),  # a plain address: browsers say nothing there
        ("GET", "same-site", None, False),  # another port of this host
        ("GET", "cross-site", None, False),
        ("POST", "same-origin", OWN, True),
        ("POST", "same-origin", None, True),
        ("POST", None, OWN, True),
        ("POST", None, None, False),
        ("POST", None, "null", False),
        ("POST", None, "http://127.0.0.1:8361", False),
        ("POST", None, "https://127.0.0.1:8360", False),
        ("POST", None, "http://127.0.0.1:8360.evil.example", False),
        ("POST", "none", OWN, False),
        ("POST", "same-site", OWN, False),
        ("POST", "cross-site", OWN, False),
        ("POST", "nonsense", OWN, False),
        ("DELETE", None, None, False),
        ("PATCH", "cross-site", None, False),
        ("GET", None, "http://evil.example", False),
    ],
)
def test_only_the_own_page_is_believed(method: str, site: str | None, origin: str | None, believed: bool) -> None:
    assert comes_from_the_page(method, site, origin, OWN) is believed
