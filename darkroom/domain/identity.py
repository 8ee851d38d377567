"""Identity is content, not path: how photos, objects and versions get their names."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

DEFAULT_LIBRARY = uuid.UUID("d4e5c0de-0000-4000-8000-000000000001")
"""The library that exists from the first migration on."""

DEFAULT_OWNER = uuid.UUID("d4e5c0de-0000-4000-8000-0000000000aa")
"""The user that exists from the first migration on."""


def photo_id(library_id: uuid.UUID, first_sha256: str) -> uuid.UUID:
    """Identity of the photo whose first bytes seen in the library had this digest (lower-case hex)."""
    return uuid.uuid5(library_id, first_sha256)


def original_key(library_id: uuid.UUID, sha256: str) -> str:
    """Object key of an original: `{library}/originals/ab/cd/{sha256}`."""
    return f"{library_id}/originals/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def rendition_key(library_id: uuid.UUID, sha256: str) -> str:
    """Object key of a rendition: `{library}/renditions/ab/cd/{sha256}`."""
    return f"{library_id}/renditions/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def face_key(library_id: uuid.UUID, sha256: str) -> str:
    """Object key of a face's thumbnail: `{library}/faces/ab/cd/{sha256}`."""
    return f"{library_id}/faces/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def face_id(photo: uuid.UUID, output_version: str, box: tuple[float, float, float, float]) -> uuid.UUID:
    """Identity of the face that this version of a finder sees at `box` (x, y, w, h as fractions of the picture)."""
    return uuid.uuid5(photo, f"{output_version} {' '.join(f'{side:.6f}' for side in box)}")


def output_version(provider: str, code_version: str, weights_digest: str, parameters: Mapping[str, Any]) -> str:
    """12 hex digits that change whenever the output could: provider, code, weights or parameters."""
    facts = [provider, code_version, weights_digest, parameters]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:12]
