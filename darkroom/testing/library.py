"""A little library as rows of the lake: photos of several days and cameras, with the rows that belong together.

Belongs here: rows that mean something to gates, marts and whoever reads them. Does not belong here: rows that are only
valid (`rows`), pictures, or the state database.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from darkroom.contracts.catalogue import TABLES, table
from darkroom.contracts.files import PublishedFile, PublishedFiles
from darkroom.contracts.operations import OutputVersion, Publication
from darkroom.contracts.table import Row
from darkroom.domain.identity import DEFAULT_LIBRARY, photo_id
from darkroom.domain.miniatures import EDGE
from darkroom.domain.outputs import INTAKE_OUTPUTS, MODEL_OUTPUTS, PHOTO

LIBRARY = str(DEFAULT_LIBRARY)
SOURCE = str(uuid.uuid5(DEFAULT_LIBRARY, "source"))
START = datetime(2024, 1, 1, tzinfo=UTC)
FIRST_DAY = datetime(2023, 12, 31, 20, tzinfo=UTC)
TABLE_OF = {one.output: one.name for one in TABLES if one.output is not None}
"""Every output that has a table, and its name."""

VERSIONED = (*INTAKE_OUTPUTS, "texts", "faces", "embeddings.visual", "embeddings.document")
"""Outputs the library's rows are of."""

UNSEEN = ("metadata", "embeddings.document")
"""Outputs of photos that cannot be decoded, too."""
CAMERAS = (("Canon", "Canon EOS R5"), ("SONY", "ILCE-7"), (None, None))


def version_of(output: str, generation: int = 1) -> str:
    """The output version of a generation of an output."""
    return hashlib.sha256(f"{output} {generation}".encode()).hexdigest()[:12]


def version_rows(generation: int = 1, outputs: Sequence[str] = VERSIONED) -> dict[str, list[Row]]:
    """Makes a generation of these outputs current."""
    since = START + timedelta(days=generation)
    return {
        "output_versions": [
            OutputVersion(
                library_id=LIBRARY, output=o, output_version=version_of(o, generation), provider="built in", since=since
            )
            for o in outputs
        ]
    }


def batch_rows(
    sequence: int, numbers: Sequence[int], *, generation: int = 1, batch_id: str | None = None
) -> dict[str, list[Row]]:
    """Everything a batch writes about the photos with these numbers, whole and consistent, in every table it fills.

    Every third photo has no camera and no face, every fourth no date, every fifth no text; every seventh cannot be
    decoded.
    """
    made: dict[str, list[dict[str, Any]]] = {}
    written = START + timedelta(hours=sequence)
    batch_id = batch_id or str(uuid.uuid5(DEFAULT_LIBRARY, f"batch {sequence}"))
    fact = {"library_id": LIBRARY, "batch_id": batch_id, "recorded_at": written}
    for number in numbers:
        sha256 = hashlib.sha256(f"photo {number}".encode()).hexdigest()
        photo = str(photo_id(DEFAULT_LIBRARY, sha256))
        whole = number % 7 != 6
        for name, values in _facts(number, sha256, whole).items():
            made.setdefault(name, []).append({**fact, "photo_id": photo, **values})
        made["photos"][-1]["attempt"] = sequence
        for output in VERSIONED:
            shared = {
                "photo_id": photo,
                "library_id": LIBRARY,
                "batch_id": batch_id,
                "attempt": sequence,
                "output_version": version_of(output, generation),
                "provider": "built in",
                "computed_at": written,
            }
            rows = _computed(output, number) if whole or output in UNSEEN else []
            made.setdefault(TABLE_OF[output], []).extend({**shared, **values} for values in rows)
    made["batches"] = [
        {
            **fact,
            "sequence": sequence,
            "request_id": None,
            "kind": "import",
            "files": len(numbers),
            "frozen_at": written,
        }
    ]
    made["model_runs"] = [
        {
            **fact,
            "run_id": str(uuid.uuid5(DEFAULT_LIBRARY, f"{output} of batch {batch_id}")),
            "output": output,
            "output_version": version_of(output, generation),
            "provider": "built in",
            "photos_done": sum(output in UNSEEN or number % 7 != 6 for number in numbers),
            "photos_failed": 0,
            "seconds": len(numbers) / 4,
        }
        for output in sorted(MODEL_OUTPUTS)
    ]
    return {name: [table(name).row(**row) for row in rows] for name, rows in made.items() if rows}


def publication_rows(
    epoch: int, sequence: int, numbers: Sequence[int], *, generation: int = 1, files: int = 1
) -> dict[str, list[Row]]:
    """What an epoch says of these photos when the batch `sequence` is published whole; each has so many `files`."""
    rows: list[Row] = []
    placed: list[Row] = []
    for number in numbers:
        sha256 = hashlib.sha256(f"photo {number}".encode()).hexdigest()
        shared: dict[str, Any] = {
            "epoch": epoch,
            "photo_id": str(photo_id(DEFAULT_LIBRARY, sha256)),
            "library_id": LIBRARY,
            "published_at": START + timedelta(hours=sequence, minutes=30),
        }
        held = [PublishedFile(source_id=SOURCE, path=f"2024/{number:05}-{copy}.jpg") for copy in range(files)]
        placed.append(PublishedFiles(**shared, files=held))
        for output in (PHOTO, *VERSIONED):
            failed = number % 7 == 6 and output not in (PHOTO, *UNSEEN)
            rows.append(
                Publication(
                    **shared,
                    output=output,
                    output_version=None if output == PHOTO else version_of(output, generation),
                    attempt=sequence,
                    state="failed" if failed else "done",
                    reason="corrupt: cut short" if failed else None,
                    tries=int(failed),
                )
            )
    return {"publications": rows, "published_files": placed}


def _facts(number: int, sha256: str, whole: bool) -> dict[str, dict[str, Any]]:
    size: dict[str, int | None] = {"width": 4000, "height": 3000} if whole else {"width": None, "height": None}
    digest = hashlib.sha256(f"pixels {number}".encode()).hexdigest() if whole else None
    orientation = 6 if number % 2 else 1
    return {
        "photos": {
            "sha256": sha256,
            "media_type": "image/jpeg",
            "size_bytes": 1000 + number,
            **size,
            "orientation": orientation if whole else 1,
            "frames": 1 if whole else None,
        },
        "photo_contents": {"sha256": sha256, "pixel_digest": digest, "since": START},
        "photo_files": {
            "source_id": SOURCE,
            "path": f"2024/{number:05}.jpg",
            "sha256": sha256,
            "size_bytes": 1000 + number,
            "modified_at": START,
        },
    }


def _computed(output: str, number: int) -> list[dict[str, Any]]:
    return {
        "metadata": _metadata,
        "renditions": _renditions,
        "fingerprints": _fingerprints,
        "texts": _texts,
        "faces": _faces,
        "embeddings.visual": _vectors,
        "embeddings.document": _vectors,
    }[output](number)


def _metadata(number: int) -> list[dict[str, Any]]:
    make, model = CAMERAS[number % 3]
    local = (FIRST_DAY + timedelta(hours=number)).replace(tzinfo=None) if number % 4 else None
    values: dict[str, Any] = dict.fromkeys(table("metadata").row.model_fields)
    values |= {"camera_make": make, "camera_model": model, "keywords": ["trip"] if number % 2 else [], "sources": []}
    values |= {"latitude": 48.0, "longitude": 11.0, "country": "DE"} if number % 2 else {}
    if local is not None:
        values |= {"taken_local": local, "taken_offset_minutes": 60, "taken_source": "exif:DateTimeOriginal"}
        values |= {"taken_utc": (local - timedelta(hours=1)).replace(tzinfo=UTC)}
    computed = ("photo_id", "library_id", "batch_id", "attempt", "output_version", "provider", "computed_at")
    return [{name: value for name, value in values.items() if name not in computed}]


def _renditions(number: int) -> list[dict[str, Any]]:
    upright = (1536, 2048) if number % 2 else (2048, 1536)
    return [
        {
            "kind": kind,
            "sha256": hashlib.sha256(f"{kind} {number}".encode()).hexdigest(),
            "media_type": "image/jpeg",
            "width": upright[0] // shrink,
            "height": upright[1] // shrink,
            "size_bytes": 500 // shrink,
        }
        for kind, shrink in (("display", 1), ("thumbnail", 8))
    ]


def _fingerprints(number: int) -> list[dict[str, Any]]:
    digest = hashlib.sha256(f"pixels {number}".encode()).hexdigest()
    miniature = hashlib.shake_128(digest.encode()).hexdigest(EDGE * EDGE)
    hashes = {
        "pixel_digest": digest,
        "dhash": digest[:16],
        "phash": digest[16:32],
        "miniature": miniature,
        "chroma": 0.3,
    }
    return [{**hashes, "sharpness": 10.0, "brightness": 0.5}]


def _texts(number: int) -> list[dict[str, Any]]:
    lines = [{"text": f"invoice {number}", "score": 0.9, "x": 0.1, "y": 0.1, "w": 0.5, "h": 0.1}] if number % 5 else []
    text = "\n".join(str(line["text"]) for line in lines)
    score = 0.9 if lines else None
    return [{"text": text, "line_count": len(lines), "score": score, "rotation": 0, "lines": lines}]


def _faces(number: int) -> list[dict[str, Any]]:
    if number % 3 == 2:
        return []
    digest = hashlib.sha256(f"face {number}".encode()).hexdigest()
    box = {"x": 0.25, "y": 0.25, "w": 0.5, "h": 0.5}
    return [
        {
            "face_id": str(uuid.uuid5(DEFAULT_LIBRARY, f"face {number}")),
            **box,
            "score": 1.0,
            "size_px": 200,
            "sharpness": 10.0,
            "pose": "frontal",
            "descriptor": [float(number % 3), 1.0],
            "thumbnail_sha256": digest,
            "thumbnail_bytes": 400,
        }
    ]


def _vectors(number: int) -> list[dict[str, Any]]:
    return [{"vector": [1.0, 0.0] if number % 2 else [0.0, 1.0]}]
