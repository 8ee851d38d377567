"""What other stores know about the rows a gate judges: state's word on each output, and the objects rows speak of.

Belongs here: gathering, in the shape of tables. Does not belong here: judging (`quality`), or the rows (`gates`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pyarrow as pa

from darkroom.domain.duplicate_decisions import Decisions, Kind, Verdict, replay
from darkroom.domain.identity import face_key, original_key, rendition_key
from darkroom.sdk.stores import ObjectMissing, ObjectStore
from darkroom.services.platform import Platform
from darkroom.services.versions import dimensions_of, versions
from darkroom.stores.state import batches, duplicates, generations, outputs, sources
from darkroom.stores.state.generations import Generation

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

DIMENSIONS = pa.schema([("output", pa.string()), ("output_version", pa.string()), ("dimensions", pa.int64())])

FILES = "published_files"
"""Companion of duplicates: one row per published file of the library's photos."""

DECISIONS = "decisions"
"""Companion of duplicates: what people decided, one row per kind and two photos; of `bytes` both are the same photo."""

_FILES = pa.schema([("photo_id", pa.string()), ("sha256", pa.string()), ("size_bytes", pa.int64())])
_DECISIONS = pa.schema([(name, pa.string()) for name in ("kind", "photo_id", "other_id", "verdict")])

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
    """The objects that rows of `renditions`, `faces` or `photo_files` speak of, with the bytes the store holds of each.

    Files of sources that are read by reference have no object. Raises `KeyError` for any other table.
    """
    promises = {"renditions": _renditions, "faces": _faces, "photo_files": _originals}
    promised = list(promises[table](platform, rows))
    with ThreadPoolExecutor(LOOKUPS, thread_name_prefix="objects") as pool:
        stored = list(pool.map(lambda one: _stored_bytes(platform.objects, one[0]), promised))
    found = [{**facts, "stored_bytes": size} for (_, facts), size in zip(promised, stored, strict=True)]
    return pa.Table.from_pylist(found, schema=OBJECTS)


def declared_dimensions(platform: Platform) -> pa.Table:
    """How many numbers a vector of each output has at the version that this installation computes, as declared."""
    made = versions(platform)
    rows = [
        {"output": output, "output_version": made[output].version, "dimensions": dimensions}
        for output, dimensions in dimensions_of(platform.settings.inference).items()
    ]
    return pa.Table.from_pylist(rows, schema=DIMENSIONS)


def duplicates_evidence(
    platform: Platform, generation: Generation, rows: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    """What is published of a library's files, and what was decided when its generation was made.

    Photos that were published since, or have no file any more, are left out of the decisions. When any photo was
    published since, the files are missing as a whole: the next generation is judged by those.
    """
    with platform.state.execution_options(isolation_level="REPEATABLE READ").begin() as connection:
        epoch = generations.content_epoch(connection, generation.library_id)
        files = duplicates.files(connection, generation.library_id)
        same = duplicates.unchanged(connection, generation.library_id, generation.epoch)
        facts = duplicates.facts(connection, generation.library_id, until=generation.fact)
    keepers: dict[str, str] = {}
    standing: dict[str, str] = {}
    for row in rows["duplicates"].to_pylist():
        if row["kind"] == Kind.PIXELS:
            standing[row["photo_id"]] = row["group_id"]
            keepers |= {row["group_id"]: row["photo_id"]} if row["is_keeper"] else {}
    stand = {photo: keepers[group] for photo, group in standing.items() if group in keepers}
    found = [
        *_decided(Kind.PIXELS, replay(facts)),
        *_decided(Kind.NEAR, replay(facts, stand)),
    ]
    known = {str(file["photo_id"]) for file in files if file["photo_id"] in same}
    judged = [one for one in found if {one["photo_id"], one["other_id"]} <= known]
    companions = {DECISIONS: pa.Table.from_pylist(judged, schema=_DECISIONS)}
    if epoch == generation.epoch:
        shown = [{**file, "photo_id": str(file["photo_id"])} for file in files]
        companions[FILES] = pa.Table.from_pylist(shown, schema=_FILES)
    return companions


def _decided(kind: Kind, decisions: Decisions) -> Iterator[dict[str, str]]:
    for photo, keeper in decisions.keepers[kind].items():
        yield {"kind": kind, "photo_id": photo, "other_id": keeper, "verdict": Verdict.KEPT}
    for photo, others in decisions.apart.items():
        for other in others:
            yield {"kind": kind, "photo_id": photo, "other_id": other, "verdict": Verdict.DISMISSED}
    if kind is Kind.PIXELS:
        for photo in decisions.own_files:
            yield {"kind": Kind.BYTES, "photo_id": photo, "other_id": photo, "verdict": Verdict.DISMISSED}


Promise = tuple[str, dict[str, str | int]]


def _renditions(platform: Platform, rows: pa.Table) -> Iterator[Promise]:
    for row in rows.select(["library_id", "photo_id", "kind", "sha256", "size_bytes"]).to_pylist():
        yield rendition_key(UUID(row.pop("library_id")), row["sha256"]), row


def _faces(platform: Platform, rows: pa.Table) -> Iterator[Promise]:
    for row in rows.select(["library_id", "photo_id", "thumbnail_sha256", "thumbnail_bytes"]).to_pylist():
        facts = {"photo_id": row["photo_id"], "kind": "face", "sha256": row["thumbnail_sha256"]}
        key = face_key(UUID(row["library_id"]), row["thumbnail_sha256"])
        yield key, {**facts, "size_bytes": row["thumbnail_bytes"]}


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
