"""The photos that benches work on: real ones beside the checkout when they are there, generated ones otherwise.

The same arguments give the same files in the same folders.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TESTDATA = Path(__file__).parents[1].parent / "shared" / "testdata"
SHARES = {"retrieval": 0.7, "ocr": 0.1, "formats": 0.2}
WORDS = ("harbour", "invoice", "garden", "station", "market", "winter", "ticket", "library", "museum", "bridge")


@dataclass(frozen=True)
class Corpus:
    """A folder of photos, and files kept back from it that can be added later."""

    folder: Path
    held_back: tuple[Path, ...]
    real: bool

    @property
    def files(self) -> list[Path]:
        """The photos in the folder now."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    @property
    def size_bytes(self) -> int:
        """Their size."""
        return sum(path.stat().st_size for path in self.files)

    def add(self, count: int) -> None:
        """Puts some of what was held back into the folder."""
        for path in self.held_back[:count]:
            shutil.copyfile(path, self.folder / path.name)


def build(folder: Path, photos: int) -> Corpus:
    """Makes a corpus of so many photos in `folder`, and holds back one more per hundred, at least one."""
    extra = max(1, photos // 100)
    shown, hidden = folder / "photos", folder / "held_back"
    shown.mkdir(parents=True)
    hidden.mkdir()
    real = (TESTDATA / "retrieval" / "MANIFEST.csv").is_file()
    if real:
        for number, path in enumerate(_drawn(photos + extra)):
            target = hidden if number >= photos else shown / f"{number % 7:02d}"
            target.mkdir(exist_ok=True)
            shutil.copyfile(path, target / f"{path.parent.name}__{path.name}")
    else:
        for number in range(photos + extra):
            target = hidden if number >= photos else shown / f"{number % 7:02d}"
            target.mkdir(exist_ok=True)
            _generate(number, target / f"IMG_{number:05d}.jpg")
    return Corpus(shown, tuple(sorted(hidden.iterdir())), real)


def _drawn(count: int) -> list[Path]:
    """Files of every collection in its share, no bytes twice, in an order that depends on their names only."""
    pools: dict[str, list[Path]] = {}
    seen: set[str] = set()
    for name in SHARES:
        with (TESTDATA / name / "MANIFEST.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if json.loads(row["label"]).get("pillow", "ok") == "ok"]
        rows.sort(key=lambda row: hashlib.sha256(row["file"].encode()).digest())
        fresh = [row for row in rows if row["sha256"] not in seen]
        seen.update(row["sha256"] for row in fresh)
        pools[name] = [TESTDATA / name / row["file"] for row in fresh]
    drawn: list[Path] = []
    taken = dict.fromkeys(SHARES, 0)
    while len(drawn) < count:
        name = min(
            (name for name in SHARES if taken[name] < len(pools[name])), key=lambda one: taken[one] / SHARES[one]
        )
        drawn.append(pools[name][taken[name]])
        taken[name] += 1
    return drawn


def _generate(number: int, path: Path) -> None:
    """A photo-like JPEG with EXIF; every tenth is a page of text."""
    random = np.random.default_rng(number)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Darkroom", f"Bench {number % 5}"
    exif[0x0132] = f"2024:{number % 12 + 1:02d}:{number % 28 + 1:02d} {number % 24:02d}:15:00"
    if number % 10 == 0:
        picture = Image.new("RGB", (1240, 1754), "white")
        pen = ImageDraw.Draw(picture)
        for line in range(30):
            words = " ".join(random.choice(WORDS, 6))
            pen.text((90, 90 + 52 * line), f"{words} {number}.{line}", font=ImageFont.load_default(30), fill="black")
    else:
        coarse = random.integers(0, 255, (24, 32, 3), np.uint8)
        picture = Image.fromarray(coarse).resize((1600, 1200), Image.Resampling.BICUBIC)
        grain = random.normal(0, 6, (1200, 1600, 1))
        picture = Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))
    picture.save(path, "JPEG", quality=90, exif=exif)
