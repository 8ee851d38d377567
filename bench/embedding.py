"""Vectors of pictures as the line makes them, against one HTTP call per photo to the same model.

The service is what people put beside a photo system (`embedding_service`). Both get the same encoded display
renditions. `python -m bench.embedding` prints the table alone.
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
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from bench.corpus import build
from bench.measure import Result, alone, faster
from darkroom.inference.pool import ImagePool, vector_of
from darkroom.settings import InferenceSettings
from darkroom.testing.postgres import free_port

PHOTOS = 300
EDGE = 2048


def run(photos: int = PHOTOS, rounds: int = 3) -> Iterator[Result]:
    """Embeds the same pictures both ways, in turn, by models that are loaded already."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder:
        pictures = [_rendition(path) for path in build(Path(folder) / "corpus", photos).files if _opens(path)]
    pool = ImagePool(InferenceSettings())
    ours, called = [], []
    try:
        with _service() as port:
            _by_pool(pool, pictures[:8]), _by_calls(port, pictures[:8])
            for _ in range(rounds):
                ours.append(_by_pool(pool, pictures))
                called.append(_by_calls(port, pictures))
    finally:
        pool.close()
    yield faster("embedding, against one HTTP call per photo", ours, called, ">= 1.3", "s")


def _by_pool(pool: ImagePool, pictures: Sequence[bytes]) -> float:
    began = time.perf_counter()
    waiting = [pool.submit(picture) for picture in pictures]
    for reply in waiting:
        vector_of(reply)
    return time.perf_counter() - began


def _by_calls(port: int, pictures: Sequence[bytes]) -> float:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for picture in pictures:
        connection.request("POST", "/", picture)
        json.loads(connection.getresponse().read())
    connection.close()
    return time.perf_counter() - began


def _opens(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
    return True


def _rendition(path: Path) -> bytes:
    with Image.open(path) as picture:
        shown = ImageOps.exif_transpose(picture).convert("RGB")
    shown.thumbnail((EDGE, EDGE))
    held = BytesIO()
    shown.save(held, "JPEG", quality=85)
    return held.getvalue()


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
