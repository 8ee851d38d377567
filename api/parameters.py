"""Query parameters nobody declared are refused: a misspelt `filter` would show everything instead of a part."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.problems import INVALID, Problem


class KnownParameters:
    """A dependency of every route with a key; it looks at each route's declarations once."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], frozenset[str]] = {}

    async def __call__(self, request: Request) -> None:
        """Raises `Problem` (422) naming the parameters the route does not have."""
        if not request.query_params:
            return
        unknown = sorted(set(request.query_params) - self._declared(request.scope["route"]))
        if unknown:
            errors = [{"parameter": name, "detail": "there is no such parameter"} for name in unknown]
            raise Problem(INVALID, f"{len(unknown)} parameters do not exist here.", errors=errors)

    def _declared(self, route: APIRoute) -> frozenset[str]:
        key = (route.path, route.name)
        if key not in self._names:
            self._names[key] = frozenset(_query_names(route.dependant))
        return self._names[key]


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _query_names(inner)
