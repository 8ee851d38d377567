"""A ranking under way: what is found, what waits, what could not answer, how long it took.

A ranking only ever grows at its end. Belongs here: its order, and what is remembered for an epoch. Does not belong
here: where candidates come from (`legs`), or when more are asked for (`search`).
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock
from time import perf_counter
from typing import Generic, TypeVar

from darkroom.sdk.stores import NO_PARTS, Parts
from darkroom.services.legs import Leg, LegName

T = TypeVar("T")

CALLERS_KEPT = 1000


@dataclass(frozen=True)
class Found:
    """A photo in a ranking: its score in 0..1, and what each leg brought: 0 or nothing where one did not find it.

    `matched` are words of the query in its document, `named` those that name somebody in it.
    """

    photo_id: str
    score: float
    matched: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    meaning: float = 0.0
    look: float = 0.0


@dataclass(frozen=True)
class Lacking:
    """A leg that could not answer, and why."""

    leg: LegName
    reason: str


class Stages:
    """Milliseconds by stage, while they are entered."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Adds what the block takes to the stage."""
        started = perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] += (perf_counter() - started) * 1000


@dataclass
class Ranking:
    """What was found so far, best first, and what the legs still have. `pending` waits until nothing can beat it.

    `among` are the only photos that come into question, where they are few enough to be named.
    """

    found: list[Found] = field(default_factory=list)
    pending: list[Found] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    legs: dict[LegName, Leg] = field(default_factory=dict)
    among: tuple[str, ...] | None = None
    parts: Parts = NO_PARTS
    lacking: list[Lacking] = field(default_factory=list)
    begun: bool = False
    depth: int = 0
    complete: bool = False
    lock: Lock = field(default_factory=Lock)

    @property
    def size(self) -> int:
        """Photos it remembers."""
        return len(self.seen) + len(self.among or ())

    def append(self, ranked: list[Found], least: float) -> None:
        """Appends what scores `least` or more of the pending and of these; the others wait."""
        waiting = sorted((*self.pending, *ranked), key=lambda one: (-one.score, one.photo_id))
        ready = next((place for place, one in enumerate(waiting) if one.score < least), len(waiting))
        floor = self.found[-1].score if self.found else 1.0
        # Who is found late although he scores more than was thought possible stands at the end, with its score.
        self.found += [replace(one, score=min(one.score, floor)) for one in waiting[:ready]]
        self.pending = waiting[ready:]


class OncePerEpoch(Generic[T]):
    """Remembers, for the libraries of recent callers, what holds for a publish epoch. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[tuple[str, ...], tuple[int, T]] = OrderedDict()

    def of(self, libraries: tuple[str, ...], epoch: int, make: Callable[[], T]) -> T:
        """What was made for this epoch, or is made now."""
        with self._lock:
            known = self._known.get(libraries)
        if known is None or known[0] != epoch:
            known = (epoch, make())
            with self._lock:
                self._known[libraries] = known
                self._known.move_to_end(libraries)
                while len(self._known) > CALLERS_KEPT:
                    self._known.popitem(last=False)
        return known[1]
