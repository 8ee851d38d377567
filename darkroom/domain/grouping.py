"""Grouping a stream so that each group can be committed at once."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def groups(
    items: Iterable[T], size: int, seconds: float, clock: Callable[[], float] = time.monotonic
) -> Iterator[list[T]]:
    """Lists of up to `size` items; one that is open for `seconds` is closed by the next item, whatever its size."""
    group: list[T] = []
    opened = clock()
    for item in items:
        group.append(item)
        if len(group) >= size or clock() - opened >= seconds:
            yield group
            group, opened = [], clock()
    if group:
        yield group
