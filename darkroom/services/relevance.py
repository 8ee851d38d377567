"""Relevance: golden queries asked of a library that holds the samples, with every leg alone and with all together.

Belongs here: asking, and naming results as judgements do. Does not belong here: queries and judgements
(`samples.queries`), measures and verdicts (`quality.relevance`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from darkroom.domain.words import query_words
from darkroom.samples.documents import DOCUMENTS
from darkroom.samples.pictures import PICTURES
from darkroom.samples.queries import QUERIES, UNANSWERABLE, GoldenQuery
from darkroom.sdk.stores import VectorStore
from darkroom.services.legs import LEGS, LegName
from darkroom.services.meanings import PictureLooks, meanings_of
from darkroom.services.platform import Platform
from darkroom.services.search import Example, Meanings, Query, SearchService, Space
from darkroom.stores.state import publishing

HYBRID = "hybrid"
RESULTS = 10

Runs = Mapping[str, Mapping[str, Sequence[tuple[str, float]]]]
"""By leg, or `hybrid` for all together, and by query: the file names found and their scores, best first."""


@dataclass(frozen=True)
class SampleServing:
    """Serving that shows the samples alone, and knows nobody."""

    photo_ids: Collection[str]

    def visible(self, photo_ids: Sequence[str]) -> Collection[str]:
        """Those that are samples."""
        return [photo_id for photo_id in photo_ids if photo_id in self.photo_ids]

    def matching(self, limit: int) -> Sequence[str]:
        """Every sample."""
        return list(self.photo_ids)[:limit]

    def names(self) -> Mapping[str, str]:
        """Nobody's."""
        return {}

    def photos_of(self, person_ids: Collection[str], limit: int) -> Sequence[str]:
        """None."""
        return []

    def people_in(self, photo_ids: Sequence[str], person_ids: Collection[str]) -> Mapping[str, Collection[str]]:
        """Nobody."""
        return {}


def samples_in(state: Engine) -> tuple[str, dict[str, str]] | None:
    """The library that holds every sample and their file names by photo; `None` where there is no such library."""
    paths = [f"photos/{one.name}" for one in PICTURES] + [f"papers/{one.name}" for one in DOCUMENTS]
    with state.begin() as connection:
        found = publishing.photos_at(connection, paths)
    libraries: dict[UUID, dict[str, str]] = defaultdict(dict)
    for library_id, photo_id, path in found:
        libraries[library_id][path] = str(photo_id)
    whole = next(((library, held) for library, held in libraries.items() if len(held) == len(paths)), None)
    if whole is None:
        return None
    library, held = whole
    # A plain copy is the photo it copies, which has the shorter name.
    by_length = sorted(held.items(), key=lambda one: -len(one[0]))
    return str(library), {photo_id: path.rpartition("/")[2] for path, photo_id in by_length}


def golden_runs(platform: Platform) -> Runs | None:
    """What golden queries find in the platform's index; `None` unless it holds the sample library.

    Raises `IndexUnavailable`.
    """
    samples = samples_in(platform.state)
    if samples is None:
        return None
    inference = platform.settings.inference
    return runs(platform.vectors, meanings_of(inference), PictureLooks(inference.image_embedder), *samples)


def runs(index: VectorStore, meanings: Meanings, looks: Space, library: str, names: Mapping[str, str]) -> Runs:
    """What golden queries find in an index that holds the samples; `names` are their file names by photo."""
    photos = {name: photo_id for photo_id, name in names.items()}

    def ask(service: SearchService, golden: GoldenQuery) -> list[tuple[str, float]]:
        example = Example(golden.name, photo_id=photos[golden.like]) if golden.like else None
        query = Query(query_words(golden.text), None, (library,), 0, golden.text, example)
        found = service.page(query, SampleServing(names.keys()), 0, RESULTS).found
        return [(names[one.photo_id], one.score) for one in found]

    alone: tuple[LegName, ...] = ("words", "meaning", "look")
    ways = {HYBRID: LEGS} | {leg: (leg,) for leg in alone}
    services = {name: SearchService(index, meanings, looks, legs) for name, legs in ways.items()}
    try:
        return {
            name: {golden.name: ask(service, golden) for golden in (*QUERIES, *UNANSWERABLE)}
            for name, service in services.items()
        }
    finally:
        for service in services.values():
            service.close()
