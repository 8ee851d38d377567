"""Examples: pictures somebody uploads to find photos like them. Kept for minutes, in memory, never as a photo.

Belongs here: limits, decoding in the sandbox, embedding in a model process, keeping the vector. Does not belong here:
the search (`services.search`), or any decoder or model.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from darkroom.decoding.decoder import Decoder
from darkroom.inference.pool import ImagePool, ModelFault, vector_of
from darkroom.inference.worker import ProviderUnavailable
from darkroom.services.search import Example
from darkroom.settings import Settings

LARGEST_BYTES = 20 * 1024**2
MOST_PIXELS = 60_000_000
"""What an example may have: what telephones make, not more."""

KEPT_FOR = timedelta(minutes=15)
MOST_KEPT = 1000
SECONDS = 20.0
"""Time decoding an example may take, and embedding it."""

MOST_WAITING = 4
"""Examples that are worked on or wait; more are told to come again."""


class NotAPicture(ValueError):
    """The bytes are no picture that can be decoded within the limits; the message says why."""


class Busy(RuntimeError):
    """Too many examples at once, or no model can look at them now; trying again may help."""


@dataclass(frozen=True)
class Uploaded:
    """An example that was kept."""

    example_id: UUID
    expires_at: datetime


@dataclass(frozen=True)
class _Kept:
    owner: UUID
    vector: list[float]
    until: float


class Examples:
    """Turns uploaded pictures into examples. Safe to share between threads; processes start with the first picture."""

    def __init__(self, settings: Settings) -> None:
        limits = {"workers": 1, "max_file_bytes": LARGEST_BYTES, "max_pixels": MOST_PIXELS, "seconds": SECONDS}
        self._decoding = settings.decoding.model_copy(update=limits)
        self._inference = settings.inference.model_copy(update={"workers": 1, "seconds_per_photo": SECONDS})
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self._lock = threading.Lock()
        self._kept: OrderedDict[UUID, _Kept] = OrderedDict()
        self._pools: tuple[Decoder, ImagePool] | None = None

    def add(self, owner: UUID, picture: bytes) -> Uploaded:
        """Keeps an example for its owner; the same picture again is the same example, for longer.

        Raises `NotAPicture` or `Busy`.
        """
        if len(picture) > LARGEST_BYTES:
            raise NotAPicture(f"{len(picture):,} bytes are more than the {LARGEST_BYTES:,} an example may have")
        example_id = uuid5(owner, hashlib.sha256(picture).hexdigest())
        known = self._held(owner, example_id)
        vector = known.vector if known else self._vector(picture)
        with self._lock:
            self._kept[example_id] = _Kept(owner, vector, time.monotonic() + KEPT_FOR.total_seconds())
            self._kept.move_to_end(example_id)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return Uploaded(example_id, datetime.now(UTC) + KEPT_FOR)

    def get(self, owner: UUID, example_id: UUID) -> Example | None:
        """An example; `None` when it has expired, was never there, or is another's."""
        known = self._held(owner, example_id)
        return Example(f"example {example_id}", known.vector) if known else None

    def close(self) -> None:
        """Ends the processes."""
        with self._lock:
            pools, self._pools = self._pools, None
        for pool in pools or ():
            pool.close()

    def _held(self, owner: UUID, example_id: UUID) -> _Kept | None:
        with self._lock:
            known = self._kept.get(example_id)
            if known is not None and known.until < time.monotonic():
                del self._kept[example_id]
                return None
        return known if known is not None and known.owner == owner else None

    def _vector(self, picture: bytes) -> list[float]:
        if not self._room.acquire(blocking=False):
            raise Busy(f"{MOST_WAITING} examples are being looked at; send yours again in a moment")
        try:
            with self._lock:
                self._pools = self._pools or (Decoder(self._decoding), ImagePool(self._inference))
                decoder, model = self._pools
            seen = decoder.submit(picture, file_name="example", modified_at=datetime.now(UTC)).result()
            if seen.media_type is None:
                raise NotAPicture(f"the bytes are no picture: {seen.reason}")
            if fault := seen.faults.get("renditions"):
                raise NotAPicture(f"the picture cannot be decoded: {fault.reason}")
            display = next(one for one in seen.renditions if one.kind == "display")
            return [float(value) for value in vector_of(model.submit(display.data))]
        except ModelFault as fault:
            raise NotAPicture(f"the picture cannot be compared: {fault.reason}") from fault
        except ProviderUnavailable as error:
            raise Busy(f"the model of pictures cannot be loaded: {error}") from error
        finally:
            self._room.release()
