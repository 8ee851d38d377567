"""What the cosine of a query and a document is worth: the fit behind an embedder's calibration, and what it then finds.

Run `python -m bench.meaning_quality`. Documents are captions of photos, as titles would be, alone and with the dates
and paths every document has, and the texts of papers. Prints the fitted curve, and precision and recall at the cut-off.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.judged import NOWHERE, Judged, captions, judged, papers
from darkroom.domain.moments import time_words
from darkroom.domain.words import query_words
from darkroom.inference.registry import text_embedder
from darkroom.sdk.tasks import TextEmbedder

CUTS = (0.5, 0.6, 0.7, 0.8)
FOLDERS = ("holiday", "DCIM", "family", "travel", "2008 Arezzo")


def documents() -> dict[str, list[str]]:
    """Kinds of documents: one caption, four, and one with a date and a path."""
    said, read = captions(), list(papers().values())
    ones, fours = [five[0] for five in said], ["\n".join(five[1:]) for five in said]
    return {
        "a caption": [*ones, *read],
        "four captions": [*fours, *read],
        "a caption, date and path": [around(text, number) for number, text in enumerate([*ones, *read])],
    }


def around(text: str, number: int) -> str:
    """A text with a date and a path, as documents have them."""
    taken = datetime(2005, 1, 1) + timedelta(days=97 * number % 7000)  # noqa: DTZ001 - local wall time
    return f"{text}\n{time_words(taken, 45.0)}\n{FOLDERS[number % len(FOLDERS)]}/IMG_{1000 + number}.JPG"


def pairs(queries: Sequence[Judged], cosines: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Cosines, words of the query and relevance of every certain pair; `cosines` has a row per query."""
    words = [np.full(int(one.certain.sum()), len(query_words(one.text))) for one in queries]
    near = [row[one.certain] for one, row in zip(queries, cosines, strict=True)]
    return np.concatenate(near), np.concatenate(words), np.concatenate([one.relevant[one.certain] for one in queries])


def fitted(cosines: NDArray[Any], words: NDArray[Any], relevant: NDArray[Any]) -> dict[str, Any]:
    """Middles and width of the logistic curve, by Newton's method."""
    inputs = np.stack([np.ones_like(cosines), cosines, words == 2, words >= 3], axis=1).astype(float)
    weights = np.array([-8.0, 20.0, 0.0, 0.0])
    for _ in range(60):
        worth = 1 / (1 + np.exp(-inputs @ weights))
        curved = (inputs * (worth * (1 - worth) + 1e-9)[:, None]).T @ inputs
        weights += np.linalg.solve(curved, inputs.T @ (relevant - worth))
    shifts = (0.0, weights[2], weights[3])
    middles = [round(float(-(weights[0] + shift) / weights[1]), 3) for shift in shifts]
    return {"middles": middles, "width": round(float(1 / weights[1]), 4)}


def found(embedder: TextEmbedder, queries: Sequence[Judged], cosines: NDArray[Any], cut: float) -> dict[str, float]:
    """What the calibration finds of a kind of documents, were its cut-off at `cut`."""
    curve = type(embedder).calibration
    at = type(curve)(curve.middles, curve.width, cut)
    hits = relevant = wanted = answered_wrongly = answered = 0
    for one, row in zip(queries, cosines, strict=True):
        least = at.least(len(query_words(one.text)))
        shown = (row >= least) & one.certain
        hits, relevant = hits + int(shown.sum()), relevant + int((shown & one.relevant).sum())
        wanted += int(one.relevant.sum())
        any_shown = bool((row >= least).any())
        answered_wrongly += any_shown and one.text in NOWHERE
        answered += any_shown and one.text not in NOWHERE
    return {
        "precision": round(relevant / max(hits, 1), 3),
        "recall": round(relevant / wanted, 3),
        "answerable queries answered": round(answered / (len(queries) - len(NOWHERE)), 2),
        "unanswerable queries answered": round(answered_wrongly / len(NOWHERE), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder", default="minilm", help="provider")
    embedder = text_embedder(parser.parse_args().embedder).make()
    embedder.load()
    queries = judged()
    asked = embedder.embed([one.text for one in queries])
    by_kind = {kind: asked @ embedder.embed(texts).T for kind, texts in documents().items()}
    every = [pairs(queries, cosines) for cosines in by_kind.values()]
    report: dict[str, Any] = {"fit to all": fitted(*(np.concatenate(parts) for parts in zip(*every, strict=True)))}
    curve = type(embedder).calibration
    report["calibration"] = {"middles": curve.middles, "width": curve.width, "cut_off": curve.cut_off}
    for kind, cosines in by_kind.items():
        report[kind] = {f"cut-off {cut}": found(embedder, queries, cosines, cut) for cut in CUTS}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
