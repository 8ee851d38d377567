"""Computing an output over the photos of a batch: what is missing, in small groups, with every hole given a reason.

Belongs here: what all outputs made from the display rendition share. Does not belong here: any particular output
(`texts`, and whatever an asset computes), or intake, which works from files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from darkroom.contracts.table import Table
from darkroom.domain.grouping import groups
from darkroom.domain.identity import rendition_key
from darkroom.services.imports import Cancelled
from darkroom.services.platform import Platform
from darkroom.services.versions import declare_versions
from darkroom.stores.state import batches, failures, outputs, requests
from darkroom.stores.state.failures import NewFailure
from darkroom.stores.state.outputs import OutputVersion, PhotoOutput

GROUP_PHOTOS = 64
GROUP_SECONDS = 30.0


@dataclass(frozen=True)
class Computed:
    """What computing came to for one photo: its rows' own columns (none is an answer), or a fault (kind, reason)."""

    photo_id: UUID
    rows: Sequence[dict[str, Any]] = field(default_factory=tuple)
    fault: tuple[str, str] | None = None


Load = Callable[[UUID], bytes]
"""Gives the bytes of a photo's display rendition."""

Compute = Callable[[Sequence[UUID], Load], Iterable[Computed]]
"""Yields one `Computed` per photo, in any order."""


def compute_batch(platform: Platform, batch_id: UUID, table: Table, compute: Compute) -> Counter[str]:
    """Computes the output of `table` for the photos of a batch that lack it at the current version.

    Returns photos by outcome: `kept`, `done`, `failed`, `off`. Raises `Cancelled` between groups; what was committed
    stays, and a repeated call goes on from there.
    """
    output = table.output or table.name
    versions = declare_versions(platform, batch_library(platform, batch_id))
    version = versions[output]
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
        photos = batches.photos_in_state(connection, batch_id, "taken")
        if output in outputs.outputs_off(connection, batch.library_id):
            outputs.record(connection, batch.library_id, [PhotoOutput(photo, output, "off") for photo in photos])
            return Counter(off=len(photos))
        have = outputs.done(connection, photos, output, version.version)
    counts: Counter[str] = Counter(kept=len(have))
    lacking = [photo for photo in photos if photo not in have]
    pictures = _display_renditions(platform, lacking, versions["renditions"])

    def load(photo: UUID) -> bytes:
        with platform.objects.open(rendition_key(batch.library_id, pictures[photo])) as file:
            return file.read()

    blind = (
        Computed(photo, fault=("corrupt", "there is no display rendition"))
        for photo in lacking
        if photo not in pictures
    )
    computed: Iterator[Computed] = chain(blind, compute([photo for photo in lacking if photo in pictures], load))
    finished = len(have)
    for group in groups(computed, GROUP_PHOTOS, GROUP_SECONDS):
        _commit(platform, batch, table, version, group)
        counts.update("failed" if one.fault else "done" for one in group)
        finished += len(group)
        with platform.state.begin() as connection:
            requests.record_progress(
                connection, batch.library_id, batch.request_id, batch.id, output, finished, len(photos)
            )
            if requests.is_cancelled(connection, batch.request_id):
                raise Cancelled(f"import {batch.request_id} was cancelled after {finished} of {len(photos)} {output}")
    return counts


def batch_library(platform: Platform, batch_id: UUID) -> UUID:
    """The library a batch belongs to."""
    with platform.state.begin() as connection:
        return batches.batch(connection, batch_id).library_id


def _display_renditions(platform: Platform, photos: Sequence[UUID], version: OutputVersion) -> dict[UUID, str]:
    """Digest of the display rendition of each photo that has one."""
    table = platform.lake.rows("renditions", [str(photo) for photo in photos], version.version)
    return {UUID(row["photo_id"]): row["sha256"] for row in table.to_pylist() if row["kind"] == "display"}


def _commit(
    platform: Platform, batch: batches.Batch, table: Table, version: OutputVersion, group: Sequence[Computed]
) -> None:
    """Writes a group: rows first, then state, so that state never promises what is not there."""
    output = version.output
    shared = {
        "library_id": str(batch.library_id),
        "batch_id": str(batch.id),
        "attempt": batch.sequence,
        "output_version": version.version,
        "provider": version.provider,
        "computed_at": datetime.now(UTC),
    }
    rows = [
        table.row.model_validate({**shared, "photo_id": str(one.photo_id), **columns})
        for one in group
        for columns in one.rows
    ]
    if rows:
        platform.lake.insert({table.name: rows}, message=f"{output} of batch {batch.id}")
    states = [
        PhotoOutput(
            one.photo_id,
            output,
            "failed" if one.fault else "done",
            version.version,
            version.provider,
            batch.sequence,
            ": ".join(one.fault) if one.fault else None,
        )
        for one in group
    ]
    faults = [
        NewFailure(output=output, kind=one.fault[0], reason=one.fault[1], photo_id=one.photo_id)
        for one in group
        if one.fault
    ]
    with platform.state.begin() as connection:
        outputs.record(connection, batch.library_id, states)
        failures.record(connection, batch.library_id, batch.id, faults)
