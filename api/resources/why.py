"""Why: what became of a photo or a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.dependencies import PartsOf, PhotoReader
from api.problems import NOT_FOUND, Problem, document
from api.queries import outputs, photos
from api.queries import why as queries
from api.queries.photos import PhotoRecord
from api.queries.why import Trail
from api.schemas.examples import PHOTO
from api.schemas.imports import Failure
from api.schemas.photos import Output, Photo
from api.schemas.why import Why, WhyBatch, WhyFile, WhyGate
from darkroom.domain.verdicts import Facts, verdict
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/why", tags=["photos"])

Subject = Annotated[
    str,
    Query(
        min_length=1,
        max_length=4096,
        pattern=r"^[^\x00]+$",
        description="Id of a photo, or path of a file: absolute, or relative to its source.",
        examples=[PHOTO],
    ),
]


@router.get("", summary="Explain a photo or file", responses=document(NOT_FOUND))
def explain(caller: PhotoReader, parts: PartsOf, subject: Subject) -> Why:
    """Where a photo or file was seen, what was made of it, what failed and why, and so why it is or is not visible.

    Where a path was seen in several sources, or as several photos, the newest photo is the one explained.
    """
    with scoped(parts.state, caller.libraries) as connection:
        asked = _identity(subject)
        if asked is not None:
            photo_ids = [asked]
            files = queries.files_of(caller, connection, photo_ids)
        else:
            files = queries.files_at(caller, connection, subject)
            photo_ids = [row["photo_id"] for row in files if row["photo_id"] is not None][:1]
        found = photos.by_ids(caller, connection, photo_ids)
        trail = queries.trail(caller, connection, files, photo_ids)
        outdated = outputs.outdated(caller, connection, photo_ids)
    if not (found or files or trail.batches or trail.failures):
        raise Problem(NOT_FOUND, "No photo has this id, and no source has a file at this path.")
    return _explained(subject, found[0] if found else None, trail, outdated)


def _identity(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None


def _explained(subject: str, record: PhotoRecord | None, trail: Trail, outdated: Sequence[str]) -> Why:
    facts = Facts(
        published=record is not None,
        outputs={row["output"]: row["state"] for row in record.outputs} if record else {},
        outdated=outdated,
        file_states=[row["state"] for row in trail.files],
        batches=[(row["state"], row["item_state"], row["error"]) for row in trail.batches],
        failures=[(row["kind"], row["reason"]) for row in trail.failures],
        broken_gates=sorted({row["table_name"] for row in trail.gates if not row["passed"]}),
    )
    state, sentence = verdict(facts)
    return Why(
        subject=subject,
        state=state,
        verdict=sentence,
        photo=Photo.of(record) if record else None,
        files=[WhyFile(**row) for row in trail.files],
        outputs={row["output"]: Output(**row) for row in trail.outputs},
        failures=[Failure(**row) for row in trail.failures],
        gates=[WhyGate(table=row["table_name"], **row) for row in trail.gates],
        batches=[WhyBatch(import_id=row["request_id"], **row) for row in trail.batches],
    )
