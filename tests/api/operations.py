"""The API's routes as its own document describes them, ready to be asked for with their examples."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

from api.app import create_app
from darkroom.settings import Settings
from darkroom.testing.conformance.embedders import scene
from darkroom.testing.readers import jpeg

BYTES = "application/octet-stream"
"""Media type of bodies that are files: they have no example, and are asked with a picture."""


@cache
def picture() -> bytes:
    """A picture, encoded."""
    return jpeg(scene(1))


@dataclass(frozen=True)
class Operation:
    """One route and method."""

    method: str
    path: str
    scopes: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    bodies: tuple[Any, ...] = ()
    media: str = "application/json"

    def ask(self, client: httpx.Client, body: int = 0, **headers: str) -> httpx.Response:
        """Asks for it with the example of every required parameter and of the body; events are not waited for."""
        with client.stream(
            self.method,
            self.path.format(**self.parameters),
            params={name: value for name, value in self.parameters.items() if "{" + name + "}" not in self.path},
            headers=headers | ({"Content-Type": BYTES} if self.media == BYTES else {}),
            **({"content" if self.media == BYTES else "json": self.bodies[body]} if self.bodies else {}),
        ) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
        return answer

    @property
    def names_something(self) -> bool:
        """Whether its path names one thing of one library."""
        return "_id}" in self.path


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return create_app(Settings(home="/nowhere")).openapi()


def operations() -> Iterator[Operation]:
    """Every operation. One without examples for what it requires is a `LookupError`."""
    found = document()
    for path, methods in found["paths"].items():
        for method, described in methods.items():
            scopes = [scope for one in described.get("security", []) for scopes in one.values() for scope in scopes]
            parameters = {one["name"]: _example(one) for one in described.get("parameters", []) if one["required"]}
            media = next(iter(described.get("requestBody", {}).get("content", {})), "application/json")
            bodies = (picture(),) if media == BYTES else tuple(_bodies(described, found))
            yield Operation(method.upper(), path, tuple(scopes), parameters, bodies, media)


def _example(parameter: dict[str, Any]) -> Any:
    schema = parameter["schema"]
    shown = schema.get("examples") or parameter.get("examples") or schema.get("enum")
    if not shown:
        raise LookupError(f"the parameter {parameter['name']} has no example")
    return next(iter(shown.values()))["value"] if isinstance(shown, dict) else shown[0]


def _bodies(described: dict[str, Any], found: dict[str, Any]) -> Iterator[Any]:
    if "requestBody" not in described:
        return
    content = described["requestBody"]["content"]["application/json"]
    yield from (one["value"] for one in content.get("examples", {}).values())
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    yield from found["components"]["schemas"].get(name, {}).get("examples", [])
