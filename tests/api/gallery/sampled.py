"""The sample library in a served API: published as the platform would show it, without the platform.

Belongs here: what the line and the models find in the samples, said by hand. Does not belong here: the samples
themselves (`darkroom.samples`), or what a page must show of them.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from sqlalchemy import select

from darkroom.domain.capture_time import capture_time
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.tags import Tags
from darkroom.samples.documents import DOCUMENTS, Document
from darkroom.samples.library import write_library
from darkroom.samples.pictures import PICTURES, Picture
from darkroom.stores.state import schema
from darkroom.testing.embedders import FakeTextEmbedder
from darkroom.testing.people import add_person
from darkroom.testing.serving import add_duplicates, add_file
from tests.api.gallery.conftest import World

COPIES = {"flower (1).jpg": "flower.jpg"}
"""Files that are byte for byte another one."""
FACES: dict[str, dict[str, tuple[float, float, float, float]]] = {
    "astronaut": {
        "portrait-astronaut.jpg": (0.33, 0.10, 0.21, 0.25),
        "astronaut-at-work.jpg": (0.39, 0.22, 0.33, 0.40),
        "IMG-20190722-WA0003.jpg": (0.33, 0.10, 0.21, 0.25),
    },
    "admiral": {"grace-hopper.jpg": (0.36, 0.22, 0.30, 0.32), "grace-hopper-speech.jpg": (0.27, 0.30, 0.44, 0.44)},
}
"""Faces by person and file: left, top, width and height."""
PAIRS = {
    "near": ("portrait-astronaut.jpg", "IMG-20190722-WA0003.jpg"),
    "pixels": ("coffee.jpg", "coffee-for-mother.jpg"),
}


def publish_samples(world: World, folder: Path) -> World:
    """Writes the sample library into a folder and publishes it; nothing is compared by its meaning."""
    world.parts.vectors.add_space("document_fake", FakeTextEmbedder.dimensions)
    for sample, path in zip((*PICTURES, *DOCUMENTS), write_library(folder), strict=True):
        if path.name in COPIES:
            _copy(world, COPIES[path.name], path)
        else:
            _publish(world, sample, path)
    for person, places in FACES.items():
        for name, box in places.items():
            with Image.open(folder / "photos" / name) as image:
                left, top, width, height = (part * image.size[at % 2] for at, part in enumerate(box))
                digest = world.face(image.crop((left, top, left + width, top + height)).resize((120, 120)))
            face = {uuid.uuid5(uuid.NAMESPACE_URL, name): world.photos[name]}
            at = dict(zip("xywh", box, strict=True))
            with world.owner.begin() as connection:
                add_person(connection, uuid.uuid5(uuid.NAMESPACE_URL, person), face, **at, thumbnail_sha256=digest)
    with world.owner.begin() as connection:
        for kind, names in PAIRS.items():
            sizes = [(folder / "photos" / name).stat().st_size for name in names]
            add_duplicates(connection, [world.photos[name] for name in names], kind, sizes=sizes)
        size = (folder / "photos" / "flower.jpg").stat().st_size
        add_duplicates(connection, [world.photos["flower.jpg"]], "bytes", sizes=[size])
    return world


def _publish(world: World, sample: Picture | Document, path: Path) -> None:
    with Image.open(path) as held:
        image = ImageOps.exif_transpose(held).convert("RGB")
    known: dict[str, Any] = {"keywords": list(sample.keywords), "content": path.read_bytes()}
    known |= {"media_type": "image/png" if path.suffix == ".png" else "image/jpeg"}
    if sample.taken:
        known["taken_local"] = datetime.strptime(sample.taken, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 (a wall time)
        known |= {"taken_source": "EXIF:DateTimeOriginal", "field_sources": {"taken_local": "exif"}}
    elif guessed := capture_time(Tags(), None, path.name, datetime.now(UTC)):
        known |= {"taken_local": guessed.local, "taken_source": guessed.rule}
        known |= {"field_sources": {"taken_local": guessed.source}}
    if isinstance(sample, Document):
        world.publish(path.name, image, sample.lines, title=sample.lines[0], boxes=_places(sample), **known)
        return
    if sample.camera:
        known["camera_make"], known["camera_model"] = sample.camera
    world.publish(path.name, image, title=sample.title, **known)


def _places(document: Document) -> list[tuple[float, float, float, float]]:
    """About where the lines of a rendered page stand."""
    width, height = document.size
    step = height / (len(document.lines) + 2)
    places = []
    for number, line in enumerate(document.lines):
        size = min(step * 0.55, width / 16) * (1.3 if number == 0 else 1.0)
        long = min(0.86, (0.7 if line.isupper() else 0.56) * size * len(line) / width)
        places.append((0.07, step * (number + 0.8) / height, long, 1.2 * size / height))
    return places


def _copy(world: World, original: str, path: Path) -> None:
    with world.owner.begin() as connection:
        query = select(schema.photos).where(schema.photos.c.photo_id == world.photos[original])
        row = connection.execute(query.where(schema.photos.c.library_id == DEFAULT_LIBRARY)).mappings().one()
        add_file(connection, row, world.source, path.name)
