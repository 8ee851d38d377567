"""Search: photos by words, by conditions, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from fastapi import APIRouter
from sqlalchemy import Connection

from api.dependencies import Parts, PartsOf, PhotoSearcher
from api.pagination import Scalar
from api.problems import INVALID_CURSOR, INVALID_FILTER, MALFORMED, UNAVAILABLE, Problem, document
from api.queries import photos as photo_queries
from api.queries import search as queries
from api.queries.filters import accepted
from api.queries.photos import PhotoRecord, Position
from api.schemas.photos import Photo
from api.schemas.search import Degraded, Highlight, SearchHit, SearchPage, SearchReason, SearchRequest, Span
from darkroom.domain.filters import Filter, FilterError, parse
from darkroom.domain.words import query_words
from darkroom.sdk.stores import IndexUnavailable
from darkroom.security.callers import Caller
from darkroom.services.search import Query, Reason, reasons
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/search", tags=["search"])


@router.post("", summary="Search photos", responses=document(INVALID_FILTER, INVALID_CURSOR, MALFORMED))
def search_photos(caller: PhotoSearcher, parts: PartsOf, asked: SearchRequest) -> SearchPage:
    """Photos that answer the text and fulfil the filter, with scores and reasons, best first.

    Photos that answer too little of the text are left out, so an empty page means that nothing relevant was found.
    Without a text every photo the filter accepts is a result, in the timeline's order.
    """
    filter = _parsed(asked.filter)
    text = (asked.text or "").strip()
    binding = ("search", text, asked.filter or "", *caller.libraries)
    sealed = parts.cursors.open(asked.cursor, *binding)
    with scoped(parts.state, caller.libraries) as connection:
        if sealed is None:
            stand = _Stand(uuid4(), photo_queries.epoch(caller, connection), ())
        else:
            stand = _Stand(UUID(str(sealed[0])), int(str(sealed[1])), sealed[2:])
        request = _Request(caller, parts, connection, asked, filter, stand)
        query = Query(query_words(text), filter, tuple(str(library) for library in caller.libraries), stand.epoch)
        hits, after = request.by_words(query) if text else request.by_filter()
        degraded = request.degraded(query) if text else []
    cursor = parts.cursors.seal([str(stand.search_id), stand.epoch, *after], *binding) if after else None
    return SearchPage(items=hits, next_cursor=cursor, search_id=stand.search_id, epoch=stand.epoch, degraded=degraded)


@dataclass(frozen=True)
class _Stand:
    """What a search's pages share, and where the next one starts."""

    search_id: UUID
    epoch: int
    position: Sequence[Scalar]


@dataclass(frozen=True)
class _Request:
    caller: Caller
    parts: Parts
    connection: Connection
    asked: SearchRequest
    filter: Filter | None
    stand: _Stand

    def by_words(self, query: Query) -> tuple[list[SearchHit], list[Scalar]]:
        start = int(str(self.stand.position[0])) if self.stand.position else 0
        try:
            found, more = self.parts.search.page(query, self._visible, start, self.asked.limit)
        except IndexUnavailable:
            # Photos that only fulfil the filter would look like answers to the text.
            raise Problem(UNAVAILABLE, "The search index does not answer; searching without text works.") from None
        records = photo_queries.by_ids(self.caller, self.connection, [UUID(one.photo_id) for one in found])
        by_id = {str(record.row["photo_id"]): record for record in records}
        hits = [
            _hit(by_id[one.photo_id], one.score, reasons(query, one, *_known(by_id[one.photo_id])), self.asked.filter)
            for one in found
            if one.photo_id in by_id
        ]
        return hits, [start + self.asked.limit] if more else []

    def by_filter(self) -> tuple[list[SearchHit], list[Scalar]]:
        condition = accepted(self.caller, self.filter)
        after = _timeline_position(self.stand.position)
        limit = self.asked.limit
        records = photo_queries.page(self.caller, self.connection, condition, after, limit + 1)
        hits = [_hit(record, 1.0, [], self.asked.filter) for record in records[:limit]]
        if len(records) <= limit:
            return hits, []
        last = records[limit - 1].position
        return hits, [last.taken_local.isoformat() if last.taken_local else None, str(last.photo_id)]

    def degraded(self, query: Query) -> list[Degraded]:
        lacking = self.parts.search.lacking(query, lambda: queries.not_indexed(self.caller, self.connection))
        return [Degraded(leg="words", reason=f"{lacking} photos are not in the index")] if lacking else []

    def _visible(self, photo_ids: Sequence[str]) -> set[str]:
        ids = [UUID(photo_id) for photo_id in photo_ids]
        seen = queries.visible(self.caller, self.connection, ids, self.filter, self.stand.epoch)
        return {str(photo_id) for photo_id in seen}


def _parsed(text: str | None) -> Filter | None:
    try:
        return parse(text) if text else None
    except FilterError as error:
        wrong = {"pointer": "#/filter", "detail": f"at character {error.position + 1}: {error.hint}"}
        raise Problem(INVALID_FILTER, error.message, errors=[wrong]) from None


def _timeline_position(values: Sequence[Scalar]) -> Position | None:
    if not values:
        return None
    taken_local, photo_id = values
    return Position(datetime.fromisoformat(str(taken_local)) if taken_local else None, UUID(str(photo_id)))


def _known(record: PhotoRecord) -> tuple[dict[str, object], list[str]]:
    return dict(record.row), [str(file["path"]) for file in record.files]


def _hit(record: PhotoRecord, score: float, found: Sequence[Reason], filter: str | None) -> SearchHit:
    why = [_reason(reason) for reason in found]
    if filter and filter.strip():
        why.append(SearchReason(kind="filter", detail=filter.strip(), score=1.0))
    return SearchHit(photo=Photo.of(record), score=score, reasons=why)


def _reason(reason: Reason) -> SearchReason:
    said = ", ".join(reason.words)
    shown = reason.excerpt
    marks = (
        [Highlight(text=shown.text, spans=[Span(start=start, end=end) for start, end in shown.spans])] if shown else []
    )
    return SearchReason(
        kind="words",
        detail=f"{said} in {reason.property}" if reason.property else said,
        score=reason.score,
        property=reason.property,
        highlights=marks,
    )
