"""Texts: what can be read in the photos of a batch.

Does not belong here: how pictures are read (`darkroom.inference`), keeping readers busy (`feeding`), or what all
outputs share (`computing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from darkroom.contracts.texts import TEXTS
from darkroom.inference.pool import reading_of
from darkroom.sdk.tasks import Reading
from darkroom.services.computing import Computed, Load, compute_batch
from darkroom.services.feeding import Model, feed
from darkroom.services.platform import Platform


def read_batch(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Reads the photos of a batch that lack a text at the current version; returns photos by outcome."""
    return compute_batch(platform, batch_id, TEXTS, lambda photos, load: read_texts(platform.texts, photos, load))


def read_texts(reader: Model, photos: Sequence[UUID], load: Load) -> Iterator[Computed]:
    """One text or fault per photo, as they come."""
    return feed(reader, photos, load, lambda _, reply: [text_columns(reading_of(reply))])


def text_columns(reading: Reading) -> dict[str, Any]:
    """The columns of `PhotoText` that a reading gives."""
    lines = [
        {"text": line.text, "score": line.score, **dict(zip("xywh", line.box, strict=True))} for line in reading.lines
    ]
    scores = [line.score for line in reading.lines]
    return {
        "text": "\n".join(line.text for line in reading.lines),
        "line_count": len(lines),
        "score": sum(scores) / len(scores) if scores else None,
        "rotation": reading.rotation,
        "lines": lines,
    }
