"""How well people are told apart, all faces at once and published in batches; and how long many faces take.

Run `python -m bench.people_quality [--faces FOLDER] [--finder dlib] [--many 100000] [--json FILE]`. The folder is that
of `bench.faces_quality`. Faces of pictures whose identity nobody knows take part, and are not counted.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.faces_quality import GREY_SOURCE, Labelled, labelled
from darkroom.domain.curation import replay
from darkroom.domain.people import Face, assign
from darkroom.domain.regrouping import regrouping
from darkroom.inference.neighbours import nearest
from darkroom.inference.registry import face_finder
from darkroom.sdk.tasks import FaceFinder
from darkroom.services.people import NEIGHBOURS

LIBRARY = uuid.UUID(int=1)
BATCHES = 5
ROUNDS = 5
"""Orders in which the batches come, at random."""

Descriptors = Mapping[uuid.UUID, Sequence[float]]


def found(finder: FaceFinder, pictures: Sequence[Labelled]) -> tuple[list[Face], Descriptors, dict[uuid.UUID, str]]:
    """All faces, their descriptors, and whose the largest of each picture is."""
    faces, descriptors, truth = [], {}, {}
    for picture in pictures:
        photo = uuid.uuid5(LIBRARY, picture.name)
        for number, face in enumerate(finder.find([picture.image])[0]):
            faces.append(Face(uuid.uuid5(photo, str(number)), photo, face.size))
            descriptors[faces[-1].id] = face.descriptor
            if number == 0:
                truth[faces[-1].id] = picture.identity
    return faces, descriptors, truth


def clustered(
    finder: type[FaceFinder], faces: Sequence[Face], descriptors: Descriptors, memory: Mapping[uuid.UUID, uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    vectors = np.array([descriptors[face.id] for face in faces], np.float32)
    near = nearest(vectors, NEIGHBOURS)
    given = assign(LIBRARY, faces, near, finder.same_person_distance, memory, replay([], {}))
    return {face: one.person_id for face, one in given.items() if one.person_id is not None}


def b_cubed(people: Mapping[uuid.UUID, uuid.UUID], truth: Mapping[uuid.UUID, str]) -> dict[str, float]:
    """B³ of Bagga and Baldwin, 1998, over the faces whose identity is known; a face without a person is alone."""
    known = sorted(truth)
    mine, theirs = [np.array([str(side.get(one, one)) for one in known]) for side in (people, truth)]
    together, alike = mine[:, None] == mine, theirs[:, None] == theirs
    both = (together & alike).sum(axis=1)
    precision, recall = float((both / together.sum(axis=1)).mean()), float((both / alike.sum(axis=1)).mean())
    return {"precision": precision, "recall": recall, "f": 2 * precision * recall / (precision + recall)}


def in_batches(finder: type[FaceFinder], faces: list[Face], descriptors: Descriptors, seed: int) -> Any:
    """People after each of several batches, as they would be published."""
    photos = sorted({face.photo_id for face in faces})
    random.Random(seed).shuffle(photos)
    people: dict[uuid.UUID, uuid.UUID] = {}
    for end in range(1, BATCHES + 1):
        there = set(photos[: len(photos) * end // BATCHES])
        before, people = people, clustered(finder, [f for f in faces if f.photo_id in there], descriptors, people)
    return people, regrouping(before, people).agreement


def quality(finder: FaceFinder, pictures: Sequence[Labelled]) -> dict[str, Any]:
    faces, descriptors, truth = found(finder, pictures)
    kind = type(finder)
    result: dict[str, Any] = {
        "faces": len(faces),
        "of known people": len(truth),
        "at once": b_cubed(clustered(kind, faces, descriptors, {}), truth),
    }
    runs = [in_batches(kind, faces, descriptors, seed) for seed in range(ROUNDS)]
    scores = [b_cubed(people, truth) for people, _ in runs]
    result[f"in {BATCHES} batches, worst of {ROUNDS} orders"] = min(scores, key=lambda score: score["f"])
    result["agreement of the last two generations, lowest"] = min(agreement for _, agreement in runs)
    return result


def crowd(count: int, seed: int = 0) -> tuple[list[Face], NDArray[np.float32], NDArray[np.int64]]:
    """Generated faces about as far apart as the bundled finder's, of people of whom few are seen often."""
    luck = np.random.default_rng(seed)
    people = count // 25
    centres = np.zeros((people, 128))
    centres[:, :60] = luck.normal(size=(people, 60)) * 0.8 / np.sqrt(120)
    share = 1 / np.arange(1, people + 1)
    whose = luck.choice(people, count, p=share / share.sum())
    spread = np.zeros((count, 128))
    spread[:, 30:48] = luck.normal(size=(count, 18)) * 0.38 / np.sqrt(36)
    vectors = centres[whose] + spread * luck.lognormal(0, 0.2, count)[:, None]
    order = np.arange(count)
    photo = order - ((luck.random(count) < 0.4) & (whose != np.roll(whose, 1)))
    sizes = luck.choice([25, 40, 70, 150, 300], count)
    faces = [
        Face(uuid.UUID(int=int(number) + 1), uuid.UUID(int=int(place) + 2), int(size))
        for number, place, size in zip(order, photo, sizes, strict=True)
    ]
    return faces, vectors.astype(np.float32), whose


def many(finder: type[FaceFinder], count: int) -> dict[str, Any]:
    faces, vectors, whose = crowd(count)
    start, cpu = time.perf_counter(), time.process_time()
    near = nearest(vectors, NEIGHBOURS)
    searched = time.perf_counter()
    given = assign(LIBRARY, faces, near, finder.same_person_distance, {}, replay([], {}))
    ended = time.perf_counter()
    pairs = whose[near.left] == whose[near.right]
    people = {one.id: str(given[one.id].person_id) for one in faces}
    truth = {one.id: str(person) for one, person in zip(faces, whose, strict=True)}
    return {
        "faces": count,
        "seconds to find neighbours": round(searched - start, 1),
        "seconds to cluster": round(ended - searched, 1),
        "CPU seconds": round(time.process_time() - cpu, 1),
        "peak memory, GB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "neighbours that are the same person": round(float(pairs.mean()), 3),
        "agreement with the truth": round(regrouping(truth, people).agreement, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[2] / "shared" / "testdata" / "faces"
    parser.add_argument("--faces", type=Path, default=default, help="folder of labelled pictures")
    parser.add_argument("--finder", default="dlib", help="provider")
    parser.add_argument("--many", type=int, default=0, help="how many generated faces to cluster, too")
    parser.add_argument("--json", type=Path, help="file for the result")
    options = parser.parse_args()
    finder = face_finder(options.finder).make()
    result: dict[str, Any] = {}
    if options.many:
        result["many"] = many(type(finder), options.many)
    finder.load()
    pictures = labelled(options.faces)
    result["colour"] = quality(finder, [one for one in pictures if one.source != GREY_SOURCE])
    result["grey"] = quality(finder, [one for one in pictures if one.source == GREY_SOURCE])
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text)


if __name__ == "__main__":
    main()
