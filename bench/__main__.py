"""`python -m bench`: runs the benches one after the other, prints their tables, writes bench/results/latest.json.

What is measured so far, or of a part or other sizes, is in partial.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import busy, embedding, ingest, marts, ocr_quality, search
from bench.live import need_strace
from bench.measure import Result, machine, table

RESULTS = Path(__file__).parent / "results"
BENCHES = ("reading", "ingest", "embedding", "search", "busy", "marts")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure ratios, side by side.")
    parser.add_argument("benches", nargs="*", metavar="bench", help=f"some of: {', '.join(BENCHES)} (all without)")
    parser.add_argument("--photos", type=int, default=500, help="size of the ingest corpus")
    parser.add_argument("--entries", type=int, default=search.PHOTOS, help="size of the searched library")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    parser.add_argument("--pictures", type=int, default=ocr_quality.ALL, help="pictures of each kind for reading")
    arguments = parser.parse_args()
    if unknown := set(arguments.benches) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    chosen = arguments.benches or BENCHES
    if "ingest" in chosen:
        need_strace()
    before = machine()
    if before["load_average"][0] > 0.5 * before["cores"]:
        print(f"the machine is busy (load {before['load_average'][0]}): expect ratios that mean little")
    runs: dict[str, Callable[[], Iterable[Result]]] = {
        "reading": lambda: ocr_quality.run(arguments.pictures),
        "ingest": lambda: ingest.run(arguments.photos, arguments.rounds),
        "search": lambda: search.run(arguments.entries, arguments.rounds),
        "embedding": lambda: embedding.run(rounds=arguments.rounds),
        "busy": lambda: busy.run(rounds=arguments.rounds, entries=arguments.entries),
        "marts": lambda: marts.run(rounds=arguments.rounds),
    }
    results: list[Result] = []
    for name in filter(chosen.__contains__, BENCHES):
        made = list(runs[name]())
        print(table(made), flush=True)
        results += made
        _write("partial.json", before, arguments.photos, results)  # what is measured outlives a bench that fails
    sizes = arguments.photos, arguments.pictures, arguments.entries
    if set(chosen) == set(BENCHES) and sizes == (500, ocr_quality.ALL, search.PHOTOS):
        _write("latest.json", before, arguments.photos, results)


def _write(name: str, before: dict[str, Any], photos: int, results: Sequence[Result]) -> None:
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": before,
        "load_average_after": machine()["load_average"],
        "photos": photos,
        "results": [one.to_json() for one in results],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {RESULTS / name}", flush=True)


if __name__ == "__main__":
    main()
