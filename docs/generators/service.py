"""Pages about the API: its routes, its problems, and the fields of filters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from api.app import create_app
from api.problems import REGISTRY
from darkroom.domain import filters as grammar
from darkroom.domain.fields import ALIASES, FIELDS, OUTPUT_STATES, Kind
from darkroom.security.callers import SCOPES
from darkroom.settings import Settings
from docs.generators.markdown import code, codes, grid

NEVER = Path("/nonexistent")
"""The home of an application that is only looked at."""

ORDER = ("=", "!=", "<", "<=", ">", ">=")


def filters() -> Iterator[str]:
    """The fields of filters, from `darkroom/domain/fields.py`."""
    yield "Fields of `filter=`, and the operators each takes. Where the search index does not hold a field, a search"
    yield "asks the database first which photos the whole filter accepts. How to write a filter is told in"
    yield "[Search](../search.md).\n"
    rows = [
        (code(one.name), one.kind, _operators(one.kind), "yes" if one.indexed else "no", one.description)
        for one in FIELDS.values()
    ]
    rows += [
        (code("year"), Kind.NUMBER, codes(ORDER), "yes", "Year of `taken_at`."),
        (code("outputs.<name>"), Kind.STATE, codes(ORDER[:2]), "no", f"State of an output: {codes(OUTPUT_STATES)}."),
        *((code(name), FIELDS[field].kind, "", "", f"The same as {code(field)}.") for name, field in ALIASES.items()),
    ]
    yield from grid(("field", "kind", "operators", "in the index", "meaning"), rows)
    yield f"\nA filter has at most {grammar.LONGEST:,} characters, {grammar.MOST_CONDITIONS} conditions and"
    yield f"{grammar.DEEPEST} levels of parentheses and NOT."


def _operators(kind: Kind) -> str:
    """Those the parser accepts, found by asking it."""
    (name, *_) = (field.name for field in FIELDS.values() if field.kind is kind)
    value = {Kind.TIME: "2019", Kind.IDENTIFIER: "00000000-0000-4000-8000-000000000000"}.get(kind, "1")
    return codes(sign for sign in (*ORDER, ":") if _accepted(f"{name} {sign} {value}")) or f"only {code(name + ':*')}"


def _accepted(filter: str) -> bool:
    try:
        grammar.parse(filter)
    except grammar.FilterError:
        return False
    return True


def problems() -> Iterator[str]:
    """The registry of problems, from `api/problems.py`."""
    yield "Every error of the API is a problem document (RFC 9457). Its `type` is one of these; a running API describes"
    yield "them at the same addresses.\n"
    rows = [(code(one.uri), str(one.status), one.title, one.meaning) for one in REGISTRY.values()]
    yield from grid(("type", "status", "title", "what to do"), rows)


def routes() -> Iterator[str]:
    """Routes and the scopes they need, from the API's own document."""
    yield "The API's routes. Parameters, bodies and examples are in its own reference, at `/docs` of a running API."
    yield f"Scopes a key can have: {codes(SCOPES)}. `admin` includes the others.\n"
    rows = []
    for path, methods in create_app(Settings(home=NEVER)).openapi()["paths"].items():
        for method, told in methods.items():
            needed = [scope for one in told.get("security", []) for scopes in one.values() for scope in scopes]
            rows.append((code(f"{method.upper()} {path}"), codes(needed) or "no key", told["summary"]))
    yield from grid(("route", "scope", "meaning"), rows)
