"""Computing an output over the photos of a batch: what is missing, in small groups, with every hole given a reason.

Belongs here: what all outputs made by models share. Does not belong here: any particular output
(`texts`, and whatever an asset computes), or intake, which works from files.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from darkroom.contracts.table import Table
from darkroom.domain.grouping import groups
from darkroom.domain.identity import rendition_key
from darkroom.services.imports import Cancelled
from darkroom.services.platform import Platform
from darkroom.services.versions import declare_versions
from darkroom.stores.state import batches, failures, model_runs, outputs, requests
from darkroom.stores.state.failures import NewFailure
from darkroom.stores.state.model_runs import NewModelRun
from darkroom.stores.state.outputs import OutputVersion, PhotoOutput

GROUP_PHOTOS = 64
GROUP_SECONDS = 30.0


@dataclass(frozen=True)
class Computed:
    """What computing came to for one photo: its rows' own columns (none is an answer), or a fault (kind, reason).

    `seen` is false when there was nothing to compute it from: then the fault is not the model's.
    """

    photo_id: UUID
    rows: Sequence[dict[str, Any]] = field(default_factory=tuple)
    fault: tuple[str, str] | None = None
    seen: bool = True


Load = Callable[[UUID], bytes]
"""Gives the bytes of a photo's display rendition."""

Compute = Callable[[Sequence[UUID], Load], Iterable[Computed]]
"""Yields one `Computed` per photo, in any order."""


def compute_batch(
    platform: Platform, batch_id: UUID, table: Table, compute: Compute, *, inputs: Sequence[str] = ("renditions",)
) -> Counter[str]:
    """Computes the output of `table` for the photos of a batch that lack it at the current version.

    It is lacking, too, where one of its `inputs`, outputs as well, was computed since. Only what is made from
    renditions asks for pictures: photos without one then fail, and `compute` does not see them.
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
            batches.begin(connection, batch_id)
            outputs.record(connection, batch.library_id, [PhotoOutput(photo, output, "off") for photo in photos])
            return Counter(off=len(photos))
        have = outputs.done(connection, photos, output, version.version, inputs)
    counts: Counter[str] = Counter(kept=len(have))
    lacking = [photo for photo in photos if photo not in have]
    if "renditions" in inputs:
        computed = _from_pictures(platform, batch.library_id, lacking, versions["renditions"], compute)
    else:
        computed = compute(lacking, _no_picture)
    finished = len(have)
    run = _Run(version)
    for group in groups(computed, GROUP_PHOTOS, GROUP_SECONDS):
        _commit(platform, batch, table, run, group)
        counts.update("failed" if one.fault else "done" for one in group)
        finished += len(group)
        with platform.state.begin() as connection:
            requests.record_progress(
                connection, batch.library_id, batch.request_id, batch.id, output, finished, len(photos)
            )
            if requests.is_cancelled(connection, batch.request_id):
                raise Cancelled(f"import {batch.request_id} was cancelled after {finished} of {len(photos)} {output}")
    return counts


class _Run:
    """What this run has come to: its clock starts with it."""

    def __init__(self, version: OutputVersion) -> None:
        self.version = version
        self._id = uuid4()
        self._began = time.monotonic()
        self._photos: Counter[str] = Counter()

    def with_(self, group: Sequence[Computed]) -> NewModelRun | None:
        """What it has come to with another group; `None` while the model has seen nothing."""
        self._photos.update("failed" if one.fault else "done" for one in group if one.seen)
        if not self._photos:
            return None
        return NewModelRun(
            run_id=self._id,
            output=self.version.output,
            output_version=self.version.version,
            provider=self.version.provider,
            photos_done=self._photos["done"],
            photos_failed=self._photos["failed"],
            seconds=time.monotonic() - self._began,
        )


def _from_pictures(
    platform: Platform, library_id: UUID, photos: Sequence[UUID], version: OutputVersion, compute: Compute
) -> Iterable[Computed]:
    pictures = _display_renditions(platform, photos, version)

    def load(photo: UUID) -> bytes:
        with platform.objects.open(rendition_key(library_id, pictures[photo])) as file:
            return file.read()

    fault = ("corrupt", "there is no display rendition")
    blind = (Computed(photo, fault=fault, seen=False) for photo in photos if photo not in pictures)
    return chain(blind, compute([photo for photo in photos if photo in pictures], load))


def _no_picture(photo: UUID) -> bytes:
    raise LookupError(f"this output is not made from pictures, so there is none of {photo}")


def batch_library(platform: Platform, batch_id: UUID) -> UUID:
    """The library a batch belongs to."""
    with platform.state.begin() as connection:
        return batches.batch(connection, batch_id).library_id


def _display_renditions(platform: Platform, photos: Sequence[UUID], version: OutputVersion) -> dict[UUID, str]:
    """Digest of the display rendition of each photo that has one."""
    table = platform.lake.rows("renditions", [str(photo) for photo in photos], version.version)
    return {UUID(row["photo_id"]): row["sha256"] for row in table.to_pylist() if row["kind"] == "display"}


def _commit(platform: Platform, batch: batches.Batch, table: Table, run: _Run, group: Sequence[Computed]) -> None:
    """Writes a group: rows first, then state, so that state never promises what is not there."""
    version, output = run.version, run.version.output
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
        batches.begin(connection, batch.id)
        outputs.record(connection, batch.library_id, states)
        failures.record(connection, batch.library_id, batch.id, faults)
        if came_to := run.with_(group):
            model_runs.record(connection, batch.library_id, batch.id, came_to)
