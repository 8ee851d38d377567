"""What other stores know about the rows a gate judges: state's word on each output, and the objects rows speak of.

Belongs here: gathering, in the shape of tables. Does not belong here: judging (`quality`), or the rows (`gates`).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pyarrow as pa

from darkroom.domain.identity import original_key, rendition_key
from darkroom.sdk.stores import ObjectMissing, ObjectStore
from darkroom.services.platform import Platform
from darkroom.stores.state import batches, outputs, sources

STATES = pa.schema([("photo_id", pa.string()), ("output", pa.string()), ("state", pa.string())])
OBJECTS = pa.schema(
    [
        ("photo_id", pa.string()),
        ("kind", pa.string()),
        ("sha256", pa.string()),
        ("size_bytes", pa.int64()),
        ("stored_bytes", pa.int64()),
    ]
)

LOOKUPS = 8
"""Objects asked for at once: against a remote store the wait is the network's."""


def output_states(platform: Platform, batch_id: UUID) -> pa.Table:
    """How each output of a batch's photos stands at the version that counts: done at another one is `missing`."""
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
        photos = batches.photos_in_state(connection, batch_id, "taken", "quarantined")
        current = {name: one.version for name, one in outputs.versions(connection, batch.library_id).items()}
        found = outputs.of_photos(connection, photos)
    rows = [
        {
            "photo_id": str(one.photo_id),
            "output": one.output,
            "state": "missing" if one.state == "done" and one.version != current.get(one.output) else one.state,
        }
        for stand in found.values()
        for one in stand
    ]
    return pa.Table.from_pylist(rows, schema=STATES)


def objects_of(platform: Platform, table: str, rows: pa.Table) -> pa.Table:
    """The objects that rows of `renditions` or `photo_files` speak of, with the bytes the store holds of each.

    Files of sources that are read by reference have no object. Raises `KeyError` for any other table.
    """
    promised = list({"renditions": _renditions, "photo_files": _originals}[table](platform, rows))
    with ThreadPoolExecutor(LOOKUPS, thread_name_prefix="objects") as pool:
        stored = list(pool.map(lambda one: _stored_bytes(platform.objects, one[0]), promised))
    found = [{**facts, "stored_bytes": size} for (_, facts), size in zip(promised, stored, strict=True)]
    return pa.Table.from_pylist(found, schema=OBJECTS)


Promise = tuple[str, dict[str, str | int]]


def _renditions(platform: Platform, rows: pa.Table) -> Iterator[Promise]:
    for row in rows.select(["library_id", "photo_id", "kind", "sha256", "size_bytes"]).to_pylist():
        yield rendition_key(UUID(row.pop("library_id")), row["sha256"]), row


def _originals(platform: Platform, rows: pa.Table) -> Iterator[Promise]:
    with platform.state.begin() as connection:
        ids = set(rows["source_id"].to_pylist())
        copied = {one for one in ids if sources.source(connection, UUID(one)).mode == "copy"}
    for row in rows.select(["library_id", "photo_id", "source_id", "sha256", "size_bytes"]).to_pylist():
        if row.pop("source_id") in copied:
            yield original_key(UUID(row.pop("library_id")), row["sha256"]), {**row, "kind": "original"}


def _stored_bytes(objects: ObjectStore, key: str) -> int | None:
    try:
        return objects.info(key).size_bytes
    except ObjectMissing:
        return None
