"""Publishing: from gated rows to serving rows, in one transaction, under the next epoch.

Belongs here: what a serving row says, and the order of the transaction. Does not belong here: SQL (`stores.state`), or
whether rows are good (`gates`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyarrow as pa

from darkroom.domain.outputs import INDEX_OUTPUT
from darkroom.services.gates import NotGated, passed_rows
from darkroom.services.indexing import missing_from_index
from darkroom.services.platform import Platform
from darkroom.stores.state import batches, outputs, people, publishing, requests, sources

METADATA_COLUMNS = (
    "taken_local",
    "taken_offset_minutes",
    "taken_utc",
    "taken_source",
    "latitude",
    "longitude",
    "altitude_m",
    "camera_make",
    "camera_model",
    "lens",
    "title",
    "description",
    "keywords",
    "rating",
)
FACE_COLUMNS = ("x", "y", "w", "h", "score", "size_px", "thumbnail_sha256")
EXPOSURE_COLUMNS = ("exposure_seconds", "f_number", "iso", "focal_length_mm", "focal_length_35mm", "flash")


@dataclass(frozen=True)
class Published:
    """What a publish transaction did. `epoch` is 0 when the batch held no photo to publish."""

    epoch: int
    photos: int
    files: int


def publish(platform: Platform, batch_id: UUID) -> Published:
    """Publishes a batch's photos. Raises `NotGated` unless every gate passed exactly the rows it copies.

    Repeating it on a published batch changes nothing.
    """
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
    if batch.state == "published":
        return Published(batch.epoch or 0, 0, 0)
    rows = passed_rows(platform, batch_id)
    with platform.state.begin() as connection:
        taken = set(batches.photos_in_state(connection, batch_id, "taken"))
    photos = [photo for photo in serving_photos(rows) if photo["photo_id"] in taken]
    files = [file for file in map(_serving_file, rows["photo_files"].to_pylist()) if file["photo_id"] in taken]
    faces = [face for face in map(_serving_face, rows["faces"].to_pylist()) if face["photo_id"] in taken]
    ids = [photo["photo_id"] for photo in photos]
    with platform.state.begin() as connection:
        stand = outputs.of_photos(connection, ids)
        indexed = [photo for photo in ids if any(o.output == INDEX_OUTPUT and o.state == "done" for o in stand[photo])]
    if missing := missing_from_index(platform, indexed):
        raise NotGated(f"{len(missing)} photos of batch {batch_id} are not in the search index; run the batch again")
    with platform.state.begin() as connection:
        batches.begin(connection, batch_id)  # whoever ends it, by cancelling, waits now or has ended it before
        epoch = 0
        if photos:
            epoch, _ = publishing.next_epoch(connection)
            publishing.publish_photos(connection, epoch, photos)
            there = sources.taken(connection, ids)
            files = [file for file in files if (file["source_id"], file["path"], file["sha256"]) in there]
            publishing.publish_files(connection, epoch, files)
            lost = publishing.publish_faces(connection, epoch, ids, faces)
            people.recount(connection, epoch, batch.library_id, lost)
            publishing.publish_texts(connection, epoch, ids, serving_texts(rows, set(ids)))
            publishing.drop_missing_files(connection, epoch, batch.library_id)
            found = [output for photo in ids for output in stand[photo]]
            publishing.publish_outputs(connection, epoch, batch.library_id, found)
        batches.end(connection, batch_id, "published", epoch=epoch)
        requests.record_progress(
            connection, batch.library_id, batch.request_id, batch.id, "published", len(photos), len(photos)
        )
        requests.settle(connection)
    return Published(epoch, len(photos), len(files))


def serving_photos(rows: dict[str, pa.Table]) -> list[dict[str, Any]]:
    """One serving row per photo: its facts, its metadata, its text and where its renditions are."""
    metadata = {row["photo_id"]: row for row in rows["metadata"].to_pylist()}
    texts = {row["photo_id"]: row for row in rows["texts"].to_pylist()}
    pictures: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows["renditions"].to_pylist():
        pictures[row["photo_id"]][row["kind"]] = row["sha256"]
    return [
        {
            **{name: photo[name] for name in ("sha256", "media_type", "size_bytes", "width", "height", "orientation")},
            "photo_id": UUID(photo["photo_id"]),
            "library_id": UUID(photo["library_id"]),
            **_described(metadata.get(photo["photo_id"])),
            "text": texts.get(photo["photo_id"], {}).get("text"),
            "thumbnail_sha256": pictures[photo["photo_id"]].get("thumbnail"),
            "display_sha256": pictures[photo["photo_id"]].get("display"),
        }
        for photo in rows["photos"].to_pylist()
    ]


def serving_texts(rows: dict[str, pa.Table], photo_ids: set[UUID]) -> list[dict[str, Any]]:
    """One serving row for each of these photos in which something was read: its lines and their boxes."""
    return [
        {"photo_id": photo_id, "library_id": UUID(row["library_id"]), "lines": row["lines"]}
        for row in rows["texts"].to_pylist()
        if row["lines"] and (photo_id := UUID(row["photo_id"])) in photo_ids
    ]


def _described(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"keywords": [], "exposure": None, "field_sources": {}}
    exposure = {name: row[name] for name in EXPOSURE_COLUMNS if row[name] is not None}
    return {
        **{name: row[name] for name in METADATA_COLUMNS},
        "exposure": exposure or None,
        "field_sources": {one["field"]: one["source"] for one in row["sources"]},
    }


def _serving_file(row: dict[str, Any]) -> dict[str, Any]:
    facts = {name: row[name] for name in ("path", "sha256", "size_bytes", "modified_at")}
    ids = {name: UUID(row[name]) for name in ("source_id", "library_id", "photo_id")}
    return {**ids, **facts}


def _serving_face(row: dict[str, Any]) -> dict[str, Any]:
    ids = {name: UUID(row[name]) for name in ("face_id", "library_id", "photo_id")}
    return {**ids, **{name: row[name] for name in FACE_COLUMNS}}
