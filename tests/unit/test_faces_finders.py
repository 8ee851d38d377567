"""Finders of faces: the door they come in by, the fake, and what crosses the border of a model process."""

import json
from concurrent.futures import Future
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from darkroom.contracts.operations import FAILURE_KINDS
from darkroom.inference import registry
from darkroom.inference.pool import ModelFault, faces_of
from darkroom.inference.providers.dlib_faces import DlibFaces
from darkroom.inference.registry import ProviderUnknown, face_finder
from darkroom.inference.worker import FaceWorker, ProviderUnavailable
from darkroom.testing.conformance.faces import FaceFinderConformance
from darkroom.testing.faces import FakeFaceFinder, group
from darkroom.testing.readers import jpeg
from darkroom.workers.process import Reply, TaskFailed, WorkerCrashed, WorkerTimeout


class TestFake(FaceFinderConformance):
    @pytest.fixture
    def finder(self) -> FakeFaceFinder:
        finder = FakeFaceFinder()
        finder.load()
        return finder

    @staticmethod
    def portraits() -> tuple[np.ndarray, np.ndarray]:
        return group(1), group(2)


@pytest.fixture
def fake_installed(monkeypatch):
    found = [EntryPoint("fake", "darkroom.testing.faces:FakeFaceFinder", registry.FACE_FINDERS)]
    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == registry.FACE_FINDERS else [])


def ended(outcome: Reply | BaseException) -> Future[Reply]:
    future: Future[Reply] = Future()
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return future


def test_the_built_in_finder_comes_through_its_entry_point():
    assert face_finder("dlib").make is DlibFaces


def test_a_reader_of_text_is_no_finder_of_faces():
    with pytest.raises(ProviderUnknown, match=r"no face finder is called 'rapidocr' .*inference\.face_finder"):
        face_finder("rapidocr")


def test_faces_cross_the_border_of_a_process_unchanged(fake_installed):
    people = group(3, -1, 4)
    result, blobs = FaceWorker({"provider": "fake"}).handle({}, [memoryview(jpeg(people))])
    as_sent = json.loads(json.dumps(result))
    finder = FakeFaceFinder()
    finder.load()
    (expected,) = finder.find([people])
    received = faces_of(ended(Reply(as_sent, blobs)))
    assert [(face.box, face.size, face.pose, face.descriptor) for face in received] == [
        (face.box, face.size, face.pose, face.descriptor) for face in expected
    ]
    assert len(received) == 2


def test_a_finder_that_cannot_be_loaded_is_nobodys_fault_but_its_own():
    worker = FaceWorker({"provider": "no such finder"})
    with pytest.raises(ProviderUnavailable, match="no such finder"):
        worker.handle({}, [memoryview(jpeg(group(1)))])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (WorkerTimeout("took longer than 2 s"), "timeout"),
        (WorkerCrashed("worker was ended by SIGSEGV", "SIGSEGV"), "crashed"),
        (TaskFailed("ValueError", "the rendition is no JPEG"), "corrupt"),
        (TaskFailed("RuntimeError", "out of luck"), "error"),
    ],
)
def test_a_picture_that_cannot_be_searched_has_a_fault_of_the_contract(error, kind):
    with pytest.raises(ModelFault, match="finding its faces") as fault:
        faces_of(ended(error))
    assert fault.value.kind == kind
    assert kind in FAILURE_KINDS


def test_a_missing_provider_is_told_apart_from_a_bad_picture():
    with pytest.raises(ProviderUnavailable, match="no weights"):
        faces_of(ended(TaskFailed("ProviderUnavailable", "no weights")))
