"""The timeline as a whole: its months, and where each of its pages begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from api.queries.photos import TIMELINE_ORDER, Position
from darkroom.security.callers import Caller
from darkroom.stores.state import schema

photos = schema.photos


@dataclass(frozen=True)
class PageMark:
    """A page of one month: where it begins (after which photo; `None` at the very start) and how many it has."""

    month: datetime | None
    after: Position | None
    photos: int


def marks(caller: Caller, connection: Connection, condition: ColumnElement[bool], size: int) -> list[PageMark]:
    """Every page of the photos that meet `condition`, in order; none has more than `size`, none spans two months.

    One pass along the timeline's index, of which only the last photo of each page is answered.
    """
    month = func.date_trunc("month", photos.c.taken_local)
    numbered = (
        select(
            photos.c.taken_local,
            photos.c.photo_id,
            month.label("month"),
            func.row_number().over(order_by=TIMELINE_ORDER).label("number"),
            func.lead(month).over(order_by=TIMELINE_ORDER).label("next_month"),
            func.lead(photos.c.photo_id).over(order_by=TIMELINE_ORDER).label("next_id"),
        )
        .where(photos.c.library_id.in_(caller.libraries), condition)
        .subquery()
    )
    ends = or_(
        numbered.c.number % size == 0,
        numbered.c.month.is_distinct_from(numbered.c.next_month),
        numbered.c.next_id.is_(None),
    )
    columns = (numbered.c.taken_local, numbered.c.photo_id, numbered.c.month, numbered.c.number)
    made: list[PageMark] = []
    after, number = None, 0
    for end in connection.execute(select(*columns).where(ends).order_by(numbered.c.number)):
        made.append(PageMark(end.month, after, end.number - number))
        after, number = Position(end.taken_local, end.photo_id), end.number
    return made
