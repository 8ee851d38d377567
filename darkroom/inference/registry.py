"""The door through which AI providers come in: entry points, the same for built-ins and plugins.

Belongs here: finding a provider by task and name, and the version of what it computes.
Does not belong here: any provider (`providers/`), choosing one (settings), running one (`pool.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from darkroom.domain.identity import output_version
from darkroom.sdk.tasks import TextReader

TEXT_READERS = "darkroom.text_readers"


class ProviderUnknown(LookupError):
    """No usable provider has this name; the message says which there are."""


@dataclass(frozen=True)
class TextReaderProvider:
    """An installed reader of text: its name, the version of its output, and the class to make one from."""

    name: str
    version: str
    make: type[TextReader]


def installed_text_readers() -> dict[str, EntryPoint]:
    """Entry points of the text readers in this environment, by name. Nothing is imported."""
    return {point.name: point for point in entry_points(group=TEXT_READERS)}


def text_reader(name: str) -> TextReaderProvider:
    """The reader called `name`; its module is imported, its weights are hashed but not loaded.

    Raises `ProviderUnknown` when there is none, or when it cannot be imported or calls itself something else.
    """
    installed = installed_text_readers()
    if name not in installed:
        there_are = ", ".join(sorted(installed)) or "none"
        raise ProviderUnknown(
            f"no text reader is called {name!r} (installed: {there_are}); set inference.text_reader to one of these, "
            f"or install the package that brings {name!r} under the entry point group {TEXT_READERS}"
        )
    try:
        make: type[TextReader] = installed[name].load()
    except (ImportError, AttributeError) as error:
        raise ProviderUnknown(
            f"the text reader {name!r} ({installed[name].value}) cannot be loaded: {error}"
        ) from error
    if make.name != name:
        raise ProviderUnknown(f"the entry point {name!r} leads to a text reader that calls itself {make.name!r}")
    version = output_version(make.name, make.code_version, make.weights_digest(), make.parameters())
    return TextReaderProvider(name, version, make)
