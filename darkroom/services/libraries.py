"""Libraries: what an installation's settings decide about them.

Belongs here: what is told to libraries at every start. Does not belong here: who may see one (`security`), SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from sqlalchemy import Engine

from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.stores.state import libraries


class SettingFault(ValueError):
    """A setting names what does not exist."""


def switch_outputs(engine: Engine, off: Set[str] | None, of_library: Mapping[str, Set[str]]) -> None:
    """Has a library get all outputs but those that `of_library` has under its name, whatever its case; else but `off`.

    With neither, a library keeps what it was told before. `engine` is the owner's. Photos without an output that is on
    again are found and refilled. Raises `SettingFault` for what is no output of a model, or no library.
    """
    if unknown := set().union(off or (), *of_library.values()) - MODEL_OUTPUTS:
        told, known = ", ".join(sorted(unknown)), ", ".join(sorted(MODEL_OUTPUTS))
        raise SettingFault(f"outputs_off, of all or of one library, names {told}; what can be switched off: {known}")
    named = {name.casefold(): set(given) for name, given in of_library.items()}
    with engine.begin() as connection:
        names = libraries.names(connection)
        if strange := named.keys() - {name.casefold() for name in names.values()}:
            told, known = ", ".join(sorted(strange)), ", ".join(sorted(names.values()))
            raise SettingFault(f"libraries names {told}, but there is no library called so; there are: {known}")
        for library_id, name in names.items():
            wanted = named.get(name.casefold(), off)
            if wanted is not None:
                libraries.switch_outputs(connection, library_id, sorted(wanted))
