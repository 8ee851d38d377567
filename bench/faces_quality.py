"""How well the face finder finds and tells apart the labelled people: recall, distances by size, clusters, CPU.

Run `python -m bench.faces_quality [--faces FOLDER] [--finder dlib] [--json FILE]`. The folder has a MANIFEST.csv with a
JSON label `{"identity": …}` per file, beside folders `retrieval` and `ocr` from which pictures without people come.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from darkroom.inference.registry import face_finder
from darkroom.sdk.tasks import FaceFinder, FoundFace, Image

SIDE_MAX = 2048
WIDTHS = (None, 60, 35, 22)
MARGINS = (0.3, 0.0, -0.08)
THRESHOLDS = (0.40, 0.45, 0.50, 0.55, 0.60)
GREY_SOURCE = "orl"
OF_PEOPLE = re.compile(
    r"\b(m[ae]n|wom[ae]n|girls?|boys?|people|persons?|child(ren)?|kids?|bab(y|ies)|players?|lady|guys?|s?he|his|her|"
    r"someone|crowd|couple|family|adults?|bikers?|surfers?|skiers?|team|group|climbers?|riders?|cyclists?|dancers?|"
    r"hikers?|swimmers?|runners?|skateboarders?|snowboarders?|drivers?|band|friends?|male|female|toddlers?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Labelled:
    """A picture of one known person."""

    source: str
    name: str
    identity: str
    image: Image


def labelled(folder: Path) -> list[Labelled]:
    found = []
    for row in csv.DictReader((folder / "MANIFEST.csv").open()):
        identity = json.loads(row["label"])["identity"]
        if identity:
            found.append(Labelled(row["file"].split("_")[0], row["file"], identity, picture(folder / row["file"])))
    return found


def picture(file: Path) -> Image:
    with Pictures.open(file) as opened:
        upright = opened.convert("RGB")
        upright.thumbnail((SIDE_MAX, SIDE_MAX))
        return np.asarray(upright)


def without_people(testdata: Path, count: int) -> list[Path]:
    rows = csv.DictReader((testdata / "retrieval" / "MANIFEST.csv").open())
    scenes = [testdata / "retrieval" / row["file"] for row in rows if not OF_PEOPLE.search(row["label"])]
    pages = [testdata / "ocr" / row["file"] for row in csv.DictReader((testdata / "ocr" / "MANIFEST.csv").open())]
    return [*scenes[:count], *[page for page in pages if page.suffix in (".jpg", ".png")][: count // 2]]


def shrunk(image: Image, factor: float) -> Image:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def cropped(image: Image, face: FoundFace, margin: float) -> Image:
    height, width = image.shape[:2]
    x, y, w, h = face.box
    grown = margin * w * width
    top, bottom = max(0, y * height - grown), min(height, (y + h) * height + grown)
    left, right = max(0, x * width - grown), min(width, (x + w) * width + grown)
    return np.ascontiguousarray(image[int(top) : int(bottom), int(left) : int(right)])


def distances(faces: list[tuple[str, FoundFace]]) -> dict[str, Any]:
    """Euclidean distances of all pairs: of one person, and of two."""
    vectors = np.array([face.descriptor for _, face in faces])
    people = np.array([identity for identity, _ in faces])
    above = np.triu_indices(len(faces), 1)
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)[above]
    same = (people[:, None] == people[None])[above]
    return {
        "faces": len(faces),
        "same_5_50_95": np.percentile(apart[same], [5, 50, 95]).round(2).tolist(),
        "different_0.1_1_50": np.percentile(apart[~same], [0.1, 1, 50]).round(2).tolist(),
        "by_threshold": {
            f"{limit:.2f}": {
                "same_found": round(float((apart[same] < limit).mean()), 3),
                "different_taken": round(float((apart[~same] < limit).mean()), 5),
                "b_cubed": b_cubed(clusters(vectors, limit), people),
            }
            for limit in THRESHOLDS
        },
    }


def clusters(vectors: NDArray[Any], limit: float) -> NDArray[np.int64]:
    import dlib

    return np.array(dlib.chinese_whispers_clustering([dlib.vector(vector) for vector in vectors], limit))


def b_cubed(found: NDArray[Any], truth: NDArray[Any]) -> float:
    """B³ F: Bagga and Baldwin, "Algorithms for scoring coreference chains", 1998."""
    together, alike = found[:, None] == found[None], truth[:, None] == truth[None]
    both = (together & alike).sum(axis=1)
    precision, recall = (both / together.sum(axis=1)).mean(), (both / alike.sum(axis=1)).mean()
    return round(float(2 * precision * recall / (precision + recall)), 3)


def largest(finder: FaceFinder, image: Image) -> FoundFace | None:
    faces = finder.find([image])[0]
    return faces[0] if faces else None


def measure(finder: FaceFinder, folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = {"recall": {}, "faces_per_picture": {}, "cpu_ms": {}, "distances": {}, "tight_crops": {}}
    pictures = labelled(folder)
    faces: dict[str, FoundFace] = {}
    for source in sorted({one.source for one in pictures}):
        ours = [one for one in pictures if one.source == source]
        start = time.process_time()
        found = finder.find([one.image for one in ours])
        result["cpu_ms"][source] = round(1000 * (time.process_time() - start) / len(ours))
        result["recall"][source] = f"{sum(map(bool, found))}/{len(ours)}"
        result["faces_per_picture"][source] = round(sum(map(len, found)) / len(ours), 2)
        faces |= {one.name: seen[0] for one, seen in zip(ours, found, strict=True) if seen}
    colour = [one for one in pictures if one.source != GREY_SOURCE and one.name in faces]
    grey = [one for one in pictures if one.source == GREY_SOURCE and one.name in faces]
    result["distances"]["grey"] = distances([(one.identity, faces[one.name]) for one in grey])
    for width in WIDTHS:
        if width is None:
            seen = [(one.identity, faces[one.name]) for one in colour]
        else:
            smaller = [(one, shrunk(one.image, min(1, width / faces[one.name].size))) for one in colour]
            seen = [(one.identity, face) for one, image in smaller if (face := largest(finder, image))]
        result["distances"][f"colour, {width or 'as given'} px"] = distances(seen)
    for margin in MARGINS:
        crops = [cropped(one.image, faces[one.name], margin) for one in colour]
        result["tight_crops"][f"margin {margin}"] = f"{sum(map(bool, finder.find(crops)))}/{len(crops)}"
    empty = without_people(folder.parent, 90)
    wrong = [(file.name, face.score) for file in empty for face in finder.find([picture(file)])[0]]
    result["without_people"] = {"pictures": len(empty), "found": [(name, round(score, 2)) for name, score in wrong]}
    sizes = sorted(face.size for face in faces.values())
    result["sizes_of_faces"] = [sizes[0], *(sizes[len(sizes) * n // 4] for n in (1, 2, 3)), sizes[-1]]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[2] / "shared" / "testdata" / "faces"
    parser.add_argument("--faces", type=Path, default=default, help="folder of labelled pictures")
    parser.add_argument("--finder", default="dlib", help="provider")
    parser.add_argument("--json", type=Path, help="file for the result")
    options = parser.parse_args()
    finder = face_finder(options.finder).make()
    finder.load()
    result = measure(finder, options.faces)
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text)


if __name__ == "__main__":
    main()
