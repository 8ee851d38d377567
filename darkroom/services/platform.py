"""The parts a pipeline process works with, opened when first used and closed together.

Belongs here: which implementation serves which part of an embedded home. Does not belong here: any use of them.
"""

from __future__ import annotations

from functools import cached_property
from uuid import UUID

from sqlalchemy import Engine

from darkroom.decoding.decoder import Decoder
from darkroom.home import Home
from darkroom.inference.pool import TextPool
from darkroom.sdk.stores import ObjectStore, VectorStore
from darkroom.settings import Settings
from darkroom.stores.lake import Lake
from darkroom.stores.objects import FolderObjects
from darkroom.stores.state.engine import connect
from darkroom.stores.vectors import LanceVectors


class Platform:
    """Lazily opened parts of one home. Attributes can be replaced by fakes before they are first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)

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
        return FolderObjects(self.home.objects)

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
        return TextPool(self.settings.inference)

    def close(self) -> None:
        """Closes what was opened; worker processes end."""
        opened = vars(self)
        for name in ("texts", "decoder", "lake"):
            if name in opened:
                opened.pop(name).close()
        if "state" in opened:
            opened.pop("state").dispose()


def object_owner(library_id: UUID) -> str:
    """Prefix of every object key of a library."""
    return f"{library_id}/"
