"""Ingest end to end: against the sequential script, Dagster's share of it, importing again, bytes read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.corpus import Corpus, build
from bench.live import Live, bytes_read
from bench.measure import Result, faster, share

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
TRACED_PHOTOS = 60


def run(photos: int, rounds: int) -> Iterator[Result]:
    """Every round takes the same photos in three ways, in turn, each into an empty place; strace is needed."""
    ours: list[float] = []
    defaults: list[float] = []
    tuned: list[float] = []
    batches: list[tuple[float, float]] = []
    again: list[float] = []
    more: list[float] = []
    for number in range(rounds):
        with _corpus(photos) as corpus:
            if number == 0:
                print(f"corpus: {len(corpus.files)} {'real' if corpus.real else 'generated'} photos,", end=" ")
                print(f"{corpus.size_bytes / 1e6:.0f} MB", flush=True)
            for name in _in_turn(["defaults", "tuned", "ours"], number):
                if name == "ours":
                    with Live() as live:
                        ours.append(_taken_in(live, corpus))
                        batches.append(live.batch_seconds())
                        again.append(live.take_in(corpus.folder).seconds)
                        corpus.add(len(corpus.held_back))
                        more.append(live.take_in(corpus.folder).seconds)
                    shutil.rmtree(corpus.folder.parent)
                    corpus = build(corpus.folder.parent, photos)
                else:
                    (tuned if name == "tuned" else defaults).append(_script(corpus, tuned=name == "tuned")["seconds"])
        seconds = f"ours {ours[-1]:.1f} s, script {defaults[-1]:.1f} s, tuned {tuned[-1]:.1f} s"
        print(f"round {number + 1}: {seconds}, again {again[-1]:.1f} s, 1 % more {more[-1]:.1f} s", flush=True)
    yield faster("ingest, against the script at its libraries' defaults", ours, defaults, ">= 2.5", "s")
    yield faster("ingest, against the script with our settings", ours, tuned, ">= 1.6", "s")
    yield share("Dagster's share of a batch", [b[1] for b in batches], [b[0] for b in batches], "<= 0.05", "s")
    yield share("importing again, nothing new", again, ours, "<= 0.03", "s")
    yield share("importing again, 1 % new", more, ours, "<= 0.08", "s")
    yield from _bytes_read(min(photos, TRACED_PHOTOS))


def _taken_in(live: Live, corpus: Corpus) -> float:
    seconds, document = live.take_in(corpus.folder)
    progress: dict[str, Any] = document["progress"]
    if progress["photos_published"] + progress["files_failed"] < len(corpus.files):
        raise RuntimeError(f"the import lost files: {progress}")
    return seconds


def _script(corpus: Corpus, *, tuned: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as out:
        command = [sys.executable, "-m", "bench.baseline", str(corpus.folder), f"{out}/script"]
        environment = {**os.environ, **(ONE_THREAD if tuned else {})}
        done = subprocess.run(
            [*command, *(["--tuned"] if tuned else [])], env=environment, capture_output=True, text=True, check=True
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if found["photos"] < 0.9 * len(corpus.files):
        raise RuntimeError(f"the baseline could not open its photos: {found}")
    return found


def _bytes_read(photos: int) -> Iterator[Result]:
    """Counts what the whole platform reads from the source's files, by following its system calls."""
    with _corpus(photos) as corpus, tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder:
        trace = Path(folder) / "trace"
        with Live(trace=trace) as live:
            live.take_in(corpus.folder)
        yield share(
            "bytes read per byte of file",
            [float(bytes_read(trace, corpus.folder))],
            [float(corpus.size_bytes)],
            "<= 1.2",
            "B",
        )


@contextmanager
def _corpus(photos: int) -> Iterator[Corpus]:
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder:
        yield build(Path(folder) / "corpus", photos)


def _in_turn(names: list[str], number: int) -> list[str]:
    shift = number % len(names)
    return names[shift:] + names[:shift]
