"""What a query is compared by: the meaning of its text, computed in this process since a query cannot wait in a queue.

Belongs here: loading the model when it is first needed or at leisure before, remembering recent vectors, and which
spaces of the index belong to the models that are set up. Does not belong here: any model (`inference`), vectors of
photos (`services.embeddings`) or of examples (`services.examples`).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property

import structlog

from darkroom.domain.calibration import Calibration
from darkroom.domain.outputs import DOCUMENT_OUTPUT, VISUAL_OUTPUT, space
from darkroom.inference.registry import ProviderUnknown, image_embedder, text_embedder
from darkroom.inference.weights import WeightsMissing
from darkroom.sdk.tasks import TextEmbedder
from darkroom.services.legs import LegUnavailable
from darkroom.services.versions import versions_of
from darkroom.settings import InferenceSettings

REMEMBERED = 2000
"""Vectors of recent queries that are kept: 6 MB."""

TRIED_AGAIN_AFTER = 60.0
"""Seconds after which a model that could not be loaded is tried again."""

_log = structlog.get_logger("darkroom.search")


class QueryMeanings:
    """Vectors of query texts by the embedder called `provider`. Safe to share between threads.

    `version` gives the version of the output whose space they are compared in; it is asked when the model is loaded.
    """

    def __init__(self, provider: str, version: Callable[[], str]) -> None:
        self._name = provider
        self._version = version
        self._loading = threading.Lock()
        self._loaded: tuple[str, TextEmbedder] | None = None
        self._failed_at = float("-inf")
        self._reason = ""
        self._remembered: OrderedDict[str, Sequence[float]] = OrderedDict()
        self._remembering = threading.Lock()

    @property
    def calibration(self) -> Calibration:
        """What cosines of its vectors are worth. Raises `LegUnavailable`."""
        return self._model()[1].calibration

    @property
    def space(self) -> str:
        """The space of the index that its vectors are compared in. Raises `LegUnavailable`."""
        return self._model()[0]

    def of(self, text: str) -> Sequence[float]:
        """The vector of a text. Raises `LegUnavailable` when the model cannot be loaded, or makes nothing of it."""
        _, model = self._model()
        said = " ".join(text.split())
        with self._remembering:
            if (known := self._remembered.get(said)) is not None:
                self._remembered.move_to_end(said)
                return known
        try:
            vector: list[float] = model.embed([said])[0].tolist()
        except ValueError as error:
            raise LegUnavailable(f"the text has no meaning to {self._name}: {error}") from error
        with self._remembering:
            self._remembered[said] = vector
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return vector

    def warm(self) -> threading.Thread:
        """Loads the model in a thread of its own, so that the first query need not; returns the thread."""
        thread = threading.Thread(target=self._warm, name="meanings", daemon=True)
        thread.start()
        return thread

    def _warm(self) -> None:
        try:
            self.of("warm")
        except LegUnavailable as reason:
            _log.warning("searching without meaning", reason=str(reason))

    def _model(self) -> tuple[str, TextEmbedder]:
        if self._loaded is not None:
            return self._loaded
        with self._loading:
            if self._loaded is None and time.monotonic() - self._failed_at < TRIED_AGAIN_AFTER:
                raise LegUnavailable(self._reason)
            if self._loaded is None:
                try:
                    model = text_embedder(self._name).make()
                    model.load()
                    where = space(DOCUMENT_OUTPUT, self._version())
                except Exception as error:
                    self._reason = f"the model of meanings cannot be loaded: {error}"
                    self._failed_at = time.monotonic()
                    raise LegUnavailable(self._reason) from error
                self._loaded = where, model
            return self._loaded


class PictureLooks:
    """How pictures are compared by the embedder called `provider`, which is looked up when it is first needed."""

    def __init__(self, provider: str) -> None:
        self._name = provider

    @property
    def calibration(self) -> Calibration:
        """What cosines of its vectors are worth. Raises `LegUnavailable`."""
        return self._installed[1]

    @property
    def space(self) -> str:
        """The space of the index that photos are compared in. Raises `LegUnavailable`."""
        return self._installed[0]

    @cached_property
    def _installed(self) -> tuple[str, Calibration]:
        try:
            installed = image_embedder(self._name)
        except (ProviderUnknown, WeightsMissing) as error:
            raise LegUnavailable(f"the model of pictures cannot be loaded: {error}") from error
        return space(VISUAL_OUTPUT, installed.version), installed.make.calibration


def meanings_of(inference: InferenceSettings) -> QueryMeanings:
    """Meanings by the embedder that is set up."""
    return QueryMeanings(inference.text_embedder, lambda: versions_of(inference)[DOCUMENT_OUTPUT].version)
