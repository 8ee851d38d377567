"""What must hold of a home that is at rest, whatever happened to it before; and of any photo at any time.

The two truths (state and lake) and the two projections (serving and the index) must say the same. Belongs here:
invariants. Does not belong here: how the platform came to where it is.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from PIL import Image
from sqlalchemy import Connection, select

from darkroom.contracts.catalogue import table as contract
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.outputs import OUTPUTS
from darkroom.settings import LakeSettings
from darkroom.stores.lake import Lake
from darkroom.stores.state import schema
from darkroom.stores.state.engine import connect
from darkroom.stores.vectors import LanceVectors
from tests.e2e.driving import Darkroom
from tests.e2e.pictures import read_back

ROWS_EACH = {
    "photos": 1,
    "metadata": 1,
    "renditions": 2,
    "fingerprints": 1,
    "texts": 1,
    "embeddings_visual": 1,
    "embeddings_document": 1,
}
"""Rows a photo has of what is made of it."""

ROWS_OF_SEVERAL = {"renditions": "kind", "faces": "face_id"}
"""What tells a photo's rows of one attempt apart, where it may have several; of faces any number."""

LYING_ON_EACH_OTHER = """
SELECT DISTINCT photo_id FROM core.faces AS one JOIN core.faces AS other USING (photo_id, output_version, attempt),
  LATERAL (SELECT
    greatest(0, least(one.x + one.w, other.x + other.w) - greatest(one.x, other.x))
    * greatest(0, least(one.y + one.h, other.y + other.h) - greatest(one.y, other.y)) AS shared)
WHERE one.face_id < other.face_id AND shared > 0.5 * (one.w * one.h + other.w * other.h - shared)
"""
"""Photos one attempt found a face twice in: if not in the very same place, which its id comes of, then nearly there."""


class Broken(AssertionError):
    """Something that must always hold does not."""


def require(holds: bool, otherwise: str) -> None:
    """Raises `Broken` unless it holds."""
    if not holds:
        raise Broken(otherwise)


@contextmanager
def state_of(platform: Darkroom) -> Iterator[Connection]:
    """The home's state database, as its owner sees it."""
    engine = connect(platform.home.database_url("darkroom"), application="oracle", pool_size=1, overflow=0)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def check_photos(platform: Darkroom, photos: Iterable[Any]) -> None:
    """Every one of these coded photos is whole."""
    with platform.client() as client:
        for photo in photos:
            check_coded(client, photo)


def check_coded(client: httpx.Client, photo: Any, *, whole: bool = True) -> None:
    """A published photo of a coded picture has everything, and everything is its own.

    With `whole` every output is done; otherwise some may have failed, but none is missing.
    """
    about = f"photo {photo['id']} ({[file['path'] for file in photo['files']]})"
    require(bool(photo["files"]), f"{about} has no file")
    require(photo["taken_at"] is not None, f"{about} has no metadata")
    states = {name: output["state"] for name, output in photo["outputs"].items()}
    require(set(OUTPUTS) <= set(states), f"{about} lacks outputs: {states}")
    require("missing" not in states.values(), f"{about} was published half made: {states}")
    if whole:
        failed = {name: one["reason"] for name, one in photo["outputs"].items() if one["state"] != "done"}
        require(not failed, f"{about} has outputs that are not done: {failed}")
    if states["renditions"] == "done":
        word = photo["text"]
        if states["texts"] == "done":
            stems = {file["path"].rpartition("/")[2].split(".")[0].split(" ")[-1] for file in photo["files"]}
            require(word in stems, f"{about} says {word!r}")
        for kind, edge in (("thumbnail", 256), ("display", 2048)):
            answer = client.get(photo["renditions"][kind])
            if answer.status_code >= 500:
                raise httpx.ReadError(f"{answer.status_code}")
            require(answer.status_code == 200, f"{about}: {kind} answers {answer.status_code}: {answer.text[:200]}")
            with Image.open(io.BytesIO(answer.content)) as image:
                image.load()
                require(max(image.size) <= edge, f"{about}: its {kind} is {image.size}")
            if kind == "display" and states["texts"] == "done":
                shown = read_back(answer.content)
                require(shown == word, f"{about} says {word!r} and shows {shown!r}")


def check_everything(platform: Darkroom) -> None:
    """State, lake, serving, index and objects agree. Nothing may be under way."""
    home = platform.home
    with state_of(platform) as connection:
        photos = set(connection.execute(select(schema.photos.c.photo_id)).scalars())
        _check_state(connection)
        _check_contents(connection, photos)
        done = _done(connection, photos)
    _check_lake(platform, photos, done)
    indexed = list(LanceVectors(home.vectors).photo_ids([str(DEFAULT_LIBRARY)]))
    require(len(indexed) == len(set(indexed)), "the index holds a photo twice")
    wanted = {str(photo) for photo, output in done if output == "index"}
    lacking = wanted - set(indexed)
    require(not lacking, f"{len(lacking)} published photos are not in the index")


def check_index_is_serving(platform: Darkroom) -> None:
    """The index holds exactly what serving knows: for homes in which nothing was given up for good."""
    with state_of(platform) as connection:
        photos = {str(one) for one in connection.execute(select(schema.photos.c.photo_id)).scalars()}
    indexed = set(LanceVectors(platform.home.vectors).photo_ids([str(DEFAULT_LIBRARY)]))
    require(indexed == photos, f"only in the index: {len(indexed - photos)}, only served: {len(photos - indexed)}")


def _check_state(connection: Connection) -> None:
    """Nothing is under way or lost; every batch was published once, in an epoch of its own, in order.

    Between the epochs of batches are those of regrouped people and duplicates, of decisions and of files gone.
    """
    unfinished = connection.execute(
        select(schema.batches.c.id).where(schema.batches.c.state.in_(("frozen", "running")))
    ).all()
    require(not unfinished, f"{len(unfinished)} batches are unfinished")
    epoch = connection.execute(select(schema.publish_epoch.c.epoch)).scalar_one()
    given = [
        row.epoch
        for row in connection.execute(
            select(schema.batches.c.epoch).where(schema.batches.c.epoch > 0).order_by(schema.batches.c.finished_at)
        )
    ]
    require(given == sorted(set(given)), f"epochs were not given once and in order: {given}")
    require(not given or given[-1] <= epoch, f"the current epoch is {epoch}, and {given[-1]} was given")
    changes = connection.execute(select(schema.changes.c.epoch, schema.changes.c.photo_id)).tuples().all()
    twice = [key for key, count in Counter(changes).items() if count > 1]
    require(not twice, f"{len(twice)} photos were published twice in one epoch")
    order = [row.epoch for row in connection.execute(select(schema.changes.c.epoch).order_by(schema.changes.c.id))]
    require(order == sorted(order), "the change feed is not in the order of epochs")


def _check_contents(connection: Connection, photos: set[UUID]) -> None:
    """Every content has one photo, every served file is a known one, every photo has bytes that were seen."""
    contents = connection.execute(select(schema.contents.c.sha256, schema.contents.c.photo_id)).tuples().all()
    require(len({sha for sha, _ in contents}) == len(contents), "two photos share bytes")
    owner = dict(contents)
    for sha256, photo in connection.execute(select(schema.photos.c.sha256, schema.photos.c.photo_id)):
        require(owner.get(sha256) == photo, f"photo {photo} is served with bytes that state does not know as its own")
    files, seen = schema.photo_files, schema.source_files
    statement = select(files.c.path, files.c.sha256, files.c.photo_id, seen.c.sha256.label("seen"), seen.c.state).join(
        seen, (seen.c.source_id == files.c.source_id) & (seen.c.path == files.c.path), isouter=True
    )
    for row in connection.execute(statement):
        require(row.photo_id in photos, f"{row.path} is served for a photo that is not")
        require(owner.get(row.sha256) == row.photo_id, f"{row.path} is served for another photo than its bytes'")
        require(row.state in ("taken", "frozen", "missing"), f"{row.path} is served and was {row.state}")
    served = set(connection.execute(select(files.c.photo_id)).scalars())
    require(served == photos, f"{len(photos - served)} photos are served without a file")


def _done(connection: Connection, photos: set[UUID]) -> set[tuple[UUID, str]]:
    """(photo, output) that serving calls done; serving and state must not contradict each other."""
    table, state = schema.published_outputs, schema.photo_outputs
    rows = connection.execute(select(table.c.photo_id, table.c.output, table.c.state)).tuples().all()
    missing = [row for row in rows if row[2] == "missing"]
    require(not missing, f"published half made: {missing[:3]}")
    told = {row[0] for row in rows}
    require(told == photos, f"{len(photos - told)} photos are served without a word on their outputs")
    known = {
        (row.photo_id, row.output): row.state
        for row in connection.execute(select(state.c.photo_id, state.c.output, state.c.state))
    }
    for photo, output, said in rows:
        require(known.get((photo, output)) is not None, f"state knows nothing of {output} of {photo}, served as {said}")
    return {(photo, output) for photo, output, said in rows if said == "done"}


def _check_lake(platform: Darkroom, photos: set[UUID], done: set[tuple[UUID, str]]) -> None:
    """Each published photo has exactly its current rows in each table, and facts are told once."""
    with Lake.open(platform.home, LakeSettings()) as lake:
        for table, each in ROWS_EACH.items():
            counted = lake.query(f"SELECT photo_id, count(*) AS n FROM core.current_{table} GROUP BY photo_id")
            found = {row["photo_id"]: row["n"] for row in counted.to_pylist()}
            wrong = {photo: number for photo, number in found.items() if number != each}
            require(not wrong, f"{table}: photos with other than {each} current rows: {list(wrong.items())[:3]}")
            made = contract(table).output
            wanted = {str(photo) for photo, output in done if output == made} if made else None
            lacking = (wanted if wanted is not None else {str(one) for one in photos}) - set(found)
            require(not lacking, f"{table}: no row of {len(lacking)} published photos")
        for table, key in (("photo_contents", "photo_id, sha256"), ("photo_files", "source_id, path, sha256")):
            for name in (table, f"current_{table}"):
                twice = lake.query(f"SELECT {key} FROM core.{name} GROUP BY {key} HAVING count(*) > 1")
                require(twice.num_rows == 0, f"core.{name} tells {twice.num_rows} facts twice")
        for table in {**ROWS_EACH, **ROWS_OF_SEVERAL}:
            keys = "photo_id, attempt" + ("" if table == "photos" else ", output_version")
            keys += f", {ROWS_OF_SEVERAL[table]}" if table in ROWS_OF_SEVERAL else ""
            twice = lake.query(f"SELECT {keys} FROM core.{table} GROUP BY {keys} HAVING count(*) > 1")
            require(twice.num_rows == 0, f"core.{table} holds {twice.num_rows} keys twice")
        twice = lake.query(LYING_ON_EACH_OTHER)
        require(twice.num_rows == 0, f"core.faces holds faces of {twice.num_rows} photos twice")
