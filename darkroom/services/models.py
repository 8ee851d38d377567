"""Models: which providers are installed for each task, which is chosen, and what each says about itself.

Belongs here: what can be said without loading any weights. Does not belong here: finding a provider
(`inference.registry`), or how far its work has come (state, and `model_runs` in the lake).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint
from typing import Any

from darkroom.domain.outputs import DOCUMENT_OUTPUT
from darkroom.inference.registry import TASKS, Installed, ProviderUnknown, Task, entries, provider
from darkroom.services.versions import versions_of
from darkroom.settings import InferenceSettings

BUNDLED = "darkroom"
"""The package whose providers have their model cards in `docs/models`."""


@dataclass(frozen=True)
class Package:
    """The package a provider came in."""

    name: str
    version: str
    licence: str | None


@dataclass(frozen=True)
class Model:
    """A provider that is installed, or one that settings name and that cannot be used: `fault` says why, what to do.

    `version` is that of its output: null, too, while another provider that it depends on cannot be had.
    """

    task: str
    name: str
    output: str
    configured: bool
    fault: str | None = None
    version: str | None = None
    code_version: str | None = None
    weights_digest: str | None = None
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    dimensions: int | None = None
    package: Package | None = None
    card: str | None = None


def models(inference: InferenceSettings) -> Iterator[Model]:
    """Every model, by task in the order they are used, then by name; absent ones when settings name them."""
    for task in TASKS:
        points = entries(task)
        chosen = getattr(inference, task.name)
        for name in sorted({*points, chosen}):
            yield _described(task, name, points.get(name), inference)


def _described(task: Task, name: str, point: EntryPoint | None, inference: InferenceSettings) -> Model:
    facts: dict[str, Any] = {
        "task": task.name,
        "name": name,
        "output": task.output,
        "configured": getattr(inference, task.name) == name,
        "package": _package(point.dist) if point and point.dist else None,
        "card": f"docs/models/{name}.md" if point and point.dist and point.dist.name == BUNDLED else None,
    }
    try:
        found = provider(task, name)
        said = {
            "code_version": found.make.code_version,
            "weights_digest": found.make.weights_digest(),
            "parameters": dict(found.make.parameters()),
            "dimensions": getattr(found.make, "dimensions", None),
            "version": _version(task, found, inference),
        }
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; the others are listed all the same
        return Model(**facts, fault=str(error) or type(error).__name__)
    return Model(**facts, **said)


def _version(task: Task, found: Installed[Any], inference: InferenceSettings) -> str | None:
    """The version of the output that settings with this provider would have."""
    if task.output != DOCUMENT_OUTPUT:
        return found.version
    try:
        return versions_of(inference.model_copy(update={task.name: found.name}))[task.output].version
    except ProviderUnknown:
        return None


def _package(found: Distribution) -> Package:
    facts = found.metadata.json
    licence = facts.get("license_expression") or facts.get("license")
    return Package(found.name, found.version, str(licence) if licence else None)
