"""`python -m bench`: runs the benches, prints a table, writes bench/results/latest.json (partial.json for a part)."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

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
    results: list[Result] = []
    if "reading" in chosen:
        results += ocr_quality.run(arguments.pictures)
    if "ingest" in chosen:
        results += ingest.run(arguments.photos, arguments.rounds)
    if "search" in chosen:
        results += search.run(arguments.entries, arguments.rounds)
    if "embedding" in chosen:
        results += embedding.run(rounds=arguments.rounds)
    if "busy" in chosen:
        results += busy.run(rounds=arguments.rounds, entries=arguments.entries)
    if "marts" in chosen:
        results += marts.run(rounds=arguments.rounds)
    print(table(results))
    sizes = arguments.photos, arguments.pictures, arguments.entries
    standard = set(chosen) == set(BENCHES) and sizes == (500, ocr_quality.ALL, search.PHOTOS)
    path = RESULTS / ("latest.json" if standard else "partial.json")
    RESULTS.mkdir(exist_ok=True)
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": before,
        "load_average_after": machine()["load_average"],
        "photos": arguments.photos,
        "results": [one.to_json() for one in results],
    }
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
