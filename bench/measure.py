"""Ratios with their spread, targets, and the facts of the machine they were measured on."""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("dagster", "duckdb", "lancedb", "onnxruntime", "pillow", "rapidocr")


@dataclass(frozen=True)
class Result:
    """A measured ratio. `low` and `high` are the extremes over rounds; `target` is like ">= 2.5", or None.

    Of a recall each query is a round, and `ratio` is the mean of them all.
    """

    name: str
    ratio: float
    low: float
    high: float
    target: str | None
    ours: float
    baseline: float
    unit: str
    rounds: int

    @property
    def met(self) -> bool | None:
        """Whether the ratio meets the target; None without one."""
        return None if self.target is None else meets(self.ratio, self.target)

    def to_json(self) -> dict[str, Any]:
        """The result as it is written to the results file."""
        return {**asdict(self), "met": self.met}


def meets(ratio: float, target: str) -> bool:
    """Whether a ratio meets a target such as ">= 2.5" or "<= 0.05". Raises `ValueError` for any other text."""
    found = re.fullmatch(r"(>=|<=) ([\d.]+)", target)
    if found is None:
        raise ValueError(f"not a target: {target!r}")
    bound = float(found[2])
    return ratio >= bound if found[1] == ">=" else ratio <= bound


def faster(name: str, ours: Sequence[float], baseline: Sequence[float], target: str | None, unit: str) -> Result:
    """How many times the baseline's cost ours is better: baseline / ours, round by round."""
    return _result(name, [b / o for o, b in zip(ours, baseline, strict=True)], ours, baseline, target, unit)


def share(name: str, ours: Sequence[float], whole: Sequence[float], target: str | None, unit: str) -> Result:
    """What part of the whole ours is: ours / whole, round by round."""
    return _result(name, [o / w for o, w in zip(ours, whole, strict=True)], ours, whole, target, unit)


def recall(name: str, shares: Sequence[float], target: str | None) -> Result:
    """The mean of what part of the right answers each query found; `low` is the worst query, `high` the best."""
    mean = statistics.fmean(shares)
    return Result(name, mean, min(shares), max(shares), target, mean, 1.0, "share", len(shares))


def _result(
    name: str, ratios: Sequence[float], ours: Sequence[float], baseline: Sequence[float], target: str | None, unit: str
) -> Result:
    return Result(
        name,
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        target,
        statistics.median(ours),
        statistics.median(baseline),
        unit,
        len(ratios),
    )


def machine() -> dict[str, Any]:
    """Processor, memory, system, versions, and how busy the machine was when asked."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "processor": model[1] if model else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def alone(run: Callable[..., Iterable[Result]], description: str | None, photos: int, **sizes: int) -> None:
    """A bench's own command line: so many `photos` unless told otherwise, its table printed.

    `sizes` are further ones that it takes, by name.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--photos", type=int, default=photos, help="how many photos it works on")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size, help="how many there are")
    print(table(list(run(**vars(parser.parse_args())))))


def table(results: Sequence[Result]) -> str:
    """The results as text, one line each."""
    rows = [("bench", "ratio", "low … high", "target", "", "ours", "baseline", "unit")]
    for one in results:
        sign = {True: "met", False: "MISSED", None: ""}[one.met]
        spread = f"{one.low:.3g} … {one.high:.3g}"
        costs = f"{one.ours:.4g}", f"{one.baseline:.4g}", one.unit
        rows.append((one.name, f"{one.ratio:.3g}", spread, one.target or "", sign, *costs))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
