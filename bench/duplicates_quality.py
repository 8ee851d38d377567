"""How well duplicates are found: labelled copies, distinct pictures, and photos changed in known ways; and how fast.

Run `python -m bench.duplicates_quality [--testdata FOLDER] [--pictures N] [--json FILE]`. Every folder of the test data
is taken as a library: pictures go through the product's own decoding, descriptor and rules. In `duplicates` the pairs
of a label should be found; in the others every pair found is listed, to be looked at.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pictures
from PIL import ImageEnhance, ImageFilter, ImageOps

from darkroom.decoding.handler import inspect, set_up_decoders
from darkroom.domain import miniatures
from darkroom.domain.duplicates import nearly_equal, same_pixels
from darkroom.domain.media import sniff
from darkroom.domain.sameness import CLOSE, Pair, Picture
from darkroom.inference.copies import measured_pairs
from darkroom.inference.registry import image_embedder
from darkroom.services.pictures import picture

TESTDATA = Path(__file__).parents[2] / "shared" / "testdata"
DISTINCT = ("retrieval", "faces", "ocr", "formats")
SAME_LABELS = (("pdq-modes", "pdq-dih"),)
"""Labels of one picture: the bridge of the colour modes is the bridge that is turned."""

CHANGED_PHOTOS = 100
WHEN = datetime(2024, 1, 1, tzinfo=UTC)


def encoded(image: Pictures.Image, quality: int = 85, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return file.getvalue()


def part(share: float) -> Callable[[Pictures.Image], bytes]:
    def cut(image: Pictures.Image) -> bytes:
        width, height = (int(side * share**0.5) for side in image.size)
        left, top = (image.width - width) // 2, (image.height - height) // 3
        return encoded(image.crop((left, top, left + width, top + height)))

    return cut


def moved(image: Pictures.Image) -> bytes:
    """What a steady hand does between two shots: 1 % of the width."""
    return encoded(Pictures.fromarray(np.roll(np.asarray(image), image.width // 100, axis=1)))


def rewritten(image: Pictures.Image) -> bytes:
    """A tenth of the picture is what stands elsewhere in it."""
    other = image.copy()
    width, height = image.width // 3, image.height // 3
    other.paste(image.crop((0, 0, width, height)), (image.width // 2, image.height // 2))
    return encoded(other)


COPIES: dict[str, Callable[[Pictures.Image], bytes]] = {
    "JPEG of quality 95": lambda image: encoded(image, 95),
    "JPEG of quality 40": lambda image: encoded(image, 40),
    "JPEG of quality 20": lambda image: encoded(image, 20),
    "WebP of quality 50": lambda image: encoded(image, 50, "WEBP"),
    "half the size": lambda image: encoded(image.resize((image.width // 2, image.height // 2))),
    "160 px": lambda image: encoded(ImageOps.contain(image, (160, 160))),
    "twice the size": lambda image: encoded(image.resize((image.width * 2, image.height * 2))),
    "squeezed to a square": lambda image: encoded(image.resize((300, 300))),
    "grey": lambda image: encoded(image.convert("L")),
    "mirrored": lambda image: encoded(ImageOps.mirror(image)),
    "turned by 90°": lambda image: encoded(image.rotate(90, expand=True)),
    "turned by 180°, grey": lambda image: encoded(image.rotate(180).convert("L")),
    "sepia": lambda image: encoded(ImageOps.colorize(image.convert("L"), "#2b1a0a", "#ffe8c8")),
    "sharpened": lambda image: encoded(image.filter(ImageFilter.UnsharpMask(2, 80))),
    "brighter by 10 %": lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.1)),
    "contrast up by 20 %": lambda image: encoded(ImageEnhance.Contrast(image).enhance(1.2)),
}
OTHERS: dict[str, Callable[[Pictures.Image], bytes]] = {
    "98 % of it": part(0.98),
    "90 % of it": part(0.9),
    "moved by 1 %": moved,
    "tilted by 1°": lambda image: encoded(image.rotate(1, Pictures.Resampling.BICUBIC)),
    "a tenth of it another": rewritten,
}
"""What is not called a duplicate: another crop or another moment is somebody's choice."""


class Library:
    """Pictures as the product sees them, with whatever names them here."""

    def __init__(self) -> None:
        set_up_decoders(300_000_000)
        self._embedder = image_embedder("look").make()
        self._embedder.load()
        self.pictures: list[Picture] = []
        self._vectors: list[Any] = []
        self._miniatures: list[str] = []

    def add(self, name: str, data: bytes) -> None:
        media_type = sniff(data)
        if media_type is None:
            return
        seen = inspect(memoryview(data), media_type, name, WHEN)
        if seen.fingerprint is None:
            return
        display = next(one for one in seen.renditions if one.kind == "display")
        image = np.asarray(Pictures.open(io.BytesIO(display.data)).convert("RGB"))
        self._vectors.append(self._embedder.embed([image])[0])
        self._miniatures.append(seen.fingerprint["miniature"])
        flat = bool(miniatures.flat(miniatures.parse(self._miniatures[-1:]))[0])
        photo = {name: getattr(seen, name) for name in ("media_type", "width", "height", "orientation")}
        file = {"source_id": "bench", "path": name, "sha256": name, "size_bytes": len(data)}
        self.pictures.append(
            picture(
                {**photo, "photo_id": name, "sha256": name},
                [file],
                seen.metadata,
                {"pixel_digest": seen.pixel_digest, "flat": flat},
            )
        )

    def pairs(self) -> list[Pair]:
        names = [one.photo_id for one in self.pictures]
        return [
            Pair(names[first], names[second], deviation, float(self._vectors[first] @ self._vectors[second]))
            for first, second, deviation in measured_pairs(miniatures.parse(self._miniatures), CLOSE)
        ]

    def found(self) -> set[frozenset[str]]:
        """Pairs of names that stand in one group."""
        pixels = same_pixels(self.pictures)
        near = nearly_equal(self.pictures, self.pairs(), pixels)
        alike = {group.keeper: list(group.wasted) for group in pixels}
        whole = [[name for keeper in group.wasted for name in alike.get(keeper, [keeper])] for group in near]
        return pairs_of([*whole, *(list(group.wasted) for group in pixels)])


def pairs_of(groups: Iterable[Sequence[str]]) -> set[frozenset[str]]:
    return {frozenset(pair) for group in groups for pair in combinations(group, 2)}


def labelled(folder: Path) -> dict[str, Any]:
    """Precision and recall over the pairs of one label, and what was found or missed wrongly."""
    library, groups = Library(), dict[str, list[str]]()
    for row in csv.DictReader((folder / "MANIFEST.csv").open()):
        label = json.loads(row["label"])
        if label["format"]:
            library.add(row["file"], (folder / row["file"]).read_bytes())
            groups.setdefault(dict(SAME_LABELS).get(label["group"], label["group"]), []).append(row["file"])
    true, found = pairs_of(groups.values()), library.found()
    both = len(true & found)
    precision, recall = both / max(1, len(found)), both / len(true)
    return {
        "pictures": len(library.pictures),
        "pairs_of_copies": len(true),
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "F": round(2 * precision * recall / (precision + recall), 3),
        "merged_wrongly": sorted(sorted(pair) for pair in found - true),
        "missed": sorted(sorted(pair) for pair in true - found),
    }


def unlabelled(folder: Path) -> dict[str, Any]:
    """Pairs found among pictures that are no labelled copies: to be looked at."""
    library = Library()
    for row in csv.DictReader((folder / "MANIFEST.csv").open()):
        library.add(row["file"], (folder / row["file"]).read_bytes())
    flat = [one.photo_id for one in library.pictures if one.flat]
    found = sorted(sorted(pair) for pair in library.found())
    return {"pictures": len(library.pictures), "flat": len(flat), "pairs": len(found), "found": found}


def changed(photos: Sequence[Path]) -> dict[str, float]:
    """Share of photos whose changed picture is found to be their copy."""
    result = {}
    for name, change in (COPIES | OTHERS).items():
        library = Library()
        for file in photos:
            with Pictures.open(file) as opened:
                image = ImageOps.exif_transpose(opened).convert("RGB")
            library.add(file.name, encoded(image, 92))
            library.add(f"{file.name} changed", change(image))
        pairs = library.found()
        result[name] = round(sum(frozenset((f.name, f"{f.name} changed")) in pairs for f in photos) / len(photos), 3)
        wrong = [sorted(pair) for pair in pairs if len({name.removesuffix(" changed") for name in pair}) > 1]
        if wrong:
            raise SystemExit(f"{name}: different photos were merged: {wrong}")
    return result


def seconds(count: int) -> dict[str, float]:
    """Time to find the candidates among random smooth pictures, every tenth a copy of the one before."""
    rng = np.random.default_rng(5)
    waves = rng.normal(size=(count, 8, 8)).astype(np.float32)
    waves[1::10] = waves[::10][: len(waves[1::10])] + rng.normal(0, 0.01, waves[1::10].shape)
    points = np.cos(np.pi * np.arange(8)[:, None] * (2 * np.arange(miniatures.EDGE) + 1) / (2 * miniatures.EDGE))
    pictures = np.clip(points.T.astype(np.float32) @ waves @ points.astype(np.float32) * 8 + 128, 0, 255)
    start = time.perf_counter()
    pairs = sum(1 for _ in measured_pairs(pictures.astype(np.uint8), CLOSE))
    return {"pictures": count, "seconds": round(time.perf_counter() - start, 1), "pairs": pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--testdata", type=Path, default=TESTDATA, help="folder of the test data")
    parser.add_argument("--pictures", type=int, default=100_000, help="for the time it takes")
    parser.add_argument("--json", type=Path, help="file for the result")
    options = parser.parse_args()
    photos = sorted((options.testdata / "retrieval").glob("*.jpg"))[:CHANGED_PHOTOS]
    pages = sorted((options.testdata / "ocr").glob("sroie*.jpg"))[: CHANGED_PHOTOS // 5]
    result = {
        "labelled": labelled(options.testdata / "duplicates"),
        "distinct": {name: unlabelled(options.testdata / name) for name in DISTINCT},
        "changed_photos": changed(photos),
        "changed_pages": changed(pages),
        "time": seconds(options.pictures),
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text)


if __name__ == "__main__":
    main()
