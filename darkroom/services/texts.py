"""Texts: what can be read in the photos of a batch, committed in small groups.

Belongs here: which photos of a batch lack their text, and recording what the reader saw. Does not belong here: how
pictures are read (`reading`, `darkroom.inference`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

from darkroom.contracts.texts import PhotoText
from darkroom.domain.grouping import groups
from darkroom.domain.identity import rendition_key
from darkroom.services.imports import Cancelled
from darkroom.services.platform import Platform
from darkroom.services.reading import Read, read_texts
from darkroom.services.versions import declare_versions
from darkroom.stores.state import batches, failures, outputs, requests
from darkroom.stores.state.failures import NewFailure
from darkroom.stores.state.outputs import PhotoOutput

OUTPUT = "texts"
GROUP_PHOTOS = 64
GROUP_SECONDS = 30.0


def read_batch(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Reads the photos of a batch that lack a text at the current version; returns photos by outcome.

    Raises `Cancelled` between groups; what was committed stays.
    """
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
        photos = batches.photos_in_state(connection, batch_id, "taken")
        off = outputs.outputs_off(connection, batch.library_id)
    versions = declare_versions(platform, batch.library_id)
    version, renditions = versions[OUTPUT], versions["renditions"]
    counts: Counter[str] = Counter()
    with platform.state.begin() as connection:
        if OUTPUT in off:
            outputs.record(connection, batch.library_id, [PhotoOutput(photo, OUTPUT, "off") for photo in photos])
            return Counter(off=len(photos))
        have = outputs.done(connection, photos, OUTPUT, version.version)
    counts["kept"] = len(have)
    lacking = [photo for photo in photos if photo not in have]
    pictures = _display_renditions(platform, lacking, renditions.version)
    unreadable = [
        Read(photo, fault=("corrupt", "there is no display rendition to read"))
        for photo in lacking
        if photo not in pictures
    ]
    finished = len(have)

    def load(photo: UUID) -> bytes:
        with platform.objects.open(rendition_key(batch.library_id, pictures[photo])) as file:
            return file.read()

    readable = [photo for photo in lacking if photo in pictures]
    for group in groups(chain(unreadable, read_texts(platform.texts, readable, load)), GROUP_PHOTOS, GROUP_SECONDS):
        now = datetime.now(UTC)
        computed = {
            "library_id": str(batch.library_id),
            "batch_id": str(batch.id),
            "attempt": batch.sequence,
            "output_version": version.version,
            "provider": version.provider,
            "computed_at": now,
        }
        rows = [
            PhotoText.model_validate({**computed, "photo_id": str(one.photo_id), **one.columns})
            for one in group
            if one.fault is None
        ]
        if rows:
            platform.lake.insert({OUTPUT: rows}, message=f"texts of batch {batch.id}")
        finished += len(group)
        counts.update("failed" if one.fault else "read" for one in group)
        with platform.state.begin() as connection:
            outputs.record(
                connection,
                batch.library_id,
                [
                    PhotoOutput(
                        one.photo_id,
                        OUTPUT,
                        "failed" if one.fault else "done",
                        version.version,
                        version.provider,
                        batch.sequence,
                        ": ".join(one.fault) if one.fault else None,
                    )
                    for one in group
                ],
            )
            failures.record(
                connection,
                batch.library_id,
                batch.id,
                [
                    NewFailure(output=OUTPUT, kind=one.fault[0], reason=one.fault[1], photo_id=one.photo_id)
                    for one in group
                    if one.fault
                ],
            )
            requests.record_progress(
                connection, batch.library_id, batch.request_id, batch.id, OUTPUT, finished, len(photos)
            )
            if requests.is_cancelled(connection, batch.request_id):
                raise Cancelled(f"import {batch.request_id} was cancelled after {finished} of {len(photos)} texts")
    return counts


def _display_renditions(platform: Platform, photos: Sequence[UUID], version: str) -> dict[UUID, str]:
    """Digest of the display rendition of each photo that has one."""
    table = platform.lake.rows("renditions", [str(photo) for photo in photos], version)
    return {UUID(row["photo_id"]): row["sha256"] for row in table.to_pylist() if row["kind"] == "display"}
