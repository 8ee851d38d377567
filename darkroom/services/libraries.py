"""Libraries: what an installation's settings decide about them.

Belongs here: what is told to libraries at every start. Does not belong here: who may see one (`security`), SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from sqlalchemy import Engine

from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.stores.state import libraries


def switch_outputs(engine: Engine, off: Set[str] | None, of_library: Mapping[str, Set[str]]) -> None:
    """Has a library get all outputs but those that `of_library` has under its name, whatever its case; else but `off`.

    With neither, a library keeps what it was told before. `engine` is the owner's. Photos without an output that is on
    again are found and refilled. Raises `ValueError` for what is no output of a model, or no library.
    """
    if unknown := set().union(off or (), *of_library.values()) - MODEL_OUTPUTS:
        known = ", ".join(sorted(MODEL_OUTPUTS))
        raise ValueError(f"outputs_off names {', '.join(sorted(unknown))}; what can be switched off: {known}")
    named = {name.casefold(): set(given) for name, given in of_library.items()}
    with engine.begin() as connection:
        names = libraries.names(connection)
        if strange := named.keys() - {name.casefold() for name in names.values()}:
            there = ", ".join(sorted(names.values()))
            raise ValueError(f"there is no library called {', '.join(sorted(strange))}; there are: {there}")
        for library_id, name in names.items():
            wanted = named.get(name.casefold(), off)
            if wanted is not None:
                libraries.switch_outputs(connection, library_id, sorted(wanted))
