"""A search request as the search service takes it: the query, and serving as its caller sees it.

Belongs here: what the routes of a search share. Does not belong here: routes (`resources`), SQL (`queries`), ranking.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection

from api.dependencies import Parts
from api.problems import NOT_FOUND, Problem
from api.queries import people_named
from api.queries import photos as photo_queries
from api.queries import search as queries
from api.schemas.search import SearchPage, SearchRequest
from darkroom.domain.filters import Filter
from darkroom.domain.matching import fields_of
from darkroom.domain.words import query_words
from darkroom.security.callers import Caller
from darkroom.services.search import Example, Query, Results
from darkroom.services.search_events import SearchEvent

NAMES = "people:read"
"""The scope without which nobody's name is told, or counts."""


def binding(caller: Caller, asked: SearchRequest) -> tuple[object, ...]:
    """What a cursor of this search belongs to."""
    given = (asked.text or "").strip(), asked.photo_id, asked.example_id, asked.person_id, asked.filter or ""
    return ("search", *given, *caller.libraries)


@dataclass(frozen=True)
class AskedServing:
    """Serving as a caller sees it at an epoch, restricted by filter and person; the service's `Serving`."""

    caller: Caller
    connection: Connection
    restriction: ColumnElement[bool]

    def visible(self, photo_ids: Sequence[str]) -> set[str]:
        """Those photos the caller may see and the restriction accepts."""
        found = queries.visible(self.caller, self.connection, _ids(photo_ids), self.restriction)
        return {str(photo_id) for photo_id in found}

    def matching(self, limit: int) -> list[str]:
        """Of the caller's photos those that the restriction accepts."""
        return [str(photo_id) for photo_id in queries.matching(self.caller, self.connection, self.restriction, limit)]

    def names(self) -> Mapping[str, str]:
        """Names of the people who are not hidden."""
        found = people_named.shown(self.caller, self.connection)
        return {str(person_id): name for person_id, name in found.items()}

    def photos_of(self, person_ids: Collection[str], limit: int) -> list[str]:
        """Photos that show one of these people, newest first."""
        found = queries.showing(self.caller, self.connection, _ids(person_ids), self.restriction, limit)
        return [str(photo_id) for photo_id in found]

    def people_in(self, photo_ids: Sequence[str], person_ids: Collection[str]) -> Mapping[str, Collection[str]]:
        """Which of these people each photo shows."""
        found = people_named.people_in(self.caller, self.connection, _ids(photo_ids), _ids(person_ids))
        return {str(photo_id): {str(person) for person in people} for photo_id, people in found.items()}


def query_of(
    caller: Caller, parts: Parts, connection: Connection, asked: SearchRequest, filter: Filter | None, epoch: int
) -> Query:
    """The query of a request. Raises `Problem` (404) when the photo or example is not there for the caller."""
    text = (asked.text or "").strip()
    libraries = tuple(str(library) for library in caller.libraries)
    person = str(asked.person_id) if asked.person_id else None
    example = _example(caller, parts, connection, asked)
    return Query(query_words(text), filter, libraries, epoch, text, example, person, caller.may(NAMES))


def person_of(caller: Caller, connection: Connection, person_id: UUID | None) -> str | None:
    """What the person asked for is called in reasons, if one is asked for. Raises `Problem` (404) for a stranger."""
    if person_id is None:
        return None
    found = people_named.named(caller, connection, person_id)
    if found is None:
        raise Problem(NOT_FOUND, "There is no such person.")
    return (found.name if caller.may(NAMES) else None) or "the person asked for"


def opted_out(headers: Mapping[str, str]) -> bool:
    """Whether the client asks not to be recorded (Global Privacy Control, or the older Do Not Track)."""
    return "1" in (headers.get("sec-gpc"), headers.get("dnt"))


def event_of(
    caller: Caller, query: Query, page: SearchPage, more: bool, results: Results, took: float, text: str | None
) -> SearchEvent:
    """A search as an event: how it was asked and how it went, in `took` milliseconds, not what was looked for."""
    ranked = [name for name, given in (("text", query.text), ("example", query.example)) if given]
    return SearchEvent(
        search_id=page.search_id,
        at=datetime.now(UTC),
        libraries=caller.libraries,
        query_class="_".join(ranked) or "list",
        words=len(query.words),
        legs=results.legs,
        filter_fields=(*fields_of(query.filter), *(["person"] if query.person_id else [])),
        degraded=tuple(dict.fromkeys(told.leg for told in page.degraded)),
        milliseconds={name: round(value, 2) for name, value in (*results.milliseconds.items(), ("total", took))},
        results=len(page.items),
        more=more,
        top_score=page.items[0].score if page.items else None,
        text=text,
    )


def _example(caller: Caller, parts: Parts, connection: Connection, asked: SearchRequest) -> Example | None:
    if asked.photo_id is not None:
        if not photo_queries.by_ids(caller, connection, [asked.photo_id]):
            raise Problem(NOT_FOUND, "There is no such photo.")
        return Example(f"photo {asked.photo_id}", photo_id=str(asked.photo_id))
    if asked.example_id is not None:
        example = parts.examples.get(caller.user_id, asked.example_id)
        if example is None:
            raise Problem(NOT_FOUND, "There is no such example any more: upload it again.")
        return example
    return None


def _ids(texts: Collection[str]) -> list[UUID]:
    return [UUID(text) for text in texts]
