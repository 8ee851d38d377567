"""What every embedder does: subclass one of these suites and give it a fixture `embedder`, loaded already."""
# ruff: noqa: S101, D102 — a suite of tests asserts, and its names are sentences

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from darkroom.sdk.tasks import Image, ImageEmbedder, Provider, TextEmbedder, Vectors

ODD_SHAPES = ((1, 1), (2, 2), (1, 2000), (2000, 1), (7, 640), (31, 33), (2048, 2048))
NO_PICTURES = (
    np.zeros((20, 20), np.uint8),
    np.zeros((20, 20, 4), np.uint8),
    np.zeros((20, 20, 3), np.float32),
    np.zeros((0, 20, 3), np.uint8),
)
ODD_TEXTS = ("a", "…", "🙂", "京都の秋", "Ü", "\x00\x01", "word " * 5000, "x" * 100_000, "a\nb\tc", "photo\udce9.jpg")


def assert_sound(vectors: Vectors, count: int, dimensions: int) -> None:
    """Shape, type and length of vectors."""
    assert vectors.shape == (count, dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def assert_versioned(kind: type[Provider]) -> None:
    """What goes into an output version can be told without loading, and is data."""
    assert re.fullmatch(r"[0-9a-f]{64}", kind.weights_digest())
    assert kind.weights_digest() == kind.weights_digest()
    assert json.loads(json.dumps(kind.parameters())) == kind.parameters()
    assert kind.name and kind.code_version


def assert_calibrated(kind: type[ImageEmbedder] | type[TextEmbedder]) -> None:
    """A cosine is worth more the greater it is, nothing below the cut-off and nearly all when it is 1."""
    for words in (0, 1, 5):
        least = kind.calibration.least(words)
        worth = [kind.calibration.score(cosine, words) for cosine in (-1.0, least - 0.01, least + 0.01, 1.0)]
        assert worth[:2] == [0.0, 0.0]
        assert kind.calibration.cut_off <= worth[2] < worth[3] <= 1
        assert worth[3] > 0.9


def scene(seed: int) -> Image:
    """A picture of coloured rectangles, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    image = np.full((240, 320, 3), rng.integers(0, 255, 3), np.uint8)
    for _ in range(8):
        y, x = rng.integers(0, 200), rng.integers(0, 280)
        h, w = rng.integers(20, 120), rng.integers(20, 160)
        image[y : y + h, x : x + w] = rng.integers(0, 255, 3)
    return image


class ImageEmbedderConformance:
    """Behaviour of `darkroom.sdk.tasks.ImageEmbedder`."""

    def test_every_picture_has_a_vector_of_length_one(self, embedder: ImageEmbedder) -> None:
        assert_sound(embedder.embed([scene(seed) for seed in range(3)]), 3, embedder.dimensions)

    def test_pictures_embedded_together_are_embedded_like_each_alone(self, embedder: ImageEmbedder) -> None:
        pictures = [scene(1), np.zeros((40, 60, 3), np.uint8), scene(2), scene(3), scene(1)]
        alone = np.concatenate([embedder.embed([picture]) for picture in pictures])
        assert np.allclose(embedder.embed(pictures), alone, atol=1e-5)
        assert np.allclose(embedder.embed(pictures[::-1]), alone[::-1], atol=1e-5)

    def test_a_smaller_copy_is_closer_than_another_picture(self, embedder: ImageEmbedder) -> None:
        originals = embedder.embed([scene(seed) for seed in range(8)])
        copies = embedder.embed([np.ascontiguousarray(scene(seed)[::2, ::2]) for seed in range(8)])
        assert (copies @ originals.T).argmax(axis=1).tolist() == list(range(8))

    def test_no_pictures_give_no_vectors(self, embedder: ImageEmbedder) -> None:
        assert embedder.embed([]).shape == (0, embedder.dimensions)

    @pytest.mark.parametrize("level", [0, 128, 255])
    def test_an_even_picture_has_a_vector_too(self, embedder: ImageEmbedder, level: int) -> None:
        assert_sound(embedder.embed([np.full((48, 64, 3), level, np.uint8)]), 1, embedder.dimensions)

    @pytest.mark.parametrize("shape", ODD_SHAPES)
    def test_no_size_is_too_odd(self, embedder: ImageEmbedder, shape: tuple[int, int]) -> None:
        noise = np.random.default_rng(2).integers(0, 255, (*shape, 3), np.uint8)
        assert_sound(embedder.embed([noise]), 1, embedder.dimensions)

    @pytest.mark.parametrize("array", NO_PICTURES, ids=lambda array: f"{array.dtype}-{array.shape}")
    def test_what_is_no_rgb_picture_is_refused(self, embedder: ImageEmbedder, array: Image) -> None:
        with pytest.raises(ValueError, match="RGB"):
            embedder.embed([array])

    def test_the_picture_given_is_left_as_it_was(self, embedder: ImageEmbedder) -> None:
        image = scene(4)
        image.setflags(write=False)
        embedder.embed([image])
        assert np.array_equal(image, scene(4))

    def test_its_version_can_be_told_without_loading(self, embedder: ImageEmbedder) -> None:
        assert_versioned(type(embedder))

    def test_likeness_is_calibrated(self, embedder: ImageEmbedder) -> None:
        assert_calibrated(type(embedder))


class TextEmbedderConformance:
    """Behaviour of `darkroom.sdk.tasks.TextEmbedder`."""

    TEXTS = ("a dog on the beach", "receipt for two coffees and a cake", "the old harbour at night", "a", "dog")

    def test_every_text_has_a_vector_of_length_one(self, embedder: TextEmbedder) -> None:
        assert_sound(embedder.embed(self.TEXTS), len(self.TEXTS), embedder.dimensions)

    def test_texts_embedded_together_are_embedded_like_each_alone(self, embedder: TextEmbedder) -> None:
        alone = np.concatenate([embedder.embed([text]) for text in self.TEXTS])
        assert np.allclose(embedder.embed(self.TEXTS), alone, atol=1e-5)
        assert np.allclose(embedder.embed(self.TEXTS[::-1]), alone[::-1], atol=1e-5)

    def test_texts_that_share_words_are_closer_than_texts_that_share_none(self, embedder: TextEmbedder) -> None:
        query, alike, other = embedder.embed(["dog on the beach", "a dog runs on the beach", "quarterly tax invoice"])
        assert query @ alike > query @ other + 0.2

    def test_no_texts_give_no_vectors(self, embedder: TextEmbedder) -> None:
        assert embedder.embed([]).shape == (0, embedder.dimensions)

    @pytest.mark.parametrize("text", ["", " ", "\n\t"])
    def test_a_blank_text_is_refused(self, embedder: TextEmbedder, text: str) -> None:
        with pytest.raises(ValueError, match="blank"):
            embedder.embed([text])

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
    def test_no_text_is_too_odd(self, embedder: TextEmbedder, text: str) -> None:
        assert_sound(embedder.embed([text]), 1, embedder.dimensions)

    def test_threads_do_not_disturb_each_other(self, embedder: TextEmbedder) -> None:
        texts = [f"photo number {n} of the harbour" for n in range(24)]
        expected = embedder.embed(texts)
        with ThreadPoolExecutor(6) as threads:
            found = np.concatenate(list(threads.map(lambda text: embedder.embed([text]), texts)))
        assert np.allclose(found, expected, atol=1e-5)

    def test_its_version_can_be_told_without_loading(self, embedder: TextEmbedder) -> None:
        assert_versioned(type(embedder))

    def test_closeness_of_meaning_is_calibrated(self, embedder: TextEmbedder) -> None:
        assert_calibrated(type(embedder))
