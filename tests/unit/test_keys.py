"""Keys without a database: their form, and when one is accepted."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from darkroom.security.callers import SCOPES
from darkroom.security.keys import KeyRefused, StoredKey, accept, check_scopes, digest, generate, well_formed

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def stored(key: str, **changes: object) -> StoredKey:
    facts: dict[str, object] = {
        "key_id": uuid.UUID(int=1),
        "user_id": uuid.UUID(int=2),
        "digest": digest(key),
        "scopes": ("photos:read",),
        "expires_at": None,
        "revoked_at": None,
        "libraries": (uuid.UUID(int=3),),
    }
    return StoredKey(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_new_key_is_well_formed_and_never_the_same() -> None:
    made = {generate() for _ in range(100)}
    assert len(made) == 100
    assert all(well_formed(key) for key in made)


@pytest.mark.parametrize("text", ["", "dk_", "dk_short", "xx_" + "a" * 43, "dk_" + "a" * 44, "dk_" + "ü" * 43])
def test_what_is_no_key_is_recognised_without_looking_it_up(text: str) -> None:
    assert not well_formed(text)


def test_the_digest_does_not_show_the_key() -> None:
    key = generate()
    assert len(digest(key)) == 64
    assert key not in digest(key)
    assert digest(key) != digest(generate())


def test_a_good_key_gives_its_caller() -> None:
    key = generate()
    caller = accept(stored(key, expires_at=NOW + timedelta(seconds=1)), key, NOW)
    assert caller.user_id == uuid.UUID(int=2)
    assert caller.libraries == (uuid.UUID(int=3),)
    assert caller.may("photos:read")
    assert not caller.may("imports:write")
    assert not caller.may("admin")


def test_an_administrator_may_everything() -> None:
    key = generate()
    caller = accept(stored(key, scopes=("admin",)), key, NOW)
    assert all(caller.may(scope) for scope in SCOPES)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"revoked_at": NOW - timedelta(days=1)}, "revoked"),
        ({"expires_at": NOW}, "expired"),
        ({"expires_at": NOW - timedelta(days=1)}, "expired"),
        ({"digest": digest("dk_another")}, "unknown"),
    ],
)
def test_a_key_that_is_no_longer_good_is_refused(changes: dict[str, object], reason: str) -> None:
    key = generate()
    with pytest.raises(KeyRefused, match=reason):
        accept(stored(key, **changes), key, NOW)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(KeyRefused, match="unknown"):
        accept(None, generate(), NOW)


def test_a_refusal_does_not_repeat_the_key() -> None:
    key = generate()
    with pytest.raises(KeyRefused) as refusal:
        accept(stored(key, revoked_at=NOW), key, NOW)
    assert key not in str(refusal.value)


def test_scopes_that_do_not_exist_are_named() -> None:
    with pytest.raises(ValueError, match="photos:write"):
        check_scopes(frozenset({"photos:read", "photos:write"}))
    with pytest.raises(ValueError, match="none"):
        check_scopes(frozenset())
