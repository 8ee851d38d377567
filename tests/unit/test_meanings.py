"""Meanings of queries: loaded once, remembered, and their absence is told instead of raised as something else."""

import threading

import pytest

from darkroom.domain.outputs import space
from darkroom.inference import registry
from darkroom.inference.providers.look import Look
from darkroom.inference.weights import WeightsMissing
from darkroom.services import meanings
from darkroom.services.legs import LegUnavailable
from darkroom.services.meanings import PictureLooks, QueryMeanings, meanings_of
from darkroom.services.versions import versions_of
from darkroom.settings import InferenceSettings
from darkroom.testing.embedders import FakeTextEmbedder


class Counting(FakeTextEmbedder):
    loads = 0
    embedded: list[str] = []  # noqa: RUF012

    def load(self) -> None:
        type(self).loads += 1

    def embed(self, texts):
        self.embedded.extend(texts)
        return super().embed(texts)


class Broken(FakeTextEmbedder):
    def load(self) -> None:
        raise WeightsMissing("model.safetensors is not the file that was checked")


@pytest.fixture(autouse=True)
def _nothing_counted():
    Counting.loads = 0
    Counting.embedded.clear()


def install(monkeypatch, make):
    class Point:
        name, value = "fake", "somewhere"

        def load(self):
            return make

    monkeypatch.setattr(registry, "entry_points", lambda group: [Point()])


def test_a_model_is_loaded_once_however_many_ask(monkeypatch):
    install(monkeypatch, Counting)
    asked = QueryMeanings("fake", lambda: "v1")
    threads = [threading.Thread(target=asked.of, args=(f"text {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counting.loads == 1


def test_a_repeated_text_is_remembered_whatever_its_spaces(monkeypatch):
    install(monkeypatch, Counting)
    asked = QueryMeanings("fake", lambda: "v1")
    vector = asked.of("dog on  the beach ")
    assert asked.of(" dog on the beach") == vector
    assert Counting.embedded == ["dog on the beach"]
    assert asked.space == "document_v1"
    assert len(vector) == FakeTextEmbedder.dimensions


def test_the_oldest_texts_are_forgotten(monkeypatch):
    install(monkeypatch, Counting)
    monkeypatch.setattr(meanings, "REMEMBERED", 3)
    asked = QueryMeanings("fake", lambda: "v1")
    for text in ("a", "b", "c", "a", "d", "a", "b"):
        asked.of(text)
    assert Counting.embedded == ["a", "b", "c", "d", "b"]


def test_a_model_that_cannot_be_loaded_is_told_and_tried_again_later(monkeypatch):
    install(monkeypatch, Broken)
    asked = QueryMeanings("fake", lambda: "v1")
    for ask in (lambda: asked.of("dog"), lambda: asked.calibration):
        with pytest.raises(LegUnavailable, match=r"model\.safetensors"):
            ask()
    install(monkeypatch, Counting)
    with pytest.raises(LegUnavailable):
        asked.of("dog")
    monkeypatch.setattr(meanings, "TRIED_AGAIN_AFTER", 0.0)
    assert asked.of("dog")
    asked.warm().join(5)


def test_a_provider_that_is_not_installed_is_told():
    with pytest.raises(LegUnavailable, match="clip"):
        QueryMeanings("clip", lambda: "v1").of("dog")


def test_warming_loads_the_model_and_forgives_its_absence(monkeypatch):
    install(monkeypatch, Counting)
    QueryMeanings("fake", lambda: "v1").warm().join(5)
    assert Counting.loads == 1
    install(monkeypatch, Broken)
    QueryMeanings("fake", lambda: "v1").warm().join(5)


def test_the_bundled_models_search_the_spaces_that_photos_are_written_to():
    settings = InferenceSettings()
    current = versions_of(settings)
    looks = PictureLooks(settings.image_embedder)
    assert looks.space == space("embeddings.visual", current["embeddings.visual"].version)
    assert looks.calibration == Look.calibration
    meanings = meanings_of(settings)
    assert meanings.space == space("embeddings.document", current["embeddings.document"].version)
    assert len(meanings.of("dog on the beach")) == 384


def test_a_model_of_pictures_that_is_not_installed_is_told():
    with pytest.raises(LegUnavailable, match="clip"):
        _ = PictureLooks("clip").space
