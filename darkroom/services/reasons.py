"""Reasons: why a photo was found, one for each leg that found it.

Belongs here: what is said and shown of a hit. Does not belong here: finding it (`services.search`), the wire (`api`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from darkroom.domain.excerpts import Excerpt, excerpt
from darkroom.domain.scoring import coverage
from darkroom.domain.words import located, merged
from darkroom.services.documents import readable
from darkroom.services.ranking import Found
from darkroom.services.search import Query


@dataclass(frozen=True)
class Reason:
    """Why a photo was found: by which leg, in a line, and what that is worth by itself, 0..1.

    Words are in the `property` of its document that `excerpt` shows.
    """

    kind: Literal["words", "meaning", "look", "person"]
    detail: str
    score: float
    property: str | None = None
    excerpt: Excerpt | None = None


def reasons(
    query: Query, found: Found, known: Mapping[str, Any], paths: Sequence[str], names: Sequence[str] = ()
) -> list[Reason]:
    """Why a photo was found, best first. `known` are its serving columns, `paths` its files.

    `names` are of people in it whom the query names.
    """
    made = _words(query, found, known, paths)
    if found.named:
        made.append(Reason("person", ", ".join(names or found.named), coverage(query.words, found.named)))
    if found.meaning:
        made.append(Reason("meaning", "its texts mean alike", found.meaning))
    if found.look:
        made.append(Reason("look", "it looks alike", found.look))
    return sorted(made, key=lambda reason: -reason.score)


def _words(query: Query, found: Found, known: Mapping[str, Any], paths: Sequence[str]) -> list[Reason]:
    """Where the photo has the words: when what is published now no longer says them, one reason names them."""
    if not found.matched:
        return []
    made = []
    for name, text in readable(known, paths).items():
        places = located(text, found.matched)
        said = {word.text for word in places}
        if held := tuple(word for word in found.matched if word in said):
            shown = excerpt(text, merged(places))
            made.append(Reason("words", f"{', '.join(held)} in {name}", coverage(query.words, held), name, shown))
    return made or [Reason("words", ", ".join(found.matched), coverage(query.words, found.matched))]
