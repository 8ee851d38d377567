"""Faces: who can be seen in the photos of a batch, before anybody says whose faces they are.

Does not belong here: finding faces (`darkroom.inference`), keeping finders busy (`feeding`), people (`people`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import Future
from functools import partial
from typing import Any
from uuid import UUID

from darkroom.contracts.faces import FACES
from darkroom.domain.identity import face_id, face_key
from darkroom.inference.pool import faces_of, thumbnails_of
from darkroom.services.computing import batch_library, compute_batch
from darkroom.services.feeding import feed
from darkroom.services.platform import Platform
from darkroom.services.versions import versions
from darkroom.workers.process import Reply


def find_faces(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Finds the faces of the photos of a batch that were not searched at the current version.

    Every face's thumbnail is an object before its row is written. Returns photos by outcome.
    """
    library, version = batch_library(platform, batch_id), versions(platform)["faces"].version

    def rows(photo: UUID, reply: Future[Reply]) -> list[dict[str, Any]]:
        found = []
        for face, thumbnail in zip(faces_of(reply), thumbnails_of(reply), strict=True):
            sha256 = hashlib.sha256(thumbnail).hexdigest()
            platform.objects.put(face_key(library, sha256), thumbnail, sha256)
            found.append(
                {
                    "face_id": str(face_id(photo, version, face.box)),
                    **dict(zip("xywh", face.box, strict=True)),
                    "score": face.score,
                    "size_px": face.size,
                    "sharpness": face.sharpness,
                    "pose": face.pose,
                    "descriptor": list(face.descriptor),
                    "thumbnail_sha256": sha256,
                    "thumbnail_bytes": len(thumbnail),
                }
            )
        return found

    return compute_batch(platform, batch_id, FACES, partial(feed, platform.faces, rows=rows))
