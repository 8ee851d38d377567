"""Searches: the API against the same work done by hand, alone and at 16 clients, filters, recall, first and last page.

By hand is what a competent user would write with the same libraries: embed the query, ask LanceDB for words and for
the nearest vectors, fuse by ranks, fetch 20 rows, in one process without a network. No query is asked twice.
`python -m bench.search --photos 20000` prints the table alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import lancedb
import numpy as np
from lancedb.query import MatchQuery
from sqlalchemy import Engine, select

from bench.measure import Result, alone, share
from bench.search_corpus import SELECTIVE, Library, build, described, queries
from darkroom.domain.filters import parse
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.domain.outputs import DOCUMENT_OUTPUT, VISUAL_OUTPUT
from darkroom.domain.words import query_words
from darkroom.home import Home
from darkroom.inference.registry import text_embedder
from darkroom.security.keys import digest, generate
from darkroom.settings import InferenceSettings
from darkroom.stores.state import keys, schema
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import migrate
from darkroom.stores.vector_columns import vector_column
from darkroom.stores.vectors import LanceVectors
from darkroom.testing.postgres import embedded_postgres, free_port

PHOTOS = 100_000
ROWS = 20
ASKED = 60
"""Queries of a round."""
CLIENTS = 16
NEAREST = 50
LIBRARY = str(DEFAULT_LIBRARY)

Ask = Callable[[str], int]


@dataclass(frozen=True)
class Stand:
    """A running API over a generated library, and what doing it by hand needs."""

    home: Home
    url: str
    key: str
    state: Engine
    index: LanceVectors
    library: Library


@contextmanager
def standing(photos: int) -> Iterator[Stand]:
    """Builds a library and serves it until the block ends."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, embedded_postgres(Path(folder)) as home:
        migrate(home.database_url("darkroom"))
        state, index = connect(home.database_url("darkroom"), pool_size=CLIENTS), LanceVectors(home.vectors)
        library = build(state, index, photos)
        key = generate()
        with state.begin() as connection:
            keys.add_key(connection, DEFAULT_OWNER, "bench", digest(key), ["photos:search", "photos:read"], None)
        with served("api.app:create_app", home) as url:
            yield Stand(home, url, key, state, index, library)
        state.dispose()


@contextmanager
def served(factory: str, home: Home) -> Iterator[str]:
    """An application over a home, until the block ends: its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", factory, "--factory", "--port", str(port)]
    options = {"env": {**os.environ, "DARKROOM_HOME": str(home.root)}, "stdout": subprocess.DEVNULL}
    server = subprocess.Popen([*command, "--no-access-log"], stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                if httpx.get(f"{url}/livez").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def by_api(stand: Stand, **asked: Any) -> Ask:
    """Asks the API, over one connection a thread."""
    client = httpx.Client(base_url=stand.url, headers={"Authorization": f"Bearer {stand.key}"}, timeout=60)
    client.post("/v1/search", json={"text": "warm"}).raise_for_status()

    def ask(text: str) -> int:
        found = client.post("/v1/search", json={"text": text, "limit": ROWS, **asked}).raise_for_status().json()
        return len(found["items"])

    return ask


def by_hand(stand: Stand) -> Ask:
    """The same work, written down plainly."""
    model = text_embedder(InferenceSettings().text_embedder).make()
    model.load()
    photos = lancedb.connect(str(stand.home.vectors), read_consistency_interval=timedelta(0)).open_table("photos")
    column = vector_column(stand.library.spaces[DOCUMENT_OUTPUT])

    def ask(text: str) -> int:
        vector = model.embed([text])[0]
        match = MatchQuery(" ".join(query_words(text)), "document")
        words = photos.search(match, query_type="fts").select(["photo_id", "_score"]).limit(ROWS).to_arrow()
        near = photos.search(vector, vector_column_name=column).distance_type("cosine")
        near = near.select(["photo_id", "_distance"]).limit(ROWS).to_arrow()
        ranks: dict[str, float] = defaultdict(float)
        for listed in (words, near):
            for place, photo_id in enumerate(listed["photo_id"].to_pylist()):
                ranks[photo_id] += 1 / (60 + place)
        best = sorted(ranks, key=ranks.__getitem__, reverse=True)[:ROWS]
        with stand.state.connect() as connection:
            statement = select(schema.photos).where(schema.photos.c.photo_id.in_(best))
            return len(json.dumps([row._asdict() for row in connection.execute(statement)], default=str)) and len(best)

    return ask


def seconds(ask: Ask, texts: Sequence[str]) -> list[float]:
    """How long each query takes, one after the other."""
    took = []
    for text in texts:
        started = time.perf_counter()
        ask(text)
        took.append(time.perf_counter() - started)
    return took


def seconds_at_once(asks: Sequence[Ask], texts: Sequence[str]) -> list[float]:
    """How long each query takes while every client asks its share."""
    shares = [texts[number :: len(asks)] for number in range(len(asks))]
    with ThreadPoolExecutor(len(asks)) as threads:
        return [one for took in threads.map(seconds, asks, shares) for one in took]


def p95(took: Sequence[float]) -> float:
    """95th percentile in milliseconds."""
    return float(np.percentile(took, 95)) * 1000


def measure(stand: Stand, rounds: int) -> Iterator[Result]:
    """All the ratios, rounds interleaved."""
    fresh = iter(queries(100_000, 3))

    def texts(count: int = ASKED) -> list[str]:
        return [next(fresh) for _ in range(count)]

    api, hand = by_api(stand), by_hand(stand)
    seconds(api, texts(10)), seconds(hand, texts(10))
    pairs = [(p95(seconds(api, texts())), p95(seconds(hand, texts()))) for _ in range(rounds)]
    yield share("search p95, API against by hand, alone", *zip(*pairs, strict=True), "<= 1.5", "ms")
    apis, hands = [by_api(stand) for _ in range(CLIENTS)], [hand] * CLIENTS
    pairs = [
        (p95(seconds_at_once(apis, texts(8 * CLIENTS))), p95(seconds_at_once(hands, texts(8 * CLIENTS))))
        for _ in range(rounds)
    ]
    yield share(f"search p95, API against by hand, {CLIENTS} clients", *zip(*pairs, strict=True), "<= 2.0", "ms")
    for name, filter in SELECTIVE.items():
        filtered = by_api(stand, filter=filter)
        pairs = [(p95(seconds(filtered, texts())), p95(seconds(api, texts()))) for _ in range(rounds)]
        yield share(f"search p95, filter accepts {name}, against no filter", *zip(*pairs, strict=True), "<= 4.0", "ms")
    yield from _recalls(stand)
    yield from _pages(stand, rounds)
    yield from _stack(stand, rounds)


def _recalls(stand: Stand) -> Iterator[Result]:
    """Share of the true nearest that the index finds, per space and filter."""
    rng = np.random.default_rng(11)
    for output, vectors in ((VISUAL_OUTPUT, stand.library.visual), (DOCUMENT_OUTPUT, stand.library.document)):
        for name, filter in {"100 %": "", **SELECTIVE}.items():
            places = np.flatnonzero(_accepted(stand.library, filter))
            shares = []
            for _ in range(30):
                noise = rng.normal(0, 0.3 / np.sqrt(vectors.shape[1]), vectors.shape[1])
                asked = vectors[rng.integers(len(vectors))] + noise
                hits = stand.index.search_vector(
                    stand.library.spaces[output],
                    asked.tolist(),
                    libraries=[LIBRARY],
                    limit=NEAREST,
                    filter=parse(filter),
                )
                best = places[np.argsort(-(vectors[places] @ asked))][:NEAREST]
                shares.append(len({int(hit.photo_id[-12:], 16) - 1 for hit in hits} & set(best.tolist())) / len(best))
            yield share(f"recall@{NEAREST}, {output}, filter accepts {name}", shares, [1.0] * 30, ">= 0.95", "share")


def _accepted(library: Library, filter: str) -> np.ndarray[Any, Any]:
    return library.latitudes < (float(filter.split()[-1]) if filter else 91.0)


def _pages(stand: Stand, rounds: int) -> Iterator[Result]:
    """The last page of a long ranking against its first, and of the timeline."""
    client = httpx.Client(base_url=stand.url, headers={"Authorization": f"Bearer {stand.key}"}, timeout=60)
    for name, asked in (("a ranking", {"text": "summer"}), ("the timeline", {"filter": "latitude < 0"})):
        pairs = []
        for number in range(rounds):
            body = {**asked, "limit": 100} | ({"text": f"summer {number}"} if "text" in asked else {})
            took, cursor = [], None
            while True:
                started = time.perf_counter()
                page = client.post("/v1/search", json={**body, **({"cursor": cursor} if cursor else {})}).json()
                took.append((time.perf_counter() - started) * 1000)
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            pairs.append((took[-2], took[0]))
        yield share(
            f"last page of {name} ({len(took)} pages) against the first", *zip(*pairs, strict=True), "<= 1.3", "ms"
        )


def _stack(stand: Stand, rounds: int) -> Iterator[Result]:
    """A page of the timeline from the API, against a bare route over the same rows."""

    def median(url: str) -> float:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {stand.key}"}, timeout=60) as client:
            took = []
            for _ in range(ASKED):
                started = time.perf_counter()
                client.get("/v1/photos", params={"limit": ROWS}).raise_for_status()
                took.append((time.perf_counter() - started) * 1000)
        return float(np.median(took))

    with served("bench.bare:create_app", stand.home) as bare:
        median(stand.url), median(bare)
        pairs = [(median(stand.url), median(bare)) for _ in range(rounds)]
    yield share("a page of photos p50, API against a bare route", *zip(*pairs, strict=True), "<= 3.0", "ms")


def run(photos: int = PHOTOS, rounds: int = 3) -> Iterator[Result]:
    """Builds, serves and measures."""
    with standing(photos) as stand:
        print(described(stand.library), flush=True)
        yield from measure(stand, rounds)


if __name__ == "__main__":
    alone(run, __doc__, PHOTOS)
