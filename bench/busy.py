"""Searching while photos are imported, against searching in peace: on the whole platform, as a user runs it.

`python -m bench.busy` prints the table alone. Searches come one after the other with a short pause between them, as
people's do; every import brings new photos.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np

from bench.corpus import Corpus, build
from bench.live import Live
from bench.measure import Result, alone, share
from darkroom.home import Home

PHOTOS = 200
PAUSE_SECONDS = 0.1
ASKED = 100
TEXTS = ("a dog on a beach", "invoice total", "mountain lake at sunset", "people in a street", "red car", "receipt")


def run(photos: int = PHOTOS, rounds: int = 3) -> Iterator[Result]:
    """A round searches in peace, then as long as an import of new photos takes."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, Live() as live:
        corpus = build(Path(folder) / "corpus", photos * (rounds + 1))
        parts = _parts(corpus, Path(folder), rounds + 1)
        live.take_in(parts[0])
        home = Home(live.home)
        headers = {"Authorization": f"Bearer {home.cli_key()}"}
        with httpx.Client(base_url=str(home.endpoints()["api"]["url"]), headers=headers, timeout=60) as client:
            _searched(client, lambda asked: asked < 10)
            busy, peaceful = [], []
            for part in parts[1:]:
                time.sleep(30)  # people, duplicates and marts are made anew
                peaceful.append(_searched(client, lambda asked: asked < ASKED))
                importing = threading.Thread(target=live.take_in, args=(part,))
                importing.start()
                busy.append(_searched(client, lambda _, going=importing.is_alive: going()))
                importing.join()
    yield share("search p95 while photos are imported, against in peace", busy, peaceful, "<= 2.0", "ms")


def _parts(corpus: Corpus, folder: Path, number: int) -> list[Path]:
    parts = [folder / f"part {place}" for place in range(number)]
    for place, path in enumerate(corpus.files):
        part = parts[place % number]
        part.mkdir(exist_ok=True)
        shutil.move(path, part / path.name)
    return parts


def _searched(client: httpx.Client, go_on: Callable[[int], bool]) -> float:
    """95th percentile of the searches' milliseconds."""
    took: list[float] = []
    while go_on(len(took)):
        text = f"{TEXTS[len(took) % len(TEXTS)]} {len(took)}"
        began = time.perf_counter()
        client.post("/v1/search", json={"text": text, "limit": 20}).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_SECONDS)
    return float(np.percentile(took, 95))


if __name__ == "__main__":
    alone(run, __doc__, PHOTOS)
