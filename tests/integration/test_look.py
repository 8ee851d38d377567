"""The bundled embedder of pictures: copies and parts of a picture stay near it, other pictures do not."""

import json
import time
from csv import DictReader
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from darkroom.inference.pool import ImagePool, vector_of
from darkroom.inference.providers.look import Look
from darkroom.settings import InferenceSettings
from darkroom.testing.conformance.embedders import ImageEmbedderConformance, scene
from darkroom.testing.readers import jpeg

NAMES = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
)
CERTAIN = 0.95
"""Above this every pair of the labelled pictures is one picture."""


@pytest.fixture(scope="module")
def embedder() -> Look:
    embedder = Look()
    embedder.load()
    return embedder


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        pytest.skip("needs pictures (scikit-image, of the extra `demo`, brings some)")
    return [picture(Path(spec.origin).parent / "data" / name, 512) for name in NAMES]


def picture(file: Path, side: int) -> np.ndarray:
    with Pictures.open(file) as opened:
        converted = opened.convert("RGB")
        converted.thumbnail((side, side))
        return np.asarray(converted)


def inner(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return image[height // 8 : -height // 8, width // 8 : -width // 8]


CHANGES = {
    "mirrored": lambda image: image[:, ::-1],
    "turned": np.rot90,
    "upside down": lambda image: image[::-1, ::-1],
    "a quarter of the pixels": lambda image: image[::2, ::2],
    "poor JPEG": lambda image: np.asarray(Pictures.open(_jpeg(image, 15))),
    "its middle": inner,
    "its middle mirrored": lambda image: inner(image)[:, ::-1],
    "a colour cast": lambda image: (image * (1.0, 0.8, 0.7)).astype(np.uint8),
    "underexposed": lambda image: (image * 0.7).astype(np.uint8),
}


def _jpeg(image: np.ndarray, quality: int):
    from io import BytesIO

    file = BytesIO()
    Pictures.fromarray(image).save(file, "JPEG", quality=quality)
    return file


class TestConformance(ImageEmbedderConformance):
    pass


@pytest.mark.parametrize("change", CHANGES, ids=CHANGES)
def test_a_changed_picture_is_nearest_to_itself(embedder, pictures, change):
    changed = [np.ascontiguousarray(CHANGES[change](image)) for image in pictures]
    nearest = (embedder.embed(changed) @ embedder.embed(pictures).T).argmax(axis=1)
    assert np.mean(nearest == np.arange(len(pictures))) >= 15 / 16


def test_a_mirrored_or_turned_picture_is_almost_the_same(embedder, pictures):
    originals = embedder.embed(pictures)
    for change in ("mirrored", "turned", "upside down"):
        changed = embedder.embed([np.ascontiguousarray(CHANGES[change](image)) for image in pictures])
        assert (changed * originals).sum(axis=1).min() > 0.95


@pytest.mark.testdata
def test_no_two_labelled_pictures_are_taken_for_one_and_copies_in_colour_are_found(embedder, testdata):
    folder = testdata / "duplicates"
    rows = [(row["file"], json.loads(row["label"])) for row in DictReader((folder / "MANIFEST.csv").open())]
    rows = [(name, label["group"].replace("-modes", "-dih")) for name, label in rows if label["format"]]
    vectors = embedder.embed([picture(folder / name, 2048) for name, _ in rows])
    likeness = vectors @ vectors.T
    groups = np.array([group for _, group in rows])
    one = groups[:, None] == groups[None]
    grey = np.array([any(kind in name for kind in ("gray", "__L", "__1.", "__F.", "__I.")) for name, _ in rows])
    pairs = np.triu(np.ones_like(one), 1)
    assert likeness[pairs & ~one].max() < CERTAIN
    assert np.mean(likeness[pairs & one & (grey[:, None] == grey[None])] > CERTAIN) > 0.9


def test_a_rendition_takes_milliseconds(embedder):
    rendition = np.random.default_rng(1).integers(0, 255, (1536, 2048, 3), np.uint8)
    times = []
    for _ in range(5):
        start = time.thread_time()
        embedder.embed([rendition])
        times.append(time.thread_time() - start)
    assert min(times) < 0.05


def test_model_processes_see_what_this_process_sees(embedder):
    pool = ImagePool(InferenceSettings(workers=1, seconds_per_photo=60))
    try:
        replies = [pool.submit(jpeg(scene(seed))) for seed in range(3)]
        vectors = np.array([vector_of(reply) for reply in replies])
    finally:
        pool.close()
    assert (vectors @ embedder.embed([scene(seed) for seed in range(3)]).T).argmax(axis=1).tolist() == [0, 1, 2]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
