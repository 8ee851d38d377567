"""Every table there is: the `Table`s of the modules beside this one. A snapshot of all contracts shows them."""

import pkgutil
from importlib import import_module

import darkroom.contracts
from darkroom.contracts.table import Table

NO_FAMILY = frozenset({"arrow", "catalogue", "columns", "dbt", "ddl", "index", "table"})
"""Modules that describe no table: the vocabulary and the derivations."""


def _found() -> tuple[Table, ...]:
    families = sorted({module.name for module in pkgutil.iter_modules(darkroom.contracts.__path__)} - NO_FAMILY)
    modules = [import_module(f"darkroom.contracts.{name}") for name in families]
    tables = [value for module in modules for value in vars(module).values() if isinstance(value, Table)]
    return tuple({one.name: one for one in tables}.values())


TABLES: tuple[Table, ...] = _found()


def table(name: str) -> Table:
    """The table called `name`. Raises `KeyError` naming the tables there are."""
    for candidate in TABLES:
        if candidate.name == name:
            return candidate
    raise KeyError(f"no table is called {name!r}; there are {', '.join(t.name for t in TABLES)}")
