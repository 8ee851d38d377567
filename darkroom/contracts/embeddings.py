"""Embeddings: photos as vectors, near each other where the photos are alike."""

from typing import Annotated

from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.table import Column, Table

_GRAIN = "one row per photo, output version and attempt"
_KEY = ("photo_id", "output_version", "attempt")


class VisualEmbedding(ComputedRow):
    """How a photo looks: the vector of its display rendition, of length 1."""

    vector: Annotated[list[float], Column("Alike pictures are near by cosine.")]


class DocumentEmbedding(ComputedRow):
    """What a photo's document means: the vector of the texts that are known of it, of length 1."""

    vector: Annotated[list[float], Column("Texts of like meaning are near by cosine.")]


EMBEDDINGS_VISUAL = Table(
    name="embeddings_visual", row=VisualEmbedding, grain=_GRAIN, primary_key=_KEY, output="embeddings.visual"
)
EMBEDDINGS_DOCUMENT = Table(
    name="embeddings_document",
    row=DocumentEmbedding,
    grain=_GRAIN,
    primary_key=_KEY,
    pii=("vector",),
    output="embeddings.document",
)
