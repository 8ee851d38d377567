"""Indexing: a batch's photos as entries of the search index, written before they are published.

Entries stay invisible until then: search keeps only ids that serving knows.

Belongs here: from rows to entries in the index, and reconciling the two. Does not belong here: what an entry's
document says (`documents`), or how the index stores it (`stores.vectors`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from darkroom.contracts.embeddings import EMBEDDINGS_DOCUMENT, EMBEDDINGS_VISUAL
from darkroom.domain.outputs import INDEX_OUTPUT, VECTOR_OUTPUTS, space
from darkroom.services.documents import entry
from darkroom.services.gates import batch_rows
from darkroom.services.platform import Platform
from darkroom.services.versions import dimensions_of, versions
from darkroom.stores.state import batches, outputs
from darkroom.stores.state.outputs import PhotoOutput

NEW_ENTRIES = 2000
"""Searches slow down with entries the word index has not taken in: past this many it does."""

TABLES = ("photos", "metadata", "texts")
VECTOR_TABLES = (EMBEDDINGS_VISUAL, EMBEDDINGS_DOCUMENT)


def index_batch(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Replaces the entries of a batch's photos; returns how many were written.

    Photos that a gate has set aside keep the entries they have: what is new of them is not published, and may be
    nothing an index can hold.
    """
    with platform.state.begin() as connection:
        photos = batches.photos_in_state(connection, batch_id, "taken")
        stand = outputs.of_photos(connection, photos)
    taken = {str(photo) for photo in photos}
    done = {(str(one.photo_id), one.output, one.version) for of in stand.values() for one in of if one.state == "done"}
    names = (*TABLES, *(table.name for table in VECTOR_TABLES))
    rows = {name: found.to_pylist() for name, found in batch_rows(platform, names, batch_id).items()}
    files: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for file in platform.lake.rows("photo_files", [photo["photo_id"] for photo in rows["photos"]]).to_pylist():
        files[file["photo_id"]].append(file)
    metadata = {row["photo_id"]: row for row in rows["metadata"]}
    texts = {row["photo_id"]: row for row in rows["texts"]}
    vectors: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for table in VECTOR_TABLES:
        for row in rows[table.name]:
            # Rows stay when their output is switched off, or fails when it is made anew.
            if (row["photo_id"], table.output, row["output_version"]) in done:
                vectors[row["photo_id"]][space(table.output or "", row["output_version"])] = row["vector"]
    entries = []
    for photo in rows["photos"]:
        known = photo["photo_id"]
        if known in taken:
            entries.append(entry(photo, files[known], metadata.get(known), texts.get(known), vectors[known]))
    made = versions(platform)
    version = made[INDEX_OUTPUT]
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
        off = INDEX_OUTPUT in outputs.outputs_off(connection, batch.library_id)
    if not off:
        declared = dimensions_of(platform.settings.inference)
        sizes = {space(output, made[output].version): declared[output] for output in VECTOR_OUTPUTS}
        for name, vector in {name: vector for one in entries for name, vector in one.vectors.items()}.items():
            # Of a version that another installation makes only its vectors say how long they are.
            platform.vectors.add_space(name, sizes.get(name, len(vector)))
        platform.vectors.upsert(entries)
        platform.vectors.upkeep(at_least=NEW_ENTRIES)
    states = [
        PhotoOutput(UUID(one.photo_id), INDEX_OUTPUT, "off")
        if off
        else PhotoOutput(UUID(one.photo_id), INDEX_OUTPUT, "done", version.version, version.provider, batch.sequence)
        for one in entries
    ]
    with platform.state.begin() as connection:
        batches.begin(connection, batch.id)
        outputs.record(connection, batch.library_id, states)
    return Counter(entries=0 if off else len(entries))


def missing_from_index(platform: Platform, photos: list[UUID]) -> list[UUID]:
    """Which of these photos the index does not hold."""
    held = {hit.photo_id for hit in platform.vectors.fetch([str(photo) for photo in photos])}
    return [photo for photo in photos if str(photo) not in held]
