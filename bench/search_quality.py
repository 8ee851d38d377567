"""Whether searches find what they should, on real files: phrases of papers, photos by captions, and judged queries.

Run `python -m bench.search_quality`. Papers are read by the bundled reader, so a phrase is found only if it was read.
The bundled models cannot see what a picture shows: photos are found by captions as far as something else says them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from ir_measures import Qrel, R, ScoredDoc, nDCG

from bench.corpus import TESTDATA
from bench.judged import captions, judged, papers
from bench.ocr_quality import display
from darkroom.domain.outputs import DOCUMENT_OUTPUT, space
from darkroom.domain.words import normalise, query_words
from darkroom.inference.providers.minilm import MiniLm
from darkroom.inference.providers.rapidocr import RapidOcr
from darkroom.services.documents import entry, known_of, meant
from darkroom.services.legs import LEGS, LegName
from darkroom.services.meanings import QueryMeanings
from darkroom.services.relevance import SampleServing
from darkroom.services.search import Query, SearchService
from darkroom.stores.vectors import LanceVectors

LIBRARY = "00000000-0000-4000-8000-000000000001"
WORDS = 3
PHRASES = 4
"""Phrases of so many words, drawn from each paper."""
RESULTS = 10
VERSION = "bench"
WAYS: Mapping[str, Sequence[LegName]] = {"words": ("words",), "meaning": ("meaning",), "hybrid": LEGS}


class Shelf:
    """An index of documents, searched as the API does, in every way."""

    def __init__(self, folder: Path, documents: Mapping[str, Mapping[str, Any]], model: MiniLm) -> None:
        index = LanceVectors(folder)
        index.add_space(space(DOCUMENT_OUTPUT, VERSION), model.dimensions)
        self._serving = SampleServing(documents.keys())
        meanings = QueryMeanings(MiniLm.name, lambda: VERSION)
        entries = []
        for name, told in documents.items():
            photo = {"photo_id": name, "library_id": LIBRARY}
            vector = model.embed([meant(known_of(photo, told, told), [name])])[0].tolist()
            entries.append(entry(photo, [{"path": name}], told, told, {space(DOCUMENT_OUTPUT, VERSION): vector}))
        index.upsert(entries)
        self._services = {way: SearchService(index, meanings, None, legs) for way, legs in WAYS.items()}

    def found(self, text: str, way: str = "hybrid") -> list[tuple[str, float]]:
        """The best ten documents and their scores."""
        query = Query(query_words(text), None, (LIBRARY,), 0, text)
        return [(one.photo_id, one.score) for one in self._services[way].page(query, self._serving, 0, RESULTS).found]


def shelf_of_papers(folder: Path, names: Sequence[str], model: MiniLm) -> Shelf:
    """Papers as the bundled reader reads them, among photos of which nothing is known."""
    reader = RapidOcr()
    reader.load()
    read = {name: reader.read([display(TESTDATA / "ocr" / name)])[0].lines for name in names}
    texts = {name: {"text": "\n".join(line.text for line in lines)} for name, lines in read.items()}
    return Shelf(folder, texts | {photo: {} for photo in captioned()}, model)


def captioned() -> list[str]:
    """Names of the photos that have captions."""
    return [f"photos/{number:04d}.jpg" for number in range(len(captions()))]


def phrases(texts: Mapping[str, str], of_words: bool) -> list[tuple[str, set[str]]]:
    """Phrases drawn from papers, and the papers that hold each: those that ten and more hold name none of them.

    `of_words`: only of words with three letters and more; otherwise prices, dates and codes are in them, too.
    """
    rng = np.random.default_rng(7)
    said = {name: f" {normalise(text)} " for name, text in texts.items()}
    made = []
    for name in sorted(said):
        words = said[name].split()
        drawn = 0
        for place in rng.permutation(max(len(words) - WORDS + 1, 0)):
            phrase = " ".join(words[place : place + WORDS])
            holders = {other for other, text in said.items() if f" {phrase} " in text}
            real = all(word.isalpha() and len(word) >= 3 for word in phrase.split())
            if len(holders) < RESULTS and (real or not of_words):
                made.append((phrase, holders))
                drawn += 1
            if drawn == PHRASES:
                break
    return made


def found_by_phrase(shelf: Shelf, drawn: Sequence[tuple[str, set[str]]]) -> dict[str, Any]:
    """Share of a phrase's papers among the first ten, and how often one of them is the first."""
    recall, first = [], []
    for phrase, holders in drawn:
        names = [name for name, _ in shelf.found(phrase)]
        recall.append(len(holders & set(names)) / len(holders))
        first.append(bool(names) and names[0] in holders)
    return {
        "phrases": len(drawn),
        "recall@10": round(float(np.mean(recall)), 3),
        "P@1": round(float(np.mean(first)), 3),
    }


def found_by_caption(shelf: Shelf, photos: Sequence[str], asked: Sequence[str]) -> dict[str, Any]:
    """Share of photos that are among the first ten when one of their captions is asked for, by way."""
    return {
        way: round(
            float(np.mean([photo in dict(shelf.found(text, way)) for photo, text in zip(photos, asked, strict=True)])),
            3,
        )
        for way in WAYS
    }


def judged_queries(shelf: Shelf, names: Sequence[str]) -> dict[str, Any]:
    """nDCG@10 and recall@10 of judged queries by way; and how many of those that nothing answers found nothing."""
    queries = [one for one in judged() if one.relevant.any()]
    nowhere = [one for one in judged() if not one.relevant.any()]
    grades = [Qrel(one.text, names[n], int(one.grades[n])) for one in queries for n in np.flatnonzero(one.grades)]
    report: dict[str, Any] = {"queries": len(queries)}
    for way in WAYS:
        runs = [ScoredDoc(one.text, *found) for one in queries for found in shelf.found(one.text, way)]
        measured = ir_measures.calc_aggregate([nDCG @ 10, R(rel=2) @ 10], grades, runs)
        report[way] = {str(measure): round(value, 3) for measure, value in measured.items()}
    report["unanswerable queries that found nothing"] = round(
        float(np.mean([not shelf.found(one.text) for one in nowhere])), 3
    )
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=10**6, help="papers that are read")
    limit = parser.parse_args().papers
    model = MiniLm()
    model.load()
    texts, said, photos = dict(list(papers().items())[:limit]), captions(), captioned()
    tellings: dict[str, Callable[[list[str]], dict[str, Any]]] = {
        "nothing but the file": lambda five: {},
        "another caption as description": lambda five: {"description": five[1]},
        "four captions as description": lambda five: {"description": "\n".join(five[1:])},
    }
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        shelf = shelf_of_papers(Path(folder) / "papers", list(texts), model)
        for kind, of_words in (("words", True), ("words, prices and codes", False)):
            report[f"phrases of papers, {kind}"] = found_by_phrase(shelf, phrases(texts, of_words))
        for number, (telling, told) in enumerate(tellings.items()):
            known = {photo: told(five) for photo, five in zip(photos, said, strict=True)}
            shelf = Shelf(Path(folder) / str(number), known, model)
            report[f"photos by a caption, {telling}"] = found_by_caption(shelf, photos, [five[0] for five in said])
        known = {photo: {"description": five[0]} for photo, five in zip(photos, said, strict=True)}
        known |= {name: {"text": text} for name, text in papers().items()}
        shelf = Shelf(Path(folder) / "judged", known, model)
        report["judged queries"] = judged_queries(shelf, [*photos, *papers()])
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
