"""Outputs: how complete the libraries are, and why they are not."""

from __future__ import annotations

from collections import defaultdict

from fastapi import APIRouter

from api.dependencies import PartsOf, PhotoReader
from api.pagination import Page
from api.queries import outputs as queries
from api.schemas.outputs import Completeness, OutputCounts, OutputReason
from darkroom.domain.outputs import OUTPUTS, PHOTO
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/outputs", tags=["photos"])

REASONS = 5
"""Reasons told of each state of an output."""


@router.get("", summary="How complete is it?")
def list_outputs(caller: PhotoReader, parts: PartsOf) -> Page[Completeness]:
    """Each output with the number of photos that have it, and why others have not. They come on one page.

    `outputs.<name> = failed` as a filter of the list of photos tells which.
    """
    with scoped(parts.state, caller.libraries) as connection:
        photos = queries.published(caller, connection)
        rows = queries.counted(caller, connection, REASONS)
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    reasons: dict[str, list[OutputReason]] = defaultdict(list)
    for row in rows:
        counts[row.output][row.state] = int(row.of_state)
        if row.state != "done" and row.reason:
            reasons[row.output].append(OutputReason(state=row.state, reason=row.reason, photos=row.photos))
    items = []
    for output in (*OUTPUTS, *sorted(counts.keys() - {*OUTPUTS, PHOTO})):
        counted = OutputCounts(**counts[output])
        # An output nothing is said about is missing.
        counted.missing += photos - sum(counts[output].values())
        told = sorted(reasons[output], key=lambda one: -one.photos)
        items.append(Completeness(output=output, photos=counted, reasons=told))
    return Page(items=items, next_cursor=None)
