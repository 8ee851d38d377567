"""Embeddings: the photos of a batch as vectors, of how they look and of what is known of them in words.

Does not belong here: embedding (`darkroom.inference`), which words there are (`documents`), or the search index
(`indexing`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

from darkroom.contracts.embeddings import EMBEDDINGS_DOCUMENT, EMBEDDINGS_VISUAL
from darkroom.domain.outputs import DOCUMENT_INPUTS
from darkroom.inference.pool import vector_of
from darkroom.services.computing import Computed, Load, compute_batch
from darkroom.services.documents import known_of, meant
from darkroom.services.feeding import feed
from darkroom.services.gates import batch_rows
from darkroom.services.platform import Platform

THREADS = 2
"""Texts embedded at once; the embedder itself uses one thread for each."""


def embed_pictures(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Embeds the display renditions of a batch that lack a vector at the current version; photos by outcome."""
    feeding = partial(feed, platform.pictures, rows=lambda _, reply: [{"vector": vector_of(reply).tolist()}])
    return compute_batch(platform, batch_id, EMBEDDINGS_VISUAL, feeding)


def embed_documents(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Embeds what is known in words of the photos of a batch, where that is new or changed; photos by outcome."""

    def compute(photos: Sequence[UUID], _: Load) -> Iterator[Computed]:
        if not photos:
            return
        texts = _texts(platform, batch_id)
        embedder = platform.meanings

        def one(photo: UUID) -> Computed:
            if not (text := texts[str(photo)]).strip():
                return Computed(photo, fault=("error", "nothing is known of it in words"), seen=False)
            return Computed(photo, rows=[{"vector": embedder.embed([text])[0].tolist()}])

        with ThreadPoolExecutor(THREADS, thread_name_prefix="embed") as threads:
            yield from threads.map(one, photos)

    return compute_batch(platform, batch_id, EMBEDDINGS_DOCUMENT, compute, inputs=DOCUMENT_INPUTS)


def _texts(platform: Platform, batch_id: UUID) -> dict[str, str]:
    """The text of every photo of a batch, by id."""
    rows = {
        name: found.to_pylist() for name, found in batch_rows(platform, ("photos", *DOCUMENT_INPUTS), batch_id).items()
    }
    paths: dict[str, list[str]] = defaultdict(list)
    for file in platform.lake.rows("photo_files", [photo["photo_id"] for photo in rows["photos"]]).to_pylist():
        paths[file["photo_id"]].append(file["path"])
    by_photo: dict[str, dict[str, Any]] = {
        name: {row["photo_id"]: row for row in rows[name]} for name in DOCUMENT_INPUTS
    }
    return {
        photo["photo_id"]: meant(
            known_of(photo, *(by_photo[name].get(photo["photo_id"]) for name in DOCUMENT_INPUTS)),
            sorted(paths[photo["photo_id"]]),
        )
        for photo in rows["photos"]
    }
