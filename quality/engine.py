"""Great Expectations, loaded once per process and as cheaply as it goes.

Belongs here: loading and configuring the library. Does not belong here: what is expected (`derive`) or run (`gate`).
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_UNUSED = ("altair", "scipy.stats")
"""Half of the library's import time and 75 MB, needed only by distribution expectations and their charts."""

_loading = threading.Lock()


def library() -> Any:
    """The `great_expectations` module. The first call takes about a CPU second, later ones nothing; thread-safe."""
    with _loading:
        return _library()


@functools.cache
def _library() -> Any:
    with _deferred(_UNUSED):
        gx = importlib.import_module("great_expectations")
        importlib.import_module("great_expectations.expectations")
    return gx


@functools.cache
def expectation(name: str) -> Any:
    """The library's expectation class of that name, as one that derives its configuration once.

    The library asks an expectation for it some forty times per evaluation, and derives it anew each time: a third of
    what a gate costs.
    """
    from great_expectations.compatibility.pydantic import PrivateAttr

    base = getattr(library().expectations, name)

    def configuration(self: Any) -> Any:
        if self._derived is None:
            self._derived = base.configuration.fget(self)
        return self._derived

    # The library registers a class under its name as it is made, and looks it up there to evaluate.
    attributes = {"__module__": __name__, "_derived": PrivateAttr(None), "configuration": property(configuration)}
    return type(base)(f"{name}Derived", (base,), attributes)


def preload() -> threading.Thread:
    """Starts loading in the background, so that the first gate of a run need not wait; returns the thread."""
    thread = threading.Thread(target=library, name="load-expectations", daemon=True)
    thread.start()
    return thread


@contextmanager
def _deferred(names: tuple[str, ...]) -> Iterator[None]:
    """While importing others, `names` not yet loaded are stand-ins that load the real module when first used."""
    stand_ins = {name: _stand_in(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def _stand_in(name: str) -> types.ModuleType:
    module = types.ModuleType(name)

    def load(attribute: str) -> Any:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    module.__getattr__ = load  # type: ignore[method-assign]
    return module
