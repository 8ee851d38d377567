"""The bundled finder of faces, on pictures that packages bring and on labelled ones."""

import json
import os
import signal
from collections import defaultdict
from csv import DictReader
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from darkroom.inference.pool import FacePool, ModelFault, faces_of
from darkroom.inference.providers.dlib_faces import SIDE_MAX, DlibFaces
from darkroom.inference.worker import decode
from darkroom.settings import InferenceSettings
from darkroom.testing.conformance.faces import FaceFinderConformance, apart
from darkroom.testing.readers import jpeg


@pytest.fixture(scope="module")
def finder() -> DlibFaces:
    finder = DlibFaces()
    finder.load()
    return finder


def picture(file: Path) -> np.ndarray:
    with Pictures.open(file) as opened:
        return np.array(opened.convert("RGB"))


def packaged_picture(package: str, name: str) -> np.ndarray:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"needs pictures of people ({package}, of the extra `demo`, brings one)")
    return picture(Path(spec.origin).parent / name)


def astronaut() -> np.ndarray:
    return packaged_picture("skimage", "data/astronaut.png")[:400, 80:380]


def admiral() -> np.ndarray:
    return packaged_picture("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")[:400, 100:400]


class TestConformance(FaceFinderConformance):
    @staticmethod
    def portraits() -> tuple[np.ndarray, np.ndarray]:
        return astronaut(), admiral()


def test_a_face_that_fills_its_picture_is_found_though_its_surroundings_are_missing(finder, monkeypatch):
    whole = packaged_picture("skimage", "data/astronaut.png")
    (face,) = finder.find([whole])[0]
    x, y, w, h = (round(side * 512) for side in face.box)
    inset = round(0.12 * w)
    crop = np.ascontiguousarray(whole[y + inset : y + h - inset, x + inset : x + w - inset])
    (tight,) = finder.find([crop])[0]
    assert apart(tight, face) < 0.4
    assert tight.box[2] > 0.7
    monkeypatch.setattr(DlibFaces, "_detect_tight", lambda self, grey: [])
    assert finder.find([crop]) == [()]


def test_a_mirrored_face_has_the_mirrored_box_and_is_the_same_person(finder):
    image = astronaut()
    (face,), (mirrored,) = finder.find([image, np.ascontiguousarray(image[:, ::-1])])
    assert mirrored.box[0] == pytest.approx(1 - face.box[0] - face.box[2], abs=0.03)
    assert apart(face, mirrored) < finder.same_person_distance(face.size)


def test_a_small_picture_is_searched_enlarged_and_its_size_told_as_it_is(finder):
    image = astronaut()
    (face,) = finder.find([image])[0]
    small = np.asarray(Pictures.fromarray(image).resize((100, 133)))
    (found,) = finder.find([small])[0]
    assert found.size == pytest.approx(face.size / 3, abs=5)
    assert found.box == pytest.approx(face.box, abs=0.06)
    assert found.sharpness < face.sharpness / 2


def test_a_picture_larger_than_any_rendition_is_searched_reduced(finder):
    image = astronaut()
    large = np.asarray(Pictures.fromarray(image).resize((SIDE_MAX * 3 // 2 * 3 // 4, SIDE_MAX * 3 // 2)))
    (face,), (found,) = finder.find([image, large])
    assert found.size == pytest.approx(face.size * large.shape[0] / 400, rel=0.15)
    assert apart(face, found) < finder.same_person_distance(face.size)


def test_a_grey_picture_shows_the_same_person(finder):
    image = astronaut()
    grey = np.asarray(Pictures.fromarray(image).convert("L").convert("RGB"))
    (face,), (found,) = finder.find([image, grey])
    assert apart(face, found) < finder.same_person_distance(face.size)


@pytest.mark.parametrize("name", ["brick.png", "grass.png", "gravel.png", "coffee.png", "page.png", "coins.png"])
def test_nobody_is_seen_where_nobody_is(finder, name):
    assert finder.find([packaged_picture("skimage", f"data/{name}")]) == [()]


def test_the_file_with_the_restricted_licence_is_never_used():
    text = (Path(find_spec("darkroom").origin).parent / "inference" / "providers" / "dlib_faces.py").read_text()
    assert "68_face" not in text
    assert "shape_predictor_5_face_landmarks.dat" in text


@pytest.mark.testdata
def test_labelled_people_are_found_and_told_apart(finder, testdata):
    folder = testdata / "faces"
    people = defaultdict(list)
    for row in DictReader((folder / "MANIFEST.csv").open()):
        identity = json.loads(row["label"])["identity"]
        if row["file"].startswith("lfw") and len(people[identity]) < 4:
            people[identity].append(picture(folder / row["file"]))
    found = {identity: finder.find(images) for identity, images in people.items()}
    assert all(faces for seen in found.values() for faces in seen)
    owners = [(identity, faces[0]) for identity, seen in found.items() for faces in seen]
    verdicts = defaultdict(list)
    for number, (identity, face) in enumerate(owners):
        for other_identity, other in owners[:number]:
            close = apart(face, other) < finder.same_person_distance(min(face.size, other.size))
            verdicts[identity == other_identity].append(close)
    assert len(verdicts[True]) == 30 and len(verdicts[False]) == 160
    assert not any(verdicts[False])
    assert np.mean(verdicts[True]) > 0.9


def test_model_processes_find_what_this_process_finds(finder):
    rendition = jpeg(astronaut())
    pool = FacePool(InferenceSettings(workers=1, seconds_per_photo=60))
    try:
        replies = [pool.submit(rendition), pool.submit(rendition[:200]), pool.submit(rendition)]
        with pytest.raises(ModelFault, match="finding its faces") as fault:
            faces_of(replies[1])
        assert fault.value.kind == "corrupt"
        assert faces_of(replies[0]) == faces_of(replies[2]) == finder.find([decode(rendition)])[0]
    finally:
        pool.close()


def test_a_search_that_hangs_ends_and_costs_only_its_picture():
    rendition = jpeg(astronaut())
    pool = FacePool(InferenceSettings(workers=1, seconds_per_photo=5))
    try:
        (expected,) = faces_of(pool.submit(rendition))
        (pid,) = pool._pool.pids()
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(ModelFault, match="took longer than 5 s") as fault:
            faces_of(pool.submit(rendition))
        assert fault.value.kind == "timeout"
        assert faces_of(pool.submit(rendition)) == (expected,)
    finally:
        pool.close()
