"""The API behind a real server, over a real state database, with fakes for what needs no database."""

import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Connection, Engine, delete, select

from api.app import create_app
from api.dependencies import Parts
from api.logs import configure_logging
from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.home import Home
from darkroom.inference.providers.look import Look
from darkroom.security.keys import digest, generate
from darkroom.services.documents import entry
from darkroom.services.meanings import PictureLooks
from darkroom.settings import ApiSettings, Settings
from darkroom.stores.state import keys, schema
from darkroom.stores.state.engine import connect
from darkroom.stores.state.migrate import migrate
from darkroom.testing.conformance.embedders import scene
from darkroom.testing.embedders import FakeTextEmbedder
from darkroom.testing.lake import memory_lake
from darkroom.testing.objects import MemoryObjects
from darkroom.testing.postgres import embedded_postgres
from darkroom.testing.searching import FakeMeanings, vector_of
from darkroom.testing.serving import add_source, publish_photo
from darkroom.testing.vectors import MemoryVectors

MakeKey = Callable[..., str]
ClientOf = Callable[[str], httpx.Client]
Publish = Callable[..., str]

KEPT = {"users", "libraries", "api_keys", "publish_epoch"}
TABLES = [table for table in reversed(schema.metadata.sorted_tables) if table.name not in KEPT]


def empty(connection: Connection) -> None:
    """Removes every row but principals and libraries; deleting, unlike truncating, gets along with readers."""
    for table in TABLES:
        connection.execute(delete(table))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        migrate(home.database_url("darkroom"))
        yield home


@pytest.fixture(scope="session")
def owner(home: Home) -> Iterator[Engine]:
    """The state database as the pipeline sees it."""
    engine = connect(home.database_url("darkroom"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def parts(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    # Every test is at one address, and many are refused on purpose.
    parts = Parts(Settings(home=home.root, api=ApiSettings(refused_per_minute=1_000_000)))
    parts.objects = MemoryObjects()
    parts.vectors = MemoryVectors()
    parts.meanings = FakeMeanings()
    with memory_lake(tmp_path_factory.mktemp("lake")) as lake:
        parts.lake = lake
        yield parts


@pytest.fixture(scope="session")
def app(parts: Parts) -> FastAPI:
    return create_app(parts.settings, parts=parts)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serves an application on loopback, logging as a service does; yields its address."""
    configure_logging()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="on", proxy_headers=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.fixture(scope="session")
def address(app: FastAPI) -> Iterator[str]:
    with served(app) as address:
        yield address


@pytest.fixture(scope="session")
def anonymous(address: str) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture(scope="session")
def make_key(owner: Engine) -> MakeKey:
    """Makes a key: `make_key("photos:read", expires_at=…, revoked=True, user_id=…)`."""

    def make(
        *scopes: str, user_id: uuid.UUID = DEFAULT_OWNER, expires_at: datetime | None = None, revoked: bool = False
    ) -> str:
        key = generate()
        with owner.begin() as connection:
            keys.add_key(connection, user_id, name := uuid.uuid4().hex, digest(key), scopes, expires_at)
            if revoked:
                keys.revoke_keys(connection, user_id, name)
        return key

    return make


@pytest.fixture(scope="session")
def client_of(address: str) -> Iterator[ClientOf]:
    """Makes a client that sends a key."""
    made: list[httpx.Client] = []

    def make(key: str) -> httpx.Client:
        made.append(httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def client(client_of: ClientOf, make_key: MakeKey) -> httpx.Client:
    """A client of the owner that may do everything."""
    return client_of(make_key("admin"))


@pytest.fixture
def state(owner: Engine) -> Iterator[Callable[[], object]]:
    """Transactions as the owner, on tables that are empty at first: `with state() as connection: …`."""
    with owner.begin() as connection:
        empty(connection)

    @contextmanager
    def begin() -> Iterator[Connection]:
        with owner.begin() as connection:
            yield connection

    yield begin


@pytest.fixture
def index(parts: Parts) -> Iterator[MemoryVectors]:
    """The application's index, emptied."""
    store = parts.vectors
    assert isinstance(store, MemoryVectors)
    store.delete(list(store.photo_ids([DEFAULT_LIBRARY])))
    store.add_space("document_fake", FakeTextEmbedder.dimensions)
    store.add_space(looks(), Look.dimensions)
    store.available = True
    yield store
    store.available = True


@cache
def looks() -> str:
    """The space pictures are compared in."""
    return PictureLooks(Look.name).space


@cache
def look_of(seed: int) -> list[float]:
    """How the scene of this seed looks, as the bundled model has it."""
    model = Look()
    model.load()
    return [float(value) for value in model.embed([scene(seed)])[0]]


@pytest.fixture
def publish(index: MemoryVectors, state: Callable[[], Any]) -> Publish:
    """Publishes a photo and its entry: `publish("name", title="…", meant="…", look=seed)`; returns its id."""
    source: list[uuid.UUID] = []

    def publish(
        name: str,
        *,
        library_id: uuid.UUID = DEFAULT_LIBRARY,
        indexed: bool = True,
        meant: str = "",
        look: int | None = None,
        **values: Any,
    ) -> str:
        with state() as connection:
            if not source:
                source.append(add_source(connection, DEFAULT_LIBRARY, "/pictures"))
            mine = source[0] if library_id == DEFAULT_LIBRARY else None
            photo_id = publish_photo(connection, name, library_id=library_id, source_id=mine, **values)
            query = select(schema.photos).where(schema.photos.c.photo_id == photo_id)
            row = dict(connection.execute(query).mappings().one())
        vectors = {"document_fake": vector_of(meant)} if meant else {}
        vectors |= {looks(): look_of(look)} if look is not None else {}
        if indexed:
            index.upsert([entry(row, [{"path": name}] if mine else [], row, {"text": row["text"]}, vectors)])
        return str(photo_id)

    return publish
