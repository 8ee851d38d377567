"""Libraries: what an installation's settings decide about them.

Belongs here: what is told to libraries at every start. Does not belong here: who may see one (`security`), SQL.
"""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import Engine

from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.stores.state import libraries


def switch_outputs(engine: Engine, off: Set[str] | None) -> None:
    """Has no library get these outputs, and every library all others; with `None` each keeps what it was told before.

    `engine` is the owner's. Photos without an output that is on again are found and refilled. Raises `ValueError` for
    what is no output of a model.
    """
    if off is None:
        return
    if unknown := off - MODEL_OUTPUTS:
        known = ", ".join(sorted(MODEL_OUTPUTS))
        raise ValueError(f"outputs_off names {', '.join(sorted(unknown))}; what can be switched off: {known}")
    with engine.begin() as connection:
        for library_id in libraries.library_ids(connection):
            libraries.switch_outputs(connection, library_id, sorted(off))
