"""The door through which AI providers come in: entry points, the same for built-ins and plugins and for every task.

Belongs here: finding a provider by task and name, and the version of what it computes.
Does not belong here: any provider (`providers/`), choosing one (settings), running one (`pool.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import Any, Generic, TypeVar

from darkroom.domain.identity import output_version
from darkroom.domain.outputs import DOCUMENT_OUTPUT
from darkroom.sdk.tasks import FaceFinder, ImageEmbedder, Provider, TextEmbedder, TextReader

P = TypeVar("P", bound=Provider)

TEXT_READERS = "darkroom.text_readers"
FACE_FINDERS = "darkroom.face_finders"
IMAGE_EMBEDDERS = "darkroom.image_embedders"
TEXT_EMBEDDERS = "darkroom.text_embedders"


@dataclass(frozen=True)
class Task:
    """A kind of work: called like the setting that chooses its provider, the group of entry points, what it makes."""

    name: str
    group: str
    output: str

    @property
    def noun(self) -> str:
        """What a provider of it is called in a sentence."""
        return self.name.replace("_", " ")


_TEXT_READER = Task("text_reader", TEXT_READERS, "texts")
_FACE_FINDER = Task("face_finder", FACE_FINDERS, "faces")
_IMAGE_EMBEDDER = Task("image_embedder", IMAGE_EMBEDDERS, "embeddings.visual")
_TEXT_EMBEDDER = Task("text_embedder", TEXT_EMBEDDERS, DOCUMENT_OUTPUT)

TASKS = (_TEXT_READER, _FACE_FINDER, _IMAGE_EMBEDDER, _TEXT_EMBEDDER)


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
    return provider(_TEXT_READER, name)


def face_finder(name: str) -> Installed[FaceFinder]:
    """The finder of faces called `name`. Raises `ProviderUnknown`."""
    return provider(_FACE_FINDER, name)


def image_embedder(name: str) -> Installed[ImageEmbedder]:
    """The embedder of pictures called `name`. Raises `ProviderUnknown`."""
    return provider(_IMAGE_EMBEDDER, name)


def text_embedder(name: str) -> Installed[TextEmbedder]:
    """The embedder of texts called `name`. Raises `ProviderUnknown`."""
    return provider(_TEXT_EMBEDDER, name)


@cache
def entry_points(group: str) -> tuple[EntryPoint, ...]:
    """What is installed under a group: looked for once, since it takes longer than anything else here."""
    return tuple(metadata.entry_points(group=group))


def entries(task: Task) -> dict[str, EntryPoint]:
    """What is installed for a task, by name; nothing is imported."""
    return {point.name: point for point in entry_points(group=task.group)}


def provider(task: Task, name: str) -> Installed[Any]:
    """The provider of a task: its module is imported, its weights are hashed but not loaded.

    Raises `ProviderUnknown` when there is none, or when it cannot be imported or calls itself something else.
    """
    points, noun = entries(task), task.noun
    if name not in points:
        there_are = ", ".join(sorted(points)) or "none"
        raise ProviderUnknown(
            f"no {noun} is called {name!r} (installed: {there_are}); set inference.{task.name} to one of these, "
            f"or install the package that brings {name!r} under the entry point group {task.group}"
        )
    try:
        make: type[Provider] = points[name].load()
    except (ImportError, AttributeError) as error:
        raise ProviderUnknown(f"the {noun} {name!r} ({points[name].value}) cannot be loaded: {error}") from error
    if make.name != name:
        raise ProviderUnknown(f"the entry point {name!r} leads to a {noun} that calls itself {make.name!r}")
    version = output_version(make.name, make.code_version, make.weights_digest(), make.parameters())
    return Installed(name, version, make)
