"""Records: append-only copies, in the lake, of what state holds of batches, publications, searches and decisions.

A batch's failures and model runs are copied with it. State is the truth; analysts read the copies. Every function may
be repeated: rows already copied stay as they are.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from darkroom.contracts.files import PUBLISHED_FILES, PublishedFile, PublishedFiles
from darkroom.contracts.generations import Generation
from darkroom.contracts.model_runs import ModelRun
from darkroom.contracts.operations import Batch, Failure, Publication
from darkroom.contracts.people import PersonFact
from darkroom.contracts.searches import SearchRecord, SearchStage
from darkroom.contracts.table import Row
from darkroom.services.platform import Platform
from darkroom.stores.lake.publications import newest_epoch, newest_generation, newest_person_fact, newest_search
from darkroom.stores.state import batches, failures, generations, model_runs, people, publishing, search_events

SEARCHES_AT_ONCE = 10_000
SEARCHES_KEPT_DAYS = 30
"""How long state keeps a search that the lake has, too."""


def copy_batch(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Copies a batch, its failures and its model runs so far; returns rows by table."""
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
        failed = failures.of_batch(connection, batch_id)
        runs = model_runs.of_batch(connection, batch_id)
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
    if runs:
        rows["model_runs"] = [ModelRun.model_validate({**fact, **vars(one), "run_id": str(one.run_id)}) for one in runs]
    platform.lake.insert(rows, message=f"records of batch {batch_id}")
    return Counter({name: len(found) for name, found in rows.items()})


def copy_publications(platform: Platform) -> int:
    """Copies what was published since the last copy; returns the epoch up to which the lake now knows all (0: none).

    That may be a later one than the newest row's: not every epoch publishes an output.
    """
    known = newest_epoch(platform.lake)
    with platform.state.begin() as connection:
        epoch = publishing.current_epoch(connection)
        found = publishing.outputs_published_after(connection, known)
        placed = list(publishing.files_published_after(connection, newest_epoch(platform.lake, PUBLISHED_FILES)))
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
    files = [
        PublishedFiles(
            epoch=photo.epoch,
            photo_id=str(photo.photo_id),
            library_id=str(photo.library_id),
            files=[PublishedFile(source_id=str(file.source_id), path=file.path) for file in held],
            published_at=photo.published_at,
        )
        for photo, held in placed
    ]
    if rows or files:
        copied = {"publications": rows, "published_files": files}
        platform.lake.insert(copied, message=f"publications up to epoch {epoch}")
    return max(epoch, known)


def copy_generations(platform: Platform) -> int:
    """Copies which generations were shown since the last copy; returns how many there were."""
    known = newest_generation(platform.lake)
    with platform.state.begin() as connection:
        found = generations.shown_after(connection, known)
    rows = [
        Generation(
            generation=row.number,
            library_id=str(row.library_id),
            kind=row.kind,
            epoch=row.epoch,
            shown_at=row.flipped_at,
        )
        for row in found
    ]
    if rows:
        platform.lake.insert({"generations": rows}, message=f"generations up to {rows[-1].generation}")
    return len(rows)


def copy_searches(platform: Platform) -> int:
    """Copies searches that were recorded since the last copy, and forgets old ones in state; returns how many."""
    copied = 0
    while True:
        known = newest_search(platform.lake)
        with platform.state.begin() as connection:
            found = search_events.after(connection, known, SEARCHES_AT_ONCE)
        if found:
            platform.lake.insert(
                {"searches": [_search(row) for row in found]}, message=f"searches up to {found[-1].id}"
            )
            copied += len(found)
        if len(found) < SEARCHES_AT_ONCE:
            break
    with platform.state.begin() as connection:
        search_events.forget(connection, newest_search(platform.lake), SEARCHES_KEPT_DAYS)
    return copied


def _search(row: Any) -> SearchRecord:
    took = dict(row.milliseconds)
    total = took.pop("total")
    same = ("query_class", "words", "legs", "filter_fields", "degraded", "results", "more", "top_score", "text")
    return SearchRecord(
        event=row.id,
        search_id=str(row.search_id),
        library_id=str(row.library_id),
        libraries=[str(library) for library in row.libraries],
        asked_at=row.at,
        total_ms=total,
        stages=[SearchStage(stage=stage, milliseconds=part) for stage, part in sorted(took.items())],
        **{name: getattr(row, name) for name in same},
    )


def copy_person_facts(platform: Platform) -> int:
    """Copies what was decided about people since the last copy; returns how many facts there were."""
    known = newest_person_fact(platform.lake)
    with platform.state.begin() as connection:
        found = people.facts_after(connection, known)
    rows = [
        PersonFact(
            fact=row.id,
            library_id=str(row.library_id),
            kind=row.kind,
            person_id=str(row.person_id),
            into_person_id=_text(row.into_person_id),
            name=row.name,
            photo_id=_text(row.photo_id),
            **{side: getattr(row, side) for side in "xywh"},
            decided_at=row.decided_at,
        )
        for row in found
    ]
    if rows:
        platform.lake.insert({"person_facts": rows}, message=f"decisions up to {rows[-1].fact}")
    return len(rows)


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
