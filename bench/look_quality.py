"""How well picture vectors find a changed picture again, and tell copies from other pictures.

Run `python -m bench.look_quality [--embedder look]`. Originals are pictures of packages and photos of the test data;
they are changed in several ways, and the nearest of all originals should be the changed picture's own.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from darkroom.inference.registry import image_embedder, text_embedder
from darkroom.sdk.tasks import Image, ImageEmbedder

TESTDATA = Path(__file__).parents[2] / "shared" / "testdata"
PACKAGED = (("skimage", "data"), ("sklearn", "datasets/images"), ("matplotlib", "mpl-data/sample_data"))
PHOTOS = 300
CHANGED_PHOTOS = 60
NEIGHBOURS = 5
GREY = ("gray", "__L", "__1.", "__F.", "__I.")


def picture(file: Path, side: int = 512) -> Image:
    with Pictures.open(file) as opened:
        converted = opened.convert("RGB")
        converted.thumbnail((side, side))
        return np.asarray(converted)


def part(share: float) -> Callable[[Image, np.random.Generator], Image]:
    """A random rectangle of this share of the picture."""

    def cut(image: Image, rng: np.random.Generator) -> Image:
        height, width = (max(1, int(side * share**0.5)) for side in image.shape[:2])
        y, x = rng.integers(0, image.shape[0] - height + 1), rng.integers(0, image.shape[1] - width + 1)
        return image[y : y + height, x : x + width]

    return cut


def recompressed(image: Image, rng: np.random.Generator) -> Image:
    file = io.BytesIO()
    Pictures.fromarray(image).save(file, "JPEG", quality=20)
    return np.asarray(Pictures.open(file))


def tilted(image: Image, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(8, 20)), 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def scaled(image: Image, factors: Any) -> Image:
    return np.clip(image * np.asarray(factors), 0, 255).astype(np.uint8)


CHANGES: dict[str, Callable[[Image, np.random.Generator], Image]] = {
    "JPEG of quality 20": recompressed,
    "half the size": lambda image, rng: image[::2, ::2],
    "93 % of it": part(0.93),
    "brighter by 25 %": lambda image, rng: scaled(image, 1.25),
    "darker by 40 %": lambda image, rng: scaled(image, 0.6),
    "colour cast": lambda image, rng: scaled(image, rng.uniform(0.75, 1.25, 3)),
    "mirrored": lambda image, rng: image[:, ::-1],
    "turned by 90°": lambda image, rng: np.rot90(image),
    "tilted by 8–20°": tilted,
    "80 % of it": part(0.8),
    "45 % of it": part(0.45),
    "60 % of it, mirrored": lambda image, rng: part(0.6)(image, rng)[:, ::-1],
}


def packaged() -> list[Image]:
    folders = [
        Path(spec.origin).parent / folder for name, folder in PACKAGED if (spec := find_spec(name)) and spec.origin
    ]
    files = [file for folder in folders for file in sorted(folder.glob("*")) if file.suffix in (".png", ".jpg")]
    twins = ("chessboard_RGB", "motorcycle_right", "logo2", "Minduka")
    return [picture(file) for file in files if not file.name.startswith(twins)]


def found_again(embed: Callable[[Sequence[Image]], NDArray[Any]], photos: list[Image]) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    ours = packaged()
    start = time.process_time()
    gallery = embed([*ours, *photos])
    milliseconds = 1000 * (time.process_time() - start) / len(gallery)
    asked = [*range(len(ours)), *range(len(ours), len(ours) + CHANGED_PHOTOS)]
    originals = [*ours, *photos]
    result: dict[str, Any] = {"pictures": len(gallery), "asked": len(asked), "cpu_ms": round(milliseconds, 1)}
    for name, change in CHANGES.items():
        changed = embed([np.ascontiguousarray(change(originals[index], rng)) for index in asked])
        likeness = changed @ gallery.T
        own = likeness[np.arange(len(asked)), asked]
        ranks = (likeness > own[:, None]).sum(axis=1)
        result[name] = {
            "P@1": round(float((ranks == 0).mean()), 3),
            "MRR": round(float((1 / (1 + ranks)).mean()), 3),
            "likeness_5_50": np.percentile(own, [5, 50]).round(3).tolist(),
        }
    return result


def duplicates(embed: Callable[[Sequence[Image]], NDArray[Any]], photos: NDArray[Any]) -> dict[str, Any]:
    """Likeness of labelled copies, and of different pictures: those of the folder and all pairs of photos."""
    folder = TESTDATA / "duplicates"
    rows = [(row["file"], json.loads(row["label"])) for row in csv.DictReader((folder / "MANIFEST.csv").open())]
    rows = [(name, label["group"].replace("-modes", "-dih")) for name, label in rows if label["format"]]
    vectors = embed([picture(folder / name, 2048) for name, _ in rows])
    groups = np.array([group for _, group in rows])
    grey = np.array([any(kind in name for kind in GREY) for name, _ in rows])
    pairs = np.triu_indices(len(rows), 1)
    likeness = (vectors @ vectors.T)[pairs]
    one = (groups[:, None] == groups[None])[pairs]
    alike = (grey[:, None] == grey[None])[pairs]
    others = np.concatenate(
        [likeness[~one], (vectors @ photos.T).ravel(), (photos @ photos.T)[np.triu_indices(len(photos), 1)]]
    )
    return {
        "pairs_of_copies": int(one.sum()),
        "pairs_of_others": len(others),
        "others_50_99_99.9_100": np.percentile(others, [50, 99, 99.9, 100]).round(3).tolist(),
        "copies_above_all_others": round(float((likeness[one] > others.max()).mean()), 3),
        "copies_both_in_colour_or_both_grey": int((one & alike).sum()),
        "of_these_above_all_others": round(float((likeness[one & alike] > others.max()).mean()), 3),
        "median_of_a_grey_copy_and_its_original": round(float(np.median(likeness[one & ~alike])), 3),
    }


def shared_meaning(vectors: NDArray[Any], captions: list[list[str]]) -> dict[str, float]:
    """How alike the captions of the nearest photos are: chance and the best possible beside it."""
    embedder = text_embedder("minilm").make()
    embedder.load()
    meant = np.array([embedder.embed(texts).mean(axis=0) for texts in captions])
    meant /= np.linalg.norm(meant, axis=1, keepdims=True)
    meaning, likeness = meant @ meant.T, vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    nearest = np.argsort(-likeness, axis=1)[:, :NEIGHBOURS]
    off = ~np.eye(len(meaning), dtype=bool)
    best = np.sort(np.where(off, meaning, -1), axis=1)[:, -NEIGHBOURS:]
    return {
        "nearest": round(float(np.take_along_axis(meaning, nearest, 1).mean()), 3),
        "chance": round(float(meaning[off].mean()), 3),
        "best": round(float(best.mean()), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder", default="look", help="provider")
    embedder: ImageEmbedder = image_embedder(parser.parse_args().embedder).make()
    embedder.load()
    folder = TESTDATA / "retrieval"
    rows = list(csv.DictReader((folder / "MANIFEST.csv").open()))[:PHOTOS]
    photos = [picture(folder / row["file"]) for row in rows]
    vectors = embedder.embed(photos)
    captions = [json.loads(row["label"])["captions"] for row in rows]
    result = {
        "found_again": found_again(embedder.embed, photos),
        "duplicates": duplicates(embedder.embed, vectors),
        "captions_of_nearest_photos": shared_meaning(vectors, captions),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
