"""A large generated library for search benches: state, serving and index as publishing leaves them, without a file.

The same number of entries gives the same library. Documents are sentences of a few hundred words of everyday photos,
embedded by the real model; how pictures look is drawn around middles, as pictures of one scene are.
"""

from __future__ import annotations

import io
import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.outputs import DOCUMENT_OUTPUT, OUTPUTS, VISUAL_OUTPUT, space
from darkroom.inference.registry import image_embedder, text_embedder
from darkroom.sdk.stores import Entry
from darkroom.services.documents import entry
from darkroom.services.versions import versions_of
from darkroom.settings import InferenceSettings
from darkroom.stores.vectors import LanceVectors

WHO = "children,grandmother,two friends,a dog,a cat,cyclists,the team,a bride,tourists,a fisherman,hikers,musicians"
DOES = "playing,resting,running,waiting,dancing,cooking,reading,climbing,swimming,laughing,working,eating"
WHERE = (
    "at the beach,in the garden,on a mountain,in the kitchen,at the harbour,in the snow,at the market,in the forest,"
    "by the river,at the station,in the museum,on the terrace,at the stadium,in the old town,on a boat"
)
WHEN = "in summer,in the rain,at sunset,at night,on a sunny morning,in autumn,at christmas,during the festival"
CAMERAS = (("Canon", "EOS R6"), ("FUJIFILM", "X-T4"), ("Google", "Pixel 7"), ("SONY", "ILCE-7"), ("NIKON", "Z 6"))
MIDDLES = 2000
CHUNK = 2000
SELECTIVE = {"10 %": "latitude < -72", "1 %": "latitude < -88.2", "0.1 %": "latitude < -89.82"}
"""Filters, by the share of entries they accept: latitudes are spread evenly."""


@dataclass(frozen=True)
class Library:
    """What was made: the sentences, and vectors by entry."""

    sentences: list[str]
    spaces: dict[str, str]
    visual: NDArray[np.float32]
    document: NDArray[np.float32]
    latitudes: NDArray[np.float64]


def sentences() -> list[str]:
    """Every sentence, in an order of its own."""
    parts = (part.split(",") for part in (WHO, DOES, WHERE, WHEN))
    made = [" ".join(words) for words in itertools.product(*parts)]
    np.random.default_rng(1).shuffle(made)
    return made


def around(middles: NDArray[Any], chosen: NDArray[np.int64], spread: float, seed: int) -> NDArray[np.float32]:
    """Vectors of length 1, each near the middle it was given."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, spread / np.sqrt(middles.shape[1]), (len(chosen), middles.shape[1]))
    made = middles[chosen] + noise.astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def build(state: Engine, index: LanceVectors, photos: int) -> Library:
    """Publishes so many photos into an empty home."""
    inference, rng = InferenceSettings(), np.random.default_rng(7)
    current = versions_of(inference)
    spaces = {output: space(output, current[output].version) for output in (DOCUMENT_OUTPUT, VISUAL_OUTPUT)}
    embedder = text_embedder(inference.text_embedder).make()
    embedder.load()
    said = sentences()[:MIDDLES]
    meant = embedder.embed(said)
    chosen = rng.integers(0, len(said), photos)
    looks = image_embedder(inference.image_embedder).make.dimensions
    scenes = rng.normal(0.1, 1, (MIDDLES, looks)).astype(np.float32)
    scenes /= np.linalg.norm(scenes, axis=1, keepdims=True)
    library = Library(
        said,
        spaces,
        around(scenes, rng.integers(0, MIDDLES, photos), 0.6, 1),
        around(meant, chosen, 0.3, 2),
        rng.uniform(-90, 90, photos),
    )
    for output, vectors in ((DOCUMENT_OUTPUT, library.document), (VISUAL_OUTPUT, library.visual)):
        index.add_space(spaces[output], vectors.shape[1])
    for start in range(0, photos, CHUNK):
        numbers = range(start, min(start + CHUNK, photos))
        rows = [_row(number, said[chosen[number]], library.latitudes[number]) for number in numbers]
        _copy(state, rows)
        index.upsert(list(_entries(rows, numbers, library)))
    with state.begin() as connection:
        connection.exec_driver_sql("UPDATE serving.publish_epoch SET epoch = 1")
    with state.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    index.upkeep()
    return library


def _row(number: int, sentence: str, latitude: float) -> dict[str, Any]:
    make, model = CAMERAS[number % len(CAMERAS)]
    return {
        "photo_id": str(uuid.UUID(int=number + 1)),
        "library_id": str(DEFAULT_LIBRARY),
        "description": sentence,
        "taken_local": datetime(2005, 1, 1) + timedelta(minutes=97 * number),  # noqa: DTZ001 - local wall time
        "camera_make": make,
        "camera_model": model,
        "latitude": float(latitude),
        "longitude": 0.0,
        "rating": number % 6,
        "path": f"{number % 90}/IMG_{number:06d}.jpg",
    }


def _entries(rows: list[dict[str, Any]], numbers: range, library: Library) -> Iterator[Entry]:
    for number, row in zip(numbers, rows, strict=True):
        vectors = {
            library.spaces[DOCUMENT_OUTPUT]: library.document[number].tolist(),
            library.spaces[VISUAL_OUTPUT]: library.visual[number].tolist(),
        }
        known = {name: value for name, value in row.items() if name != "longitude"}
        yield entry(known, [{"path": row["path"]}], None, None, vectors)


def _copy(state: Engine, rows: list[dict[str, Any]]) -> None:
    sha = [f"{number:064x}" for number in range(len(rows))]
    columns = "photo_id,library_id,description,taken_local,camera_make,camera_model,latitude,longitude,rating"
    photos = [
        [*(row[name] for name in columns.split(",")), 1, digest, "image/jpeg", 2_000_000, 4000, 3000, 1, digest, digest]
        for row, digest in zip(rows, sha, strict=True)
    ]
    files = [
        [
            str(DEFAULT_LIBRARY),
            row["path"],
            row["library_id"],
            row["photo_id"],
            digest,
            2_000_000,
            row["taken_local"],
            1,
        ]
        for row, digest in zip(rows, sha, strict=True)
    ]
    outputs = [[row["photo_id"], output, row["library_id"], "done", 0, 1] for row in rows for output in OUTPUTS]
    connection = state.raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO control.sources (id, library_id, name, mode, path) VALUES (%s, %s, 'all', 'copy', '/all')"
                " ON CONFLICT DO NOTHING",
                (str(DEFAULT_LIBRARY), str(DEFAULT_LIBRARY)),
            )
            for table, names, values in (
                (
                    "serving.photos",
                    f"{columns},epoch,sha256,media_type,size_bytes,width,height,orientation,"
                    "thumbnail_sha256,display_sha256",
                    photos,
                ),
                (
                    "serving.photo_files",
                    "source_id,path,library_id,photo_id,sha256,size_bytes,modified_at,epoch",
                    files,
                ),
                ("serving.published_outputs", "photo_id,output,library_id,state,tries,epoch", outputs),
            ):
                text = "".join("\t".join(map(str, one)) + "\n" for one in values)
                cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", io.StringIO(text))
        connection.commit()
    finally:
        connection.close()


def queries(count: int, seed: int) -> list[str]:
    """Different texts that many, some or few photos answer, as people would type them."""
    rng = np.random.default_rng(seed)
    parts = [part.split(",") for part in (WHO, DOES, WHERE, WHEN)]
    words = [[part[rng.integers(len(part))] for part in parts] for _ in range(count)]
    chosen = [
        " ".join(one[place] for place in sorted(rng.choice(4, rng.integers(1, 4), replace=False))) for one in words
    ]
    return [f"{text} {2005 + number % 18}" if number % 2 else f"{text} {number}" for number, text in enumerate(chosen)]


def described(library: Library) -> str:
    """What a report says of the library."""
    sizes = {"photos": len(library.latitudes), "sentences": len(library.sentences)}
    return json.dumps({**sizes, "visual": library.visual.shape[1], "document": library.document.shape[1]})
