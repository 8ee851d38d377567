"""The parts a pipeline process works with, opened when first used and closed together.

Belongs here: which implementation serves which part of an embedded home. Does not belong here: any use of them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from functools import cached_property

from sqlalchemy import Engine

from darkroom.decoding.decoder import Decoder
from darkroom.domain.outputs import DOCUMENT_OUTPUT
from darkroom.home import Home
from darkroom.inference.pool import FacePool, ImagePool, TextPool
from darkroom.inference.registry import text_embedder
from darkroom.sdk.stores import ObjectStore, VectorStore
from darkroom.sdk.tasks import TextEmbedder
from darkroom.settings import Settings
from darkroom.stores.lake import Lake
from darkroom.stores.objects import FolderObjects, reserve_beside
from darkroom.stores.state.engine import connect
from darkroom.stores.vectors import LanceVectors

PHOTOS_FOR_MORE_PROCESSES = 16
"""From so many photos on, a model gets as many processes as settings allow."""


class Platform:
    """Lazily opened parts of one home. Attributes can be replaced by fakes before they are first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self._inference = settings.inference

    @cached_property
    def state(self) -> Engine:
        """The state database, as the owner of its tables."""
        return connect(self.home.database_url("darkroom"))

    @cached_property
    def lake(self) -> Lake:
        """The lake, for reading and writing."""
        return Lake.open(self.home, self.settings.lake)

    @cached_property
    def objects(self) -> ObjectStore:
        """Originals and renditions."""
        return FolderObjects(self.home.objects, reserve_beside(self.home.objects, self.home.root))

    @cached_property
    def vectors(self) -> VectorStore:
        """The search index."""
        return LanceVectors(self.home.vectors)

    @cached_property
    def decoder(self) -> Decoder:
        """The decoding sandbox."""
        return Decoder(self.settings.decoding)

    @cached_property
    def texts(self) -> TextPool:
        """Processes that read text."""
        return TextPool(self._inference)

    @cached_property
    def faces(self) -> FacePool:
        """Processes that find faces."""
        return FacePool(self._inference)

    @cached_property
    def pictures(self) -> ImagePool:
        """Processes that turn pictures into vectors."""
        return ImagePool(self._inference)

    @cached_property
    def meanings(self) -> TextEmbedder:
        """The embedder of texts, loaded in this process."""
        embedder = text_embedder(self.settings.inference.text_embedder).make()
        embedder.load()
        return embedder

    def warm(self, off: Collection[str], photos: int) -> None:
        """Starts, in the background, what a batch of so many photos will need after intake, unless its output is off.

        Few photos get one process per model: loading another one costs more than it saves.
        """
        if photos < PHOTOS_FOR_MORE_PROCESSES and not self._inference.workers:
            self._inference = self._inference.model_copy(update={"workers": 1})
        for output, name in (("texts", "texts"), ("faces", "faces"), ("embeddings.visual", "pictures")):
            if output not in off:
                getattr(self, name)
        threading.Thread(target=self._load, args=(off,), name="warm", daemon=True).start()

    def _load(self, off: Collection[str]) -> None:
        # What cannot be had is asked for again where it is needed, and fails there.
        with suppress(Exception):
            if DOCUMENT_OUTPUT not in off:
                _ = self.meanings
            self.vectors.open()

    def close(self) -> None:
        """Closes what was opened; worker processes end."""
        opened = vars(self)
        for name in ("texts", "faces", "pictures", "decoder", "lake"):
            if name in opened:
                opened.pop(name).close()
        if "state" in opened:
            opened.pop("state").dispose()
