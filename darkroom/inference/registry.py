"""The door through which AI providers come in: entry points, the same for built-ins and plugins and for every task.

Belongs here: finding a provider by task and name, and the version of what it computes.
Does not belong here: any provider (`providers/`), choosing one (settings), running one (`pool.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from darkroom.domain.identity import output_version
from darkroom.sdk.tasks import FaceFinder, ImageEmbedder, Provider, TextEmbedder, TextReader

P = TypeVar("P", bound=Provider)

TEXT_READERS = "darkroom.text_readers"
FACE_FINDERS = "darkroom.face_finders"
IMAGE_EMBEDDERS = "darkroom.image_embedders"
TEXT_EMBEDDERS = "darkroom.text_embedders"


class ProviderUnknown(LookupError):
    """No usable provider has this name; the message says which there are."""


@dataclass(frozen=True)
class Installed(Generic[P]):
    """An installed provider: its name, the version of its output, and the class to make one from."""

    name: str
    version: str
    make: type[P]


def text_reader(name: str) -> Installed[TextReader]:
    """The reader of text called `name`. Raises `ProviderUnknown`."""
    return _find(TEXT_READERS, "text reader", "text_reader", name)


def face_finder(name: str) -> Installed[FaceFinder]:
    """The finder of faces called `name`. Raises `ProviderUnknown`."""
    return _find(FACE_FINDERS, "face finder", "face_finder", name)


def image_embedder(name: str) -> Installed[ImageEmbedder]:
    """The embedder of pictures called `name`. Raises `ProviderUnknown`."""
    return _find(IMAGE_EMBEDDERS, "image embedder", "image_embedder", name)


def text_embedder(name: str) -> Installed[TextEmbedder]:
    """The embedder of texts called `name`. Raises `ProviderUnknown`."""
    return _find(TEXT_EMBEDDERS, "text embedder", "text_embedder", name)


def _find(group: str, noun: str, setting: str, name: str) -> Installed[P]:
    """The provider of a task: its module is imported, its weights are hashed but not loaded.

    Raises `ProviderUnknown` when there is none, or when it cannot be imported or calls itself something else.
    """
    points: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=group)}
    if name not in points:
        there_are = ", ".join(sorted(points)) or "none"
        raise ProviderUnknown(
            f"no {noun} is called {name!r} (installed: {there_are}); set inference.{setting} to one of these, "
            f"or install the package that brings {name!r} under the entry point group {group}"
        )
    try:
        make: type[P] = points[name].load()
    except (ImportError, AttributeError) as error:
        raise ProviderUnknown(f"the {noun} {name!r} ({points[name].value}) cannot be loaded: {error}") from error
    if make.name != name:
        raise ProviderUnknown(f"the entry point {name!r} leads to a {noun} that calls itself {make.name!r}")
    version = output_version(make.name, make.code_version, make.weights_digest(), make.parameters())
    return Installed(name, version, make)
