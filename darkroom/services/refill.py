"""Refilling holes: photos that lack an output at the version that counts become batches, at a bounded rate.

Belongs here: choosing the holes of a library. Does not belong here: when to look (`orchestration`).
"""

from __future__ import annotations

from uuid import UUID

from darkroom.domain.states import BATCH_UNFINISHED
from darkroom.services.platform import Platform
from darkroom.services.versions import declare_versions
from darkroom.stores.state import batches, libraries, outputs

PRIORITY = -10
"""Below any import: holes are filled when nothing else waits."""


def refill(platform: Platform, limit: int) -> list[UUID]:
    """Freezes at most one batch of `limit` photos per library, and none while one is unfinished; returns their ids.

    What this installation computes is declared first, so that a new version makes its holes at once.
    """
    frozen = []
    with platform.state.begin() as connection:
        known = libraries.library_ids(connection)
    for library_id in known:
        declare_versions(platform, library_id)
    with platform.state.begin() as connection:
        busy = {batch.library_id for batch in batches.in_state(connection, *BATCH_UNFINISHED) if batch.kind == "refill"}
        for library_id in known:
            if library_id in busy:
                continue
            off = outputs.outputs_off(connection, library_id)
            if holes := outputs.holes(connection, library_id, off, limit):
                items = [(file_id, photo_id) for photo_id, file_id in holes]
                frozen.append(
                    batches.freeze(
                        connection,
                        library_id=library_id,
                        request_id=None,
                        kind="refill",
                        priority=PRIORITY,
                        items=items,
                    )
                )
    return frozen
