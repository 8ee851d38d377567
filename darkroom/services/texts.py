"""Texts: what can be read in the photos of a batch.

Does not belong here: how pictures are read (`reading`, `darkroom.inference`), or what all outputs share (`computing`).
"""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from darkroom.contracts.texts import TEXTS
from darkroom.services.computing import compute_batch
from darkroom.services.platform import Platform
from darkroom.services.reading import read_texts


def read_batch(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Reads the photos of a batch that lack a text at the current version; returns photos by outcome."""
    return compute_batch(platform, batch_id, TEXTS, lambda photos, load: read_texts(platform.texts, photos, load))
