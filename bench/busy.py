"""Searching while photos are imported, against searching in peace: on the whole platform, as a user runs it.

Milliseconds, the 95th percentile, of searches in a library of generated entries, beside which every import brings new
photos. They come one after the other with a short pause between them, as people's do; none is asked twice. In peace
means that people, duplicates and marts are made anew and nothing runs. The entries are in serving, state and index, not
in the lake and not among the objects: imports, people and duplicates meet them, marts do not.
`python -m bench.busy --photos 8 --rounds 1 --entries 2000` prints a small table alone.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

from bench import search_corpus
from bench.corpus import Corpus, build
from bench.live import Live
from bench.measure import Result, alone, share
from darkroom.home import Home
from darkroom.stores.state.engine import connect
from darkroom.stores.vectors import LanceVectors

PHOTOS = 200
ENTRIES = 100_000
PAUSE_SECONDS = 0.1
ASKED = 100


def run(photos: int = PHOTOS, rounds: int = 3, entries: int = ENTRIES) -> Iterator[Result]:
    """A round searches in peace, then as long as an import of new photos takes."""
    texts = iter(search_corpus.queries(100_000, 5))
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, Live() as live:
        corpus = build(Path(folder) / "corpus", photos * (rounds + 1))
        parts = _parts(corpus, Path(folder), rounds + 1)
        home = Home(live.home)
        _generate(home, entries)
        live.take_in(parts[0])
        headers = {"Authorization": f"Bearer {home.cli_key()}"}
        with httpx.Client(base_url=str(home.endpoints()["api"]["url"]), headers=headers, timeout=60) as client:
            _searched(client, texts, lambda asked: asked < 10)
            busy, peaceful = [], []
            for part in parts[1:]:
                live.settle()
                peaceful.append(_searched(client, texts, lambda asked: asked < ASKED))
                with ThreadPoolExecutor(1) as threads:
                    importing = threads.submit(live.take_in, part)
                    busy.append(_searched(client, texts, lambda _, over=importing.done: not over()))
                    importing.result()
        live.settle()
    name = f"search p95 while {photos} photos are imported beside {entries}, against in peace"
    yield share(name, busy, peaceful, "<= 2.0", "ms")


def _generate(home: Home, entries: int) -> None:
    """Publishes the generated library into a running home, before anything else is in it."""
    state = connect(home.database_url("darkroom"))
    print(search_corpus.described(search_corpus.build(state, LanceVectors(home.vectors), entries)), flush=True)
    state.dispose()


def _parts(corpus: Corpus, folder: Path, number: int) -> list[Path]:
    parts = [folder / f"part {place}" for place in range(number)]
    for place, path in enumerate(corpus.files):
        part = parts[place % number]
        part.mkdir(exist_ok=True)
        shutil.move(path, part / path.name)
    return parts


def _searched(client: httpx.Client, texts: Iterator[str], go_on: Callable[[int], bool]) -> float:
    """95th percentile of the searches' milliseconds."""
    took: list[float] = []
    while go_on(len(took)):
        text = next(texts)
        began = time.perf_counter()
        client.post("/v1/search", json={"text": text, "limit": 20}).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_SECONDS)
    return float(np.percentile(took, 95))


if __name__ == "__main__":
    alone(run, __doc__, PHOTOS, entries=ENTRIES)
