"""Records: append-only copies, in the lake, of what state holds about batches, failures and publications.

State is the truth; analysts read the copies. Every function may be repeated: rows already copied stay as they are.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from darkroom.contracts.operations import Batch, Failure, Publication
from darkroom.contracts.table import Row
from darkroom.services.platform import Platform
from darkroom.stores.lake.publications import newest_epoch
from darkroom.stores.state import batches, failures, publishing


def copy_batch(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Copies a batch and its failures so far; returns rows by table."""
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
        failed = failures.of_batch(connection, batch_id)
    fact = {"library_id": str(batch.library_id), "batch_id": str(batch.id), "recorded_at": datetime.now(UTC)}
    rows: dict[str, list[Row]] = {
        "batches": [
            Batch.model_validate(
                {
                    **fact,
                    "sequence": batch.sequence,
                    "request_id": _text(batch.request_id),
                    "kind": batch.kind,
                    "files": batch.files,
                    "frozen_at": batch.frozen_at,
                }
            )
        ]
    }
    if failed:
        rows["failures"] = [
            Failure.model_validate(
                {
                    **fact,
                    "recorded_at": one.recorded_at,
                    "failure_id": str(one.id),
                    "photo_id": _text(one.photo_id),
                    "source_id": _text(one.source_id),
                    "path": one.path,
                    "output": one.output,
                    "kind": one.kind,
                    "reason": one.reason,
                    "transient": one.transient,
                }
            )
            for one in failed
        ]
    platform.lake.insert(rows, message=f"records of batch {batch_id}")
    return Counter({name: len(found) for name, found in rows.items()})


def copy_publications(platform: Platform) -> int:
    """Copies what was published since the last copy; returns the newest epoch the lake now knows (0: none)."""
    known = newest_epoch(platform.lake)
    with platform.state.begin() as connection:
        found = publishing.outputs_published_after(connection, known)
    rows = [
        Publication(
            epoch=row.epoch,
            photo_id=str(row.photo_id),
            library_id=str(row.library_id),
            output=row.output,
            output_version=row.version,
            attempt=row.attempt,
            state=row.state,
            reason=row.reason,
            tries=row.tries,
            published_at=row.published_at,
        )
        for row in found
    ]
    if rows:
        platform.lake.insert({"publications": rows}, message=f"publications up to epoch {rows[-1].epoch}")
    return rows[-1].epoch if rows else known


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
