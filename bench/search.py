"""Searches: the API against the same work done by hand, alone and at 16 clients, conditions, recall, pages.

By hand is what a competent user would write with the same libraries: embed the query, ask LanceDB for words and for
the nearest vectors, fuse by ranks, fetch 20 rows, in one process without a network. It knows no people; some queries
name one, whom the API finds. No query is asked twice. Times are milliseconds, recalls shares of what should be found.
`python -m bench.search --photos 20000` prints the table alone.
"""

from __future__ import annotations

import itertools
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
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from bench.measure import Result, alone, recall, share
from bench.search_corpus import (
    NOT_INDEXED,
    SELECTIVE,
    Library,
    build,
    described,
    number_of,
    queries,
    who_and_where,
)
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
JUDGED = 30
"""Queries of a recall."""
PAGE = 100
SCOPES = ["photos:search", "photos:read", "people:read"]
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
            keys.add_key(connection, DEFAULT_OWNER, "bench", digest(key), SCOPES, None)
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


def _client(stand: Stand, url: str | None = None) -> httpx.Client:
    """Who asks with the library's key: the API, or another one over the same home."""
    return httpx.Client(base_url=url or stand.url, headers={"Authorization": f"Bearer {stand.key}"}, timeout=300)


def by_api(stand: Stand, **asked: Any) -> Ask:
    """Asks the API, over one connection a thread."""
    client = _client(stand)
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
    for condition in conditions(stand.library)[1:]:
        filtered = by_api(stand, **condition.asked)
        pairs = [(p95(seconds(filtered, texts())), p95(seconds(api, texts()))) for _ in range(rounds)]
        yield share(f"search p95, {condition.name}, against none", *zip(*pairs, strict=True), "<= 4.0", "ms")
    yield from _recalls(stand)
    yield from _recalls_of_searches(stand)
    yield from _pages(stand, rounds)
    yield from _stack(stand, rounds)


@dataclass(frozen=True)
class Condition:
    """What restricts a search: what a report calls it, as it is asked, and the entries that fulfil it.

    `indexed` says whether the index alone can answer it.
    """

    name: str
    asked: dict[str, Any]
    accepted: NDArray[Any]
    indexed: bool


def conditions(library: Library) -> list[Condition]:
    """No condition, filters the index answers, filters only serving can answer, and people in many and few photos.

    In a small library nothing may fulfil one of them: that is left out.
    """
    found = [Condition("no condition", {}, np.arange(len(library.said)), indexed=True)]
    for part, filter in SELECTIVE.items():
        accepted = np.flatnonzero(library.latitudes < float(filter.split()[-1]))
        found.append(Condition(f"filter accepts {part}", {"filter": filter}, accepted, indexed=True))
    for part, filter in NOT_INDEXED.items():
        accepted = np.flatnonzero(library.widths < int(filter.split()[-1]))
        found.append(Condition(f"filter outside the index accepts {part}", {"filter": filter}, accepted, indexed=False))
    for person, shown in itertools.islice(library.people.items(), 2):
        name = f"a person in {100 * len(shown) / len(library.said):.3g} %"
        found.append(Condition(name, {"person_id": str(person)}, shown, indexed=False))
    return [one for one in found if one.accepted.size]


def _recalls(stand: Stand) -> Iterator[Result]:
    """Share of the true nearest that the index finds, per space and filter that it holds."""
    rng = np.random.default_rng(11)
    held = [one for one in conditions(stand.library) if one.indexed]
    for output, vectors in ((VISUAL_OUTPUT, stand.library.visual), (DOCUMENT_OUTPUT, stand.library.document)):
        for condition in held:
            places = condition.accepted
            shares = []
            for _ in range(JUDGED):
                noise = rng.normal(0, 0.3 / np.sqrt(vectors.shape[1]), vectors.shape[1])
                asked = vectors[rng.integers(len(vectors))] + noise
                hits = stand.index.search_vector(
                    stand.library.spaces[output],
                    asked.tolist(),
                    libraries=[LIBRARY],
                    limit=NEAREST,
                    filter=parse(condition.asked.get("filter", "")),
                )
                best = places[np.argsort(-(vectors[places] @ asked))][:NEAREST]
                shares.append(len({number_of(hit.photo_id) for hit in hits} & set(best.tolist())) / len(best))
            yield recall(f"recall@{NEAREST} of the index, {output}, {condition.name}", shares, ">= 0.95")


def _recalls_of_searches(stand: Stand) -> Iterator[Result]:
    """Share of the photos that fulfil a condition and hold every word of a text, among the first 50 of a search.

    Where there are more than 50 of them, all of the 50 should be such. A text is who does something, and where, as the
    description of a photo that fulfils the condition says it, so that there is always one.
    """
    library, rng, client = stand.library, np.random.default_rng(12), _client(stand)
    words = [set(query_words(sentence)) for sentence in library.sentences]
    for condition in conditions(library):
        shares = []
        for _ in range(JUDGED):
            text = who_and_where(library.sentences[library.said[rng.choice(condition.accepted)]])
            holds = np.array([set(query_words(text)) <= one for one in words])
            right = set(condition.accepted[holds[library.said[condition.accepted]]].tolist())
            asked = {"text": text, "limit": NEAREST, **condition.asked}
            items = client.post("/v1/search", json=asked).raise_for_status().json()["items"]
            found = {number_of(item["photo"]["id"]) for item in items}
            shares.append(len(found & right) / min(len(right), NEAREST))
        yield recall(f"recall@{NEAREST} of searches for words, {condition.name}", shares, ">= 0.95")


@dataclass(frozen=True)
class Page:
    """A page of a list: how many milliseconds it took, how many items it has, and the cursor it was asked with."""

    milliseconds: float
    items: int
    cursor: str | None


AskPage = Callable[[str | None], httpx.Response]


def _searching(client: httpx.Client, asked: dict[str, Any]) -> AskPage:
    return lambda cursor: client.post("/v1/search", json={**asked, "limit": PAGE, "cursor": cursor})


def _listing(client: httpx.Client) -> AskPage:
    def ask(cursor: str | None) -> httpx.Response:
        asked: dict[str, Any] = {"cursor": cursor} if cursor else {}
        return client.get("/v1/photos", params={**asked, "limit": PAGE})

    return ask


def _timed(ask: AskPage, cursor: str | None) -> tuple[Page, str | None]:
    """A page, and the cursor of the next one."""
    started = time.perf_counter()
    answer = ask(cursor).raise_for_status().json()
    return Page((time.perf_counter() - started) * 1000, len(answer["items"]), cursor), answer["next_cursor"]


def _walked(ask: AskPage) -> list[Page]:
    """Every page of a list, to the last one that has items."""
    # The last may be short, and so the quicker for rows it has not; it is taken all the same, being the deepest one.
    pages: list[Page] = []
    cursor = None
    while True:
        page, cursor = _timed(ask, cursor)
        pages += [page] if page.items else []
        if cursor is None:
            return pages


def _pages(stand: Stand, rounds: int) -> Iterator[Result]:
    """The last page against the first: of the timeline, of a filter's list, of a ranking that was never asked for.

    What was ranked is remembered for later pages. An API that was just started over the same home knows nothing of it,
    but takes the cursor of the last page, and has to rank everything before it.
    """
    client = _client(stand)
    for name, ask in (
        ("the timeline", _listing(client)),
        ("a filter's list", _searching(client, {"filter": "latitude < 0"})),
    ):
        ask(None)
        walks = [_walked(ask) for _ in range(rounds)]
        yield _last_to_first(name, walks, [walk[-1].milliseconds for walk in walks])
    with served("api.app:create_app", stand.home) as url:
        other = _client(stand, url)
        other.post("/v1/search", json={"text": "warm"}).raise_for_status()
        walks, forgotten = [], []
        for number in range(rounds):
            asked = {"text": f"summer {number}"}
            walks.append(_walked(_searching(client, asked)))
            forgotten.append(_timed(_searching(other, asked), walks[-1][-1].cursor)[0].milliseconds)
    yield _last_to_first("a ranking", walks, [walk[-1].milliseconds for walk in walks])
    yield _last_to_first("a ranking that was forgotten", walks, forgotten)


def _last_to_first(name: str, walks: Sequence[Sequence[Page]], last: Sequence[float]) -> Result:
    told = f"last page of {name} ({len(walks[-1])} pages, {walks[-1][-1].items} photos on the last), against the first"
    return share(told, last, [walk[0].milliseconds for walk in walks], "<= 1.3", "ms")


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
