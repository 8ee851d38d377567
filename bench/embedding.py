"""The embedding stage of a batch against one HTTP call per photo to the same model, in seconds for all photos.

The stage is the service that the asset calls: it asks state what is lacking, reads the display renditions from the
object store, embeds, and writes rows to lake and state. The other side is what people put beside a photo system
(`embedding_service`); it gets the same renditions, read before, and throws the vectors away. Nothing is flushed to disk
by the throw-away Postgres. `python -m bench.embedding` prints the table alone.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, text

from bench.corpus import build
from bench.measure import Result, alone, faster
from darkroom.domain.identity import DEFAULT_LIBRARY, rendition_key
from darkroom.domain.outputs import SLOW_OUTPUTS, VISUAL_OUTPUT
from darkroom.services.embeddings import embed_pictures
from darkroom.services.imports import plan
from darkroom.services.intake import take_in
from darkroom.services.platform import Platform
from darkroom.settings import BatchSettings, load_settings
from darkroom.stores.state import schema
from darkroom.supervision.preparation import prepare
from darkroom.testing.postgres import embedded_postgres, free_port
from darkroom.testing.sources import ask, register

PHOTOS = 300


def run(photos: int = PHOTOS, rounds: int = 3) -> Iterator[Result]:
    """Embeds the same pictures both ways, in turn, by models that are loaded already."""
    ours, called = [], []
    with _taken_in(photos) as (platform, batch), _service() as port:
        pictures = _renditions(platform, batch)
        _by_stage(platform, batch, len(pictures)), _by_calls(port, pictures[:8])
        for _ in range(rounds):
            ours.append(_by_stage(platform, batch, len(pictures)))
            called.append(_by_calls(port, pictures))
    yield faster("embedding stage, against one HTTP call per photo", ours, called, ">= 1.3", "s")


@contextmanager
def _taken_in(photos: int) -> Iterator[tuple[Platform, UUID]]:
    """A home whose photos were taken in as one batch: what the stage finds when its turn comes."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder, embedded_postgres(Path(folder)) as home:
        corpus = build(Path(folder) / "corpus", photos)
        settings = load_settings(home=home.root, outputs_off=SLOW_OUTPUTS)
        prepare(home, settings)
        platform = Platform(settings)
        try:
            request = ask(platform.state, register(platform.state, corpus.folder))
            [batch] = plan(platform.state, BatchSettings(files_without_models=photos), request)
            take_in(platform, batch)
            yield platform, batch
        finally:
            platform.close()


def _renditions(platform: Platform, batch: UUID) -> list[bytes]:
    """The pictures that the stage embeds, as they are kept."""
    pictures = []
    for row in platform.lake.rows_of_batch("renditions", str(batch)).to_pylist():
        if row["kind"] == "display":
            with platform.objects.open(rendition_key(DEFAULT_LIBRARY, row["sha256"])) as file:
                pictures.append(file.read())
    return pictures


def _by_stage(platform: Platform, batch: UUID, pictures: int) -> float:
    """Embeds a batch of which nothing is embedded, as a new attempt: rows that are there would not be written again."""
    with platform.state.begin() as connection:
        connection.execute(delete(schema.photo_outputs).where(schema.photo_outputs.c.output == VISUAL_OUTPUT))
        connection.execute(text("UPDATE control.batches SET sequence = DEFAULT"))
    began = time.perf_counter()
    done = embed_pictures(platform, batch)["done"]
    seconds = time.perf_counter() - began
    if done != pictures:
        raise RuntimeError(f"{done} of {pictures} pictures were embedded")
    return seconds


def _by_calls(port: int, pictures: Sequence[bytes]) -> float:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for picture in pictures:
        connection.request("POST", "/", picture)
        json.loads(connection.getresponse().read())
    connection.close()
    return time.perf_counter() - began


@contextmanager
def _service() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.embedding_service", str(port)])
    try:
        for _ in range(300):
            try:
                http.client.HTTPConnection("127.0.0.1", port).connect()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


if __name__ == "__main__":
    alone(run, __doc__, PHOTOS)
