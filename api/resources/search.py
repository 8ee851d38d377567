"""Search: photos by words, meaning, likeness, people and conditions, and what the results have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from sqlalchemy import ColumnElement, Connection

from api.dependencies import Parts, PartsOf, PhotoSearcher
from api.filtering import IN_BODY, parsed
from api.pagination import Scalar
from api.problems import INVALID_CURSOR, INVALID_FILTER, MALFORMED, NOT_FOUND, UNAVAILABLE, Problem, document
from api.queries import people_named
from api.queries import photos as photo_queries
from api.queries import search as queries
from api.queries.photos import PhotoRecord, Position
from api.schemas.photos import Photo
from api.schemas.search import (
    CameraFacet,
    Degraded,
    Highlight,
    PersonFacet,
    SearchFacets,
    SearchHit,
    SearchPage,
    SearchReason,
    SearchRequest,
    Span,
    YearFacet,
)
from api.searching import AskedServing, binding, event_of, opted_out, person_of, query_of
from darkroom.domain.outputs import DOCUMENT_OUTPUT, INDEX_OUTPUT, VISUAL_OUTPUT
from darkroom.domain.words import normalise
from darkroom.sdk.stores import IndexUnavailable
from darkroom.security.callers import Caller
from darkroom.services.reasons import Reason, reasons
from darkroom.services.search import Query, Results
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/search", tags=["search"])

MOST_FACETED = 2000
"""Ranked results that facets look at."""

_PROBLEMS = document(INVALID_FILTER, INVALID_CURSOR, MALFORMED, NOT_FOUND)


@router.post("", summary="Search photos", responses=_PROBLEMS, response_model=SearchPage)
def search_photos(caller: PhotoSearcher, parts: PartsOf, request: Request, asked: SearchRequest) -> Response:
    """Photos that answer the text, look like the example, show the person and fulfil the filter, best first.

    Every hit says by what it was found. Photos that answer too little are left out, so an empty page means that nothing
    relevant was found. Without a text and an example every photo that fulfils the rest is a result, in the timeline's
    order. Words name people, and reasons tell their names, where the caller has the scope `people:read`, too.
    """
    began = perf_counter()
    bound = binding(caller, asked)
    sealed = parts.cursors.open(asked.cursor, *bound)
    with _opened(caller, parts, asked, sealed) as search:
        page, after, results = search.ranked() if search.ranks else search.listed()
    if sealed is None and parts.settings.search.record_events and not opted_out(request.headers):
        text = asked.text if parts.settings.search.record_text else None
        took = (perf_counter() - began) * 1000
        parts.search_events.put(event_of(caller, search.query, page, bool(after), results, took, text))
    if after:
        page.next_cursor = parts.cursors.seal([str(page.search_id), page.epoch, *after], *bound)
    # A page is valid as it was made: checking it again would cost as much as making it.
    return Response(page.model_dump_json(), media_type="application/json")


@router.post("/facets", summary="Count what results have in common", responses=_PROBLEMS)
def search_facets(caller: PhotoSearcher, parts: PartsOf, asked: SearchRequest) -> SearchFacets:
    """Years, cameras and people of a search's results, for narrowing it down. It takes the search's own body.

    With a `cursor` it looks at that search's epoch; `limit` does not matter. Without the scope `people:read` there are
    no people in it.
    """
    sealed = parts.cursors.open(asked.cursor, *binding(caller, asked))
    with _opened(caller, parts, asked, sealed) as search:
        return search.facets()


@contextmanager
def _opened(caller: Caller, parts: Parts, asked: SearchRequest, sealed: Sequence[Scalar] | None) -> Iterator[_Request]:
    """A request in a transaction of its own; with a position, as the search it belongs to began. Raises `Problem`."""
    filter = parsed(asked.filter, IN_BODY)
    with scoped(parts.state, caller.libraries) as connection:
        search_id = UUID(str(sealed[0])) if sealed else uuid4()
        epoch = int(str(sealed[1])) if sealed else photo_queries.epoch(caller, connection)
        person = person_of(caller, connection, asked.person_id)
        query = query_of(caller, parts, connection, asked, filter, epoch)
        restriction = queries.restricted(caller, filter, asked.person_id, epoch)
        yield _Request(caller, parts, connection, asked, query, restriction, person, search_id, (sealed or ())[2:])


@dataclass(frozen=True)
class _Request:
    """A search under way: what its pages share, and where the next one starts."""

    caller: Caller
    parts: Parts
    connection: Connection
    asked: SearchRequest
    query: Query
    restriction: ColumnElement[bool]
    person: str | None
    search_id: UUID
    position: Sequence[Scalar]

    @property
    def ranks(self) -> bool:
        """Whether there is anything to rank by; a text without words ranks nothing and finds nothing."""
        return bool(self.query.text or self.query.example)

    def ranked(self) -> tuple[SearchPage, list[Scalar], Results]:
        start = int(str(self.position[0])) if self.position else 0
        results = self._results(start, self.asked.limit)
        found = {one.photo_id: one for one in results.found}
        records = photo_queries.by_ids(self.caller, self.connection, [UUID(photo_id) for photo_id in found])
        names = self._names([record for record in records if found[str(record.row["photo_id"])].named])
        hits = []
        for record in records:
            one = found[str(record.row["photo_id"])]
            named = [names[person] for person in _people(record) if _says(names.get(person, ""), one.named)]
            paths = [str(file["path"]) for file in record.files]
            hits.append(self._hit(record, one.score, reasons(self.query, one, record.row, paths, named)))
        after: list[Scalar] = [start + self.asked.limit] if results.more else []
        return self._page(hits, self._degraded(results)), after, results

    def listed(self) -> tuple[SearchPage, list[Scalar], Results]:
        after, limit = _timeline_position(self.position), self.asked.limit
        records = photo_queries.page(self.caller, self.connection, self.restriction, after, limit + 1)
        page = self._page([self._hit(record, 1.0, []) for record in records[:limit]], [])
        if len(records) <= limit:
            return page, [], Results([])
        last = records[limit - 1].position
        return page, [last.taken_local.isoformat() if last.taken_local else None, str(last.photo_id)], Results([])

    def facets(self) -> SearchFacets:
        caller, connection, condition, complete = self.caller, self.connection, self.restriction, True
        if self.ranks:
            results = self._results(0, MOST_FACETED, anew=False)
            complete = not (results.more or results.cut)
            condition = queries.among(caller, [UUID(one.photo_id) for one in results.found])
        people = queries.persons(caller, connection, condition) if self.query.names else ()
        return SearchFacets(
            years=[YearFacet(**row._mapping) for row in queries.years(caller, connection, condition)],
            cameras=[CameraFacet(**row._mapping) for row in queries.cameras(caller, connection, condition)],
            people=[PersonFacet(**row._mapping) for row in people],
            photos=queries.counted(caller, connection, condition),
            complete=complete,
            epoch=self.query.epoch,
        )

    def _results(self, start: int, number: int, *, anew: bool = True) -> Results:
        serving = AskedServing(self.caller, self.connection, self.restriction)
        try:
            return self.parts.search.page(self.query, serving, start, number, anew=anew)
        except IndexUnavailable:
            # Photos that only fulfil the filter would look like answers to the text.
            raise Problem(UNAVAILABLE, "The search index does not answer; searching by filter works.") from None

    def _degraded(self, results: Results) -> list[Degraded]:
        """Legs that could not answer, and how many photos the others do not know."""
        told = [Degraded(leg=one.leg, reason=one.reason) for one in (*results.lacking, *results.cut)]
        missing = self.parts.search.missing(self.query, lambda: queries.missing(self.caller, self.connection))
        words, like = bool(self.query.words), self.query.example is not None
        for leg, output, used, reason in (
            ("words", INDEX_OUTPUT, words, "not in the index: {}"),
            ("meaning", DOCUMENT_OUTPUT, words, "meaning of texts not known: {}"),
            ("look", VISUAL_OUTPUT, like, "look not known: {}"),
        ):
            if used and missing.get(output):
                number = missing[output]
                told.append(Degraded(leg=leg, reason=reason.format(f"{number} photo{'s' if number > 1 else ''}")))
        return told

    def _names(self, records: Sequence[PhotoRecord]) -> dict[UUID, str]:
        people = {person for record in records for person in _people(record)}
        return people_named.shown(self.caller, self.connection, people) if people else {}

    def _hit(self, record: PhotoRecord, score: float, found: Sequence[Reason]) -> SearchHit:
        why = [_reason(reason) for reason in found]
        if self.person:
            why.append(SearchReason(kind="person", detail=self.person, score=1.0))
        if self.asked.filter and self.asked.filter.strip():
            why.append(SearchReason(kind="filter", detail=self.asked.filter.strip(), score=1.0))
        return SearchHit(photo=Photo.of(record), score=score, reasons=why)

    def _page(self, hits: list[SearchHit], degraded: list[Degraded]) -> SearchPage:
        return SearchPage(
            items=hits, next_cursor=None, search_id=self.search_id, epoch=self.query.epoch, degraded=degraded
        )


def _people(record: PhotoRecord) -> list[UUID]:
    return [UUID(person) for person in dict.fromkeys(face["person_id"] for face in record.faces) if person]


def _says(name: str, words: Sequence[str]) -> bool:
    return bool(set(normalise(name).split()) & set(words))


def _timeline_position(values: Sequence[Scalar]) -> Position | None:
    if not values:
        return None
    taken_local, photo_id = values
    return Position(datetime.fromisoformat(str(taken_local)) if taken_local else None, UUID(str(photo_id)))


def _reason(reason: Reason) -> SearchReason:
    shown = reason.excerpt
    marks = (
        [Highlight(text=shown.text, spans=[Span(start=start, end=end) for start, end in shown.spans])] if shown else []
    )
    return SearchReason(
        kind=reason.kind, detail=reason.detail, score=reason.score, property=reason.property, highlights=marks
    )
