"""The gallery in a real browser, over a served API: a small world of photos, and whoever is signed in to it."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import Engine, insert, select

from api.dependencies import Parts
from darkroom.domain.identity import DEFAULT_LIBRARY, face_key, rendition_key
from darkroom.services.documents import entry
from darkroom.stores.state import schema
from darkroom.stores.state.publishing import publish_texts
from darkroom.testing.serving import add_source, publish_photo
from darkroom.testing.vectors import MemoryVectors
from tests.api.conftest import empty
from tests.api.gallery.browser import Browser, Page, installed, running

NOON = datetime.fromisoformat("2024-05-20T12:00:00")
RECEIPT = ("CORNER CAFE", "Flat white 3.80", "TOTAL 10.50")
SignIn = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = installed()
    if program is None:
        pytest.skip("needs Chromium: run `make browser`")
    with running(program, tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser


@pytest.fixture
def sign_in(browser: Browser, client: httpx.Client, address: str) -> SignIn:
    """Opens a browser of its own, signed in: `with sign_in("#/health", size=(360, 740)) as page`."""

    @contextmanager
    def signed_in(route: str = "", **options: Any) -> Iterator[Page]:
        with browser.page(**options) as page:
            page.go(client.post("/v1/sessions/codes").raise_for_status().json()["address"])
            page.see("nav")
            if route:
                page.go(f"{address}/{route}")
            yield page
            assert page.faults == []
            assert [url for url in page.requests if not url.startswith((address, "data:"))] == []

    return signed_in


@dataclass
class World:
    """Photos that were published, by name."""

    owner: Engine
    parts: Parts
    source: uuid.UUID
    photos: dict[str, uuid.UUID] = field(default_factory=dict)

    def picture(self, image: Image.Image) -> str:
        """Keeps a picture as a rendition; returns its digest."""
        return self._keep(image, rendition_key)

    def face(self, image: Image.Image) -> str:
        """Keeps a picture as a face's; returns its digest."""
        return self._keep(image, face_key)

    def _keep(self, image: Image.Image, key: Callable[[uuid.UUID, str], str]) -> str:
        held = BytesIO()
        image.save(held, "JPEG", quality=80)
        digest = hashlib.sha256(held.getvalue()).hexdigest()
        self.parts.objects.put(key(DEFAULT_LIBRARY, digest), held.getvalue(), digest)
        return digest

    def publish(
        self,
        name: str,
        image: Image.Image | None = None,
        lines: tuple[str, ...] = (),
        boxes: Sequence[tuple[float, float, float, float]] = (),
        **values: Any,
    ) -> str:
        """Publishes a photo, indexed as the line does it; `boxes` are where its lines stand, else below each other."""
        if image is not None:
            small = image.copy()
            small.thumbnail((256, 256))
            values |= {"thumbnail_sha256": self.picture(small), "display_sha256": self.picture(image)}
            values |= {"width": image.width, "height": image.height}
        if lines:
            values["text"] = "\n".join(lines)
        outputs = values.pop(
            "outputs", {"metadata": "done", "renditions": "done" if image else "failed", "texts": "done"}
        )
        with self.owner.begin() as connection:
            photo = publish_photo(connection, name, source_id=self.source, outputs=outputs, **values)
            if lines:
                step = 1 / (len(lines) + 1)
                places = boxes or [(0.1, step * (at + 0.5), 0.6, 0.08) for at in range(len(lines))]
                read = [
                    {"text": line, "score": 0.98, **dict(zip("xywh", place, strict=True))}
                    for line, place in zip(lines, places, strict=True)
                ]
                row = {"photo_id": photo, "library_id": DEFAULT_LIBRARY, "lines": read}
                publish_texts(connection, 1, [photo], [row])
            query = select(schema.photos).where(schema.photos.c.photo_id == photo)
            row = dict(connection.execute(query).mappings().one())
        self.parts.vectors.upsert([entry(row, [{"path": name}], row, {"text": row["text"]}, {})])
        self.photos[name] = photo
        return str(photo)


def colours(number: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """A picture that is like no other."""
    image = Image.new("RGB", size, ((number * 47) % 200 + 30, (number * 91) % 200 + 30, (number * 23) % 200 + 30))
    draw = ImageDraw.Draw(image)
    draw.ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill=(240, 235, 220))
    return image


def fill(world: World) -> World:
    """Thirty photos of three years, a receipt, faces, a photo without a date, and one that cannot be decoded."""
    for number in range(30):
        turned = number % 4 == 1
        world.publish(
            f"2024/{number:02d}.jpg",
            colours(number, (360, 480) if turned else (480, 360)),
            taken_local=NOON - timedelta(days=number * 23),
            taken_source="EXIF:DateTimeOriginal",
            camera_make="FUJIFILM",
            camera_model="X-T5" if number % 2 else "X100",
            keywords=["garden"] if number % 3 == 0 else [],
            rating=number % 6,
            exposure={"exposure_seconds": 0.004, "f_number": 2.8, "iso": 200},
            field_sources={"taken_local": "exif", "camera_model": "exif", "keywords": "iptc"},
        )
    page = Image.new("RGB", (450, 650), (248, 245, 236))
    world.publish(
        "papers/receipt.jpg",
        page,
        RECEIPT,
        title="Corner cafe",
        keywords=["receipt"],
        taken_local=datetime.fromisoformat("2019-07-04T09:12:00"),
    )
    portrait = world.publish(
        "people/portrait.jpg", colours(77), taken_local=datetime.fromisoformat("2021-01-02T10:00:00")
    )
    with world.owner.begin() as connection:
        for number, x in enumerate((0.2, 0.6)):
            place = {
                "photo_id": uuid.UUID(portrait),
                "library_id": DEFAULT_LIBRARY,
                "x": x,
                "y": 0.25,
                "w": 0.2,
                "h": 0.3,
            }
            seen = {"score": 0.9, "size_px": 90, "thumbnail_sha256": "0" * 64, "epoch": 1}
            face = uuid.uuid5(uuid.NAMESPACE_URL, f"face {number}")
            connection.execute(insert(schema.faces).values(face_id=face, **place, **seen))
    world.publish("undated.jpg", colours(99))
    world.publish(
        "broken.cr2",
        None,
        taken_local=datetime.fromisoformat("2018-03-01T08:00:00"),
        width=None,
        height=None,
        media_type="image/x-canon-cr2",
    )
    return world


@pytest.fixture(scope="module")
def bare(owner: Engine, parts: Parts) -> World:
    """An empty library with one source."""
    assert isinstance(parts.vectors, MemoryVectors)
    parts.vectors.delete(list(parts.vectors.photo_ids([DEFAULT_LIBRARY])))
    with owner.begin() as connection:
        empty(connection)
        source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", name="Pictures")
    return World(owner, parts, source)


@pytest.fixture(scope="module")
def world(bare: World) -> World:
    """The small world."""
    return fill(bare)
