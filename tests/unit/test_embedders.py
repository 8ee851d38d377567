"""Embedders: the doors they come in by, the fakes, and what crosses the border of a model process."""

from concurrent.futures import Future
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from darkroom.inference import registry
from darkroom.inference.minilm_graph import float_tensors
from darkroom.inference.pool import ModelFault, vector_of
from darkroom.inference.providers.look import Look
from darkroom.inference.providers.minilm import MiniLm
from darkroom.inference.registry import ProviderUnknown, image_embedder, text_embedder
from darkroom.inference.weights import WeightsMissing, pinned
from darkroom.inference.worker import ImageWorker, ProviderUnavailable
from darkroom.testing.conformance.embedders import ImageEmbedderConformance, TextEmbedderConformance, scene
from darkroom.testing.embedders import FakeImageEmbedder, FakeTextEmbedder
from darkroom.testing.readers import jpeg
from darkroom.workers.process import Reply, TaskFailed


class TestFakeOfPictures(ImageEmbedderConformance):
    @pytest.fixture
    def embedder(self) -> FakeImageEmbedder:
        return FakeImageEmbedder()


class TestFakeOfTexts(TextEmbedderConformance):
    @pytest.fixture
    def embedder(self) -> FakeTextEmbedder:
        return FakeTextEmbedder()


def ended(outcome: Reply | BaseException) -> Future[Reply]:
    future: Future[Reply] = Future()
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return future


def test_the_built_in_embedders_come_through_their_entry_points():
    assert image_embedder("look").make is Look
    assert text_embedder("minilm").make is MiniLm


@pytest.mark.parametrize(
    ("door", "setting"), [(image_embedder, "image_embedder"), (text_embedder, "text_embedder")], ids=["image", "text"]
)
def test_an_unknown_embedder_is_an_error_that_names_its_own_setting(door, setting):
    with pytest.raises(ProviderUnknown, match=rf"'clip' \(installed: .*inference\.{setting}"):
        door("clip")


def test_a_vector_crosses_the_border_of_a_process_unchanged(monkeypatch):
    found = [EntryPoint("fake", "darkroom.testing.embedders:FakeImageEmbedder", registry.IMAGE_EMBEDDERS)]
    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == registry.IMAGE_EMBEDDERS else [])
    picture = np.full((32, 32, 3), (200, 100, 50), np.uint8)
    result, blobs = ImageWorker({"provider": "fake"}).handle({}, [memoryview(jpeg(picture))])
    received = vector_of(ended(Reply(result, blobs)))
    assert received.dtype == np.float32
    assert np.allclose(received, FakeImageEmbedder().embed([picture])[0], atol=0.02)


def test_bytes_that_are_no_picture_cost_only_themselves():
    worker = ImageWorker({"provider": "look"})
    with pytest.raises(ValueError, match="no JPEG"):
        worker.handle({}, [memoryview(b"none")])
    assert worker.handle({}, [memoryview(jpeg(scene(1)))])[1]


def test_faults_of_a_picture_and_of_the_provider_are_told_apart():
    with pytest.raises(ModelFault, match="embedding it: no picture") as fault:
        vector_of(ended(TaskFailed("ValueError", "no picture")))
    assert fault.value.kind == "corrupt"
    with pytest.raises(ProviderUnavailable, match="no weights"):
        vector_of(ended(TaskFailed("ProviderUnavailable", "no weights")))


def test_other_weights_than_those_that_were_checked_are_refused(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"another model")
    with pytest.raises(WeightsMissing, match=r"model\.safetensors is not the file that was checked"):
        pinned(file, "0" * 64)


def header(*tensors: str) -> bytes:
    text = ("{" + ",".join(tensors) + "}").encode()
    return len(text).to_bytes(8, "little") + text


def test_floats_are_found_in_a_file_of_tensors_and_others_left_alone(tmp_path):
    file = tmp_path / "weights"
    head = header(
        '"__metadata__":{"format":"pt"}',
        '"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}',
        '"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}',
    )
    file.write_bytes(head + np.array([1, 2], np.float32).tobytes() + bytes(8))
    (name, tensor), *others = float_tensors(file).items()
    assert (name, tensor.shape, others) == ("a", (2, 1), [])
    assert np.frombuffer(file.read_bytes(), np.float32, 2, tensor.offset).tolist() == [1, 2]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        (2**40).to_bytes(8, "little") + b"{}",
        header('"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'),
        header('"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}') + bytes(8),
        header('"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}') + bytes(8),
    ],
    ids=["empty", "short", "huge header", "cut off", "wrong shape", "before the start"],
)
def test_a_damaged_file_of_tensors_is_refused(tmp_path, content):
    file = tmp_path / "weights"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="weights"):
        float_tensors(file)
