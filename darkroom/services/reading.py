"""Reading: what a reader says of many photos, as columns of the texts table.

Belongs here: keeping the model processes busy, and a reading's columns. Does not belong here: committing (`computing`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any
from uuid import UUID

from darkroom.inference.pool import ReadingFault, TextPool, reading_of
from darkroom.sdk.tasks import Reading
from darkroom.services.computing import Computed
from darkroom.workers.process import Reply


def read_texts(pool: TextPool, photos: Sequence[UUID], load: Callable[[UUID], bytes]) -> Iterator[Computed]:
    """One text per photo, in order; a few pictures are loaded ahead so that no process waits."""
    ahead: deque[tuple[UUID, Future[Reply]]] = deque()
    for photo in photos:
        ahead.append((photo, pool.submit(load(photo))))
        if len(ahead) > 2 * pool.workers:
            yield _computed(*ahead.popleft())
    while ahead:
        yield _computed(*ahead.popleft())


def text_columns(reading: Reading) -> dict[str, Any]:
    """The columns of `PhotoText` that a reading gives."""
    lines = [
        {"text": line.text, "score": line.score, **dict(zip("xywh", line.box, strict=True))} for line in reading.lines
    ]
    scores = [line.score for line in reading.lines]
    return {
        "text": "\n".join(line.text for line in reading.lines),
        "line_count": len(lines),
        "score": sum(scores) / len(scores) if scores else None,
        "rotation": reading.rotation,
        "lines": lines,
    }


def _computed(photo: UUID, reply: Future[Reply]) -> Computed:
    try:
        return Computed(photo, rows=[text_columns(reading_of(reply))])
    except ReadingFault as fault:
        return Computed(photo, fault=(fault.kind, fault.reason))
