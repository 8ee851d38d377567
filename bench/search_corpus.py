"""A large generated library for search benches: state, serving and index as publishing leaves them, without a file.

The same number of entries gives the same library. Documents are sentences of a few hundred words of everyday photos,
embedded by the real model; how pictures look is drawn around middles, as pictures of one scene are. Named people are in
some of them, whatever they show.

The lake need not know any of it: rows are of epoch 0, before anything that it copies, and every output is done at the
version that counts, so that a platform over this home neither computes nor mends anything of it.
"""

from __future__ import annotations

import io
import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.domain.outputs import DOCUMENT_OUTPUT, OUTPUTS, VISUAL_OUTPUT, space
from darkroom.inference.registry import image_embedder, text_embedder
from darkroom.sdk.stores import Entry
from darkroom.services.curating import Curator
from darkroom.services.documents import entry
from darkroom.services.versions import versions_of
from darkroom.settings import InferenceSettings
from darkroom.stores.state.outputs import OutputVersion
from darkroom.stores.state.people import recount
from darkroom.stores.state.photo_words import lexemes
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
NOT_INDEXED = {"10 %": "width < 1900", "0.1 %": "width < 1009"}
"""Filters that only serving can answer, by the share of entries they accept: widths are spread evenly."""
GIVEN_NAMES = "Anna,Ben,Carla,David,Emma,Felix,Greta,Hugo,Ida,Jonas"
FAMILY_NAMES = "Berg,Costa,Dvorak,Eriksen,Fischer"
ASKED_FOR = ("Autumn Reyes", "Sunny Patel")
"""Names of people whom some queries name: the other people's words are in none."""
SEEN_OFTEN, SEEN_SELDOM = 25, 2500
"""The first person is in one photo of so many, each of the others in one of so many."""


@dataclass(frozen=True)
class Library:
    """What was made: the sentences, and by entry which of them is its description, vectors, latitudes and widths.

    `people` says in which entries each person is.
    """

    sentences: list[str]
    spaces: dict[str, str]
    said: NDArray[np.int64]
    visual: NDArray[np.float32]
    document: NDArray[np.float32]
    latitudes: NDArray[np.float64]
    widths: NDArray[np.int64]
    people: dict[uuid.UUID, NDArray[np.int64]]


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
    """Publishes so many photos into a home that holds none yet, whether or not its platform runs."""
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
        chosen,
        around(scenes, rng.integers(0, MIDDLES, photos), 0.6, 1),
        around(meant, chosen, 0.3, 2),
        rng.uniform(-90, 90, photos),
        rng.integers(1000, 10_000, photos),
        {
            uuid.uuid5(DEFAULT_LIBRARY, name): rng.choice(photos, max(1, photos // often), replace=False)
            for name, often in zip(names(), itertools.chain([SEEN_OFTEN], itertools.repeat(SEEN_SELDOM)), strict=False)
        },
    )
    for output, vectors in ((DOCUMENT_OUTPUT, library.document), (VISUAL_OUTPUT, library.visual)):
        index.add_space(spaces[output], vectors.shape[1])
    for start in range(0, photos, CHUNK):
        numbers = range(start, min(start + CHUNK, photos))
        rows = [_row(number, library) for number in numbers]
        index.upsert(list(_entries(rows, numbers, library)))
        _copy(state, _tables(rows, current))
    _copy(state, {"serving.faces": _faces(library)})
    _name_people(state, library)
    with state.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    index.upkeep()
    return library


def names() -> list[str]:
    """What people are called, 50 of them: the first is in most photos."""
    called = [f"{given} {family}" for family in FAMILY_NAMES.split(",") for given in GIVEN_NAMES.split(",")]
    return [*called[: -len(ASKED_FOR)], *ASKED_FOR]


def photo_id(number: int) -> str:
    """The id of an entry."""
    return str(uuid.UUID(int=number + 1))


def number_of(photo: str) -> int:
    """The entry with an id."""
    return uuid.UUID(photo).int - 1


def _row(number: int, library: Library) -> dict[str, Any]:
    make, model = CAMERAS[number % len(CAMERAS)]
    return {
        "photo_id": photo_id(number),
        "library_id": str(DEFAULT_LIBRARY),
        "sha256": f"{number:064x}",
        "description": library.sentences[library.said[number]],
        "taken_local": datetime(2005, 1, 1) + timedelta(minutes=97 * number),  # noqa: DTZ001 - local wall time
        "camera_make": make,
        "camera_model": model,
        "latitude": float(library.latitudes[number]),
        "longitude": 0.0,
        "rating": number % 6,
        "width": int(library.widths[number]),
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


PHOTO_COLUMNS = (
    "photo_id,library_id,sha256,description,taken_local,camera_make,camera_model,latitude,longitude,rating,width"
)
SAME_PHOTO = {
    "epoch": 0,
    "first_epoch": 0,
    "media_type": "image/jpeg",
    "size_bytes": 2_000_000,
    "height": 3000,
    "orientation": 1,
    "thumbnail_sha256": "0" * 64,
    "display_sha256": "0" * 64,
}
Rows = list[dict[str, Any]]


def _tables(rows: Rows, current: Mapping[str, OutputVersion]) -> dict[str, Rows]:
    """Rows of state and serving of some photos, by table, in the order in which they can be written."""
    mine = [{name: row[name] for name in ("photo_id", "library_id")} for row in rows]
    done = [
        {**one, "output": output, "state": "done", "attempt": 0}
        | {"version": current[output].version, "provider": current[output].provider}
        for one in mine
        for output in OUTPUTS
    ]
    files = {"source_id": str(DEFAULT_LIBRARY), "size_bytes": 2_000_000, "epoch": 0}
    return {
        "serving.photos": [{name: row[name] for name in PHOTO_COLUMNS.split(",")} | SAME_PHOTO for row in rows],
        "serving.photo_words": [{**one, "words": lexemes(row)} for one, row in zip(mine, rows, strict=True)],
        "serving.photo_files": [
            {**one, **files, "path": row["path"], "sha256": row["sha256"], "modified_at": row["taken_local"]}
            for one, row in zip(mine, rows, strict=True)
        ],
        "serving.published_outputs": [{**one, "epoch": 0} for one in done],
        "control.photo_outputs": done,
    }


def _faces(library: Library) -> Rows:
    """A face of every person in every photo that shows them, beside each other."""
    width = 1 / len(library.people)
    shared = {
        "library_id": str(DEFAULT_LIBRARY),
        "y": 0.2,
        "w": width,
        "h": 0.1,
        "score": 1.0,
        "size_px": 90,
        "epoch": 0,
    }
    return [
        {
            **shared,
            "face_id": str(uuid.uuid5(person, photo_id(number))),
            "photo_id": photo_id(number),
            "x": place * width,
            "thumbnail_sha256": "0" * 64,
            "person_id": str(person),
        }
        for place, (person, numbers) in enumerate(library.people.items())
        for number in numbers
    ]


def _name_people(state: Engine, library: Library) -> None:
    """Names everybody, as a user would."""
    with state.begin() as connection:
        recount(connection, 0, DEFAULT_LIBRARY)
        curator = Curator(connection, DEFAULT_OWNER, [DEFAULT_LIBRARY])
        for person, name in zip(library.people, names(), strict=True):
            curator.rename(person, name)


def _copy(state: Engine, tables: Mapping[str, Rows]) -> None:
    """Writes rows, which hold no tab and no backslash, in one transaction."""
    connection = state.raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO control.sources (id, library_id, name, mode, path) VALUES (%s, %s, 'all', 'copy', '/all')"
                " ON CONFLICT DO NOTHING",
                (str(DEFAULT_LIBRARY), str(DEFAULT_LIBRARY)),
            )
            for table, rows in tables.items():
                text = "".join("\t".join(map(str, row.values())) + "\n" for row in rows)
                cursor.copy_expert(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN", io.StringIO(text))
        connection.commit()
    finally:
        connection.close()


def who_and_where(sentence: str) -> str:
    """Who is in a sentence, and where, in its own words."""
    return " ".join(next(one for one in part.split(",") if one in sentence) for part in (WHO, WHERE))


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
    sizes = {"photos": len(library.said), "sentences": len(library.sentences), "people": len(library.people)}
    return json.dumps({**sizes, "visual": library.visual.shape[1], "document": library.document.shape[1]})
