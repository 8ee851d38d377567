"""A library's published photos, as far as it helps to compare them: facts, miniatures, vectors, numbers that are read.

Belongs here: reading them, from what is published and nothing later. Does not belong here: comparing
(`darkroom.domain.sameness`), or what follows for groups (`duplicates`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from darkroom.domain import miniatures
from darkroom.domain.duplicate_decisions import Fact
from darkroom.domain.miniatures import Miniatures
from darkroom.domain.sameness import File, Picture, numbers_in
from darkroom.services.platform import Platform
from darkroom.stores.state import duplicates as state
from darkroom.stores.state import generations

CAMERA_DATES = frozenset(
    {"EXIF:DateTimeOriginal", "EXIF:DateTimeDigitized", "XMP:exif:DateTimeOriginal", "XMP:exif:DateTimeDigitized"}
)
"""Dates that say when the camera took a picture; the others may be of an export or a copy."""

GREY = 0.01
"""Chroma below which a picture has no colours; compression leaves a little in a grey one."""

CHUNK = 10_000

Columns = Mapping[str, Any]
"""A row by its columns' names."""

Computed = Sequence[tuple[str, str, int]]
"""Photo, version and attempt of what is published of an output."""

Vectors = Mapping[str, tuple[str, NDArray[np.float32]]]
"""Version and vector by photo."""


@dataclass(frozen=True)
class Published:
    """What state says of a library at one moment: rows of photos and files, which outputs, and people's decisions."""

    epoch: int
    fact: int
    facts: Sequence[Fact]
    photos: Sequence[Columns]
    files: Sequence[Columns]
    fingerprints: Computed
    vectors: Computed


def published(connection: Connection, library_id: UUID) -> Published:
    """Reads it; the transaction must see one moment (REPEATABLE READ)."""
    return Published(
        generations.content_epoch(connection, library_id),
        state.newest_fact(connection, library_id),
        state.facts(connection, library_id),
        state.photos(connection, library_id),
        state.files(connection, library_id),
        state.computed(connection, library_id, "fingerprints"),
        state.computed(connection, library_id, "embeddings.visual"),
    )


def pictures(platform: Platform, content: Published) -> tuple[list[Picture], dict[str, bytes]]:
    """The photos that have files, best first, and miniatures of those that show something."""
    files: dict[str, list[Columns]] = defaultdict(list)
    for file in content.files:
        files[str(file["photo_id"])].append(file)
    seen, tiny = _fingerprints(platform, content.fingerprints)
    found = []
    for photo in content.photos:
        key = str(photo["photo_id"])
        if key in files:
            found.append(picture(photo, files[key], photo, seen.get(key, {})))
    return sorted(found, key=lambda one: one.rank), tiny


def picture(photo: Columns, files: Iterable[Columns], metadata: Columns, seen: Columns) -> Picture:
    """A photo from its rows; `metadata` may be empty. `seen` holds `pixel_digest`, `flat` and `grey` where known."""
    sides = (photo["width"], photo["height"])
    width, height = reversed(sides) if photo["orientation"] > 4 else sides
    camera = " ".join(filter(None, (metadata.get("camera_make"), metadata.get("camera_model"))))
    return Picture(
        photo_id=str(photo["photo_id"]),
        sha256=photo["sha256"],
        files=tuple(
            File(str(file["source_id"]), file["path"], file["sha256"], file["size_bytes"])
            for file in sorted(files, key=lambda file: (str(file["source_id"]), file["path"]))
        ),
        media_type=photo["media_type"],
        width=width,
        height=height,
        pixel_digest=seen.get("pixel_digest"),
        flat=seen.get("flat", False),
        grey=seen.get("grey", False),
        taken=metadata.get("taken_local") if metadata.get("taken_source") in CAMERA_DATES else None,
        camera=camera.casefold() or None,
    )


def with_numbers(
    platform: Platform, library_id: UUID, found: Sequence[Picture], wanted: Collection[str]
) -> list[Picture]:
    """The pictures; the `wanted` ones with the numbers that can be read in them."""
    texts: dict[str, str] = {}
    for photos in _chunks(wanted):
        with platform.state.begin() as connection:
            texts |= state.texts(connection, library_id, photos)
    return [replace(one, numbers=numbers_in(texts[one.photo_id])) if one.photo_id in texts else one for one in found]


def vectors(platform: Platform, content: Published, wanted: Collection[str]) -> Vectors:
    """How the `wanted` photos look, where that is published."""
    found = {}
    for keys in _chunks(key for key in content.vectors if key[0] in wanted):
        rows = platform.lake.rows_at("embeddings_visual", keys)
        lists = rows["vector"].combine_chunks()
        numbers, ends = lists.values.to_numpy(zero_copy_only=False).astype(np.float32), lists.offsets.to_numpy()
        named = zip(rows["photo_id"].to_pylist(), rows["output_version"].to_pylist(), strict=True)
        for position, (photo, version) in enumerate(named):
            found[photo] = version, numbers[ends[position] : ends[position + 1]]
    return found


def likeness(found: Vectors, first: str, second: str) -> float | None:
    """Cosine of two photos' vectors; `None` unless both have one of the same version."""
    one, other = found.get(first), found.get(second)
    return float(one[1] @ other[1]) if one and other and one[0] == other[0] else None


def stacked(tiny: Mapping[str, bytes], photos: Sequence[str]) -> Miniatures:
    """Miniatures of photos that have one, in order."""
    return np.frombuffer(b"".join(tiny[photo] for photo in photos), np.uint8).reshape(
        -1, miniatures.EDGE, miniatures.EDGE
    )


def _fingerprints(platform: Platform, keys: Computed) -> tuple[dict[str, Columns], dict[str, bytes]]:
    """What fingerprints tell of photos, and the miniatures of those that show something."""
    seen: dict[str, Columns] = {}
    tiny: dict[str, bytes] = {}
    for chunk in _chunks(keys):
        rows = platform.lake.rows_at("fingerprints", chunk)
        rows = rows.select(["photo_id", "pixel_digest", "miniature", "chroma"]).to_pylist()
        shown = miniatures.parse([row["miniature"] for row in rows if row["miniature"] is not None])
        images = iter(zip(shown, miniatures.flat(shown), strict=True))
        for row in rows:
            image, flat = next(images) if row["miniature"] is not None else (None, False)
            grey = row["chroma"] is not None and row["chroma"] < GREY
            seen[row["photo_id"]] = {"pixel_digest": row["pixel_digest"], "flat": bool(flat), "grey": grey}
            if image is not None and not flat:
                tiny[row["photo_id"]] = image.tobytes()
    return seen, tiny


def _chunks(items: Iterable[Any]) -> Iterable[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
