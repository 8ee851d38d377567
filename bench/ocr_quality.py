"""Text reading: words found and CPU time per picture, against the package called as its documentation shows.

All readers run in this process on one thread, on the same picture one after the other, so a busy machine hurts all
alike. `python -m bench.ocr_quality` prints a table by kind of picture.
"""

from __future__ import annotations

import csv
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bench.baseline import TUNED_READER
from bench.corpus import TESTDATA
from bench.measure import Result
from darkroom.domain.words import normalise
from darkroom.inference.providers.rapidocr import RapidOcr
from darkroom.testing.readers import written

Read = Callable[[NDArray[np.uint8]], str]

ONE_THREAD = {
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Global.log_level": "critical",
}
DISPLAY_SIDE = 2048
PHOTOS = 40
RESAMPLES = 1000
ALL = 10**6


@dataclass(frozen=True)
class Picture:
    """A picture with the text that stands in it; None when nobody wrote it down."""

    kind: str
    pixels: NDArray[np.uint8]
    text: str | None


@dataclass(frozen=True)
class Reading:
    """Words found, words there, and CPU seconds, of one picture by one reader."""

    kind: str
    found: int
    there: int
    seconds: float


def pictures(limit: int) -> Iterator[Picture]:
    """Labelled pictures and plain photos, or pages made here when there are none: `limit` of each kind at most."""
    if not TESTDATA.is_dir():
        for turns in range(4):
            text = "\n".join(f"line {n} of page {turns}, paid on Thursday, 1,2{n}4.50" for n in range(12))
            yield Picture("page", np.ascontiguousarray(np.rot90(written(text), turns)), text)
        return
    counts: Counter[str] = Counter()
    with (TESTDATA / "ocr" / "MANIFEST.csv").open() as file:
        for row in csv.DictReader(file):
            label = json.loads(row["label"])
            counts[label["kind"]] += 1
            if label.get("text") and counts[label["kind"]] <= limit:
                yield Picture(label["kind"], display(TESTDATA / "ocr" / row["file"]), label["text"])
    for path in sorted((TESTDATA / "retrieval").glob("*.jpg"))[:: 515 // PHOTOS][: min(limit, PHOTOS)]:
        yield Picture("photo", display(path), None)


def readers() -> dict[str, Read]:
    """Ours, and the package with its defaults and with our settings."""
    from rapidocr import RapidOCR

    ours = RapidOcr()
    ours.load()
    defaults, tuned = RapidOCR(params=ONE_THREAD), RapidOCR(params=TUNED_READER)

    def package(engine: RapidOCR) -> Read:
        def read(pixels: NDArray[np.uint8]) -> str:
            return "\n".join(getattr(engine(np.ascontiguousarray(pixels[:, :, ::-1])), "txts", None) or ())

        return read

    return {
        "ours": lambda pixels: "\n".join(line.text for line in ours.read([pixels])[0].lines),
        "defaults": package(defaults),
        "tuned": package(tuned),
    }


def measure(limit: int = ALL) -> dict[str, list[Reading]]:
    """Every reader on every picture."""
    by_reader: dict[str, list[Reading]] = defaultdict(list)
    engines = readers()
    for read in engines.values():
        read(written("warm up"))
    for picture in pictures(limit):
        for name, read in engines.items():
            started = time.process_time()
            text = read(picture.pixels)
            seconds = time.process_time() - started
            there = Counter(normalise(picture.text or "").split())
            found = there & Counter(normalise(text).split())
            by_reader[name].append(Reading(picture.kind, found.total(), there.total(), seconds))
    return by_reader


def run(limit: int = ALL) -> Iterator[Result]:
    """CPU time and recall as ratios, with the middle 95 % of resampled sets of pictures as spread."""
    readings = measure(limit)
    seconds = {name: np.array([one.seconds for one in ones]) for name, ones in readings.items()}
    words = {name: np.array([(one.found, one.there) for one in ones]) for name, ones in readings.items()}
    chosen = np.random.default_rng(7).integers(0, len(seconds["ours"]), (RESAMPLES, len(seconds["ours"])))
    for name in ("defaults", "tuned"):
        label = f"text reading, CPU, against the package ({name})"
        ratios = seconds[name][chosen].sum(axis=1) / seconds["ours"][chosen].sum(axis=1)
        means = float(seconds["ours"].mean()), float(seconds[name].mean())
        yield _result(label, ratios, means[1] / means[0], ">= 1.0", means, "CPU s/picture", len(chosen[0]))
        label = f"text reading, word recall, against the package ({name})"
        found = {who: words[who][:, 0][chosen].sum(axis=1) for who in ("ours", name)}
        recalls = tuple(float(words[who][:, 0].sum() / words[who][:, 1].sum()) for who in ("ours", name))
        ratios = found["ours"] / found[name]
        yield _result(label, ratios, recalls[0] / recalls[1], ">= 1.0", recalls, "recall", len(chosen[0]))


def _result(
    name: str,
    ratios: NDArray[np.float64],
    ratio: float,
    target: str,
    values: tuple[float, ...],
    unit: str,
    count: int,
) -> Result:
    low, high = np.percentile(ratios, [2.5, 97.5])
    return Result(name, ratio, float(low), float(high), target, values[0], values[1], unit, count)


def display(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
        page = Image.new("RGBA", upright.size, "white")
        page.alpha_composite(upright)
        rendition = page.convert("RGB")
        rendition.thumbnail((DISPLAY_SIDE, DISPLAY_SIDE))
        return np.asarray(rendition)


def main() -> None:
    for name, readings in measure().items():
        for kind in dict.fromkeys(one.kind for one in readings):
            ones = [one for one in readings if one.kind == kind]
            there = sum(one.there for one in ones)
            recall = f"{sum(one.found for one in ones) / there:.3f}" if there else "    –"
            print(f"{name:9} {kind:16} {len(ones):3} pictures  recall {recall}  {_mean(ones):.3f} CPU s each")


def _mean(readings: list[Reading]) -> float:
    return sum(one.seconds for one in readings) / len(readings)


if __name__ == "__main__":
    main()
