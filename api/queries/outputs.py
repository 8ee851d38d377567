"""Outputs: how many photos have each, and why others have not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, case, func, select

from darkroom.security.callers import Caller
from darkroom.stores.state import schema
from darkroom.stores.state.outputs import is_outdated

photos, outputs, current = schema.photos, schema.published_outputs, schema.outputs

OUTDATED = "it is of an earlier version, and made anew"


def outdated(caller: Caller, connection: Connection, photo_ids: Sequence[UUID]) -> Sequence[str]:
    """Outputs of these photos that are published at an earlier version, and made anew."""
    mine = (outputs.c.library_id.in_(caller.libraries), outputs.c.photo_id.in_(photo_ids))
    statement = select(outputs.c.output).where(*mine, is_outdated()).distinct().order_by(outputs.c.output)
    return connection.execute(statement).scalars().all()


def published(caller: Caller, connection: Connection) -> int:
    """How many photos are published in the caller's libraries."""
    statement = select(func.count()).select_from(photos).where(photos.c.library_id.in_(caller.libraries))
    return connection.execute(statement).scalar_one()


def counted(caller: Caller, connection: Connection, reasons: int) -> Sequence[Row[Any]]:
    """Rows `output, state, reason, photos, of_state`: per output and state, with its `reasons` commonest reasons.

    `of_state` is how many photos are in the state for any reason. An output nothing is said about has no row; one that
    was made, or failed, at another version than the one that counts is missing.
    """
    counts = and_(current.c.library_id == outputs.c.library_id, current.c.output == outputs.c.output)
    # What `is_outdated` asks of one row, as a join: here every row is asked.
    stale = and_(outputs.c.state.in_(("done", "failed")), outputs.c.version != current.c.version)
    stands = select(
        outputs.c.output,
        case((stale, "missing"), else_=outputs.c.state).label("state"),
        case((stale, OUTDATED), else_=outputs.c.reason).label("reason"),
    )
    mine = outputs.c.library_id.in_(caller.libraries)
    each = stands.select_from(outputs).outerjoin(current, counts).where(mine).subquery()
    grouped = (
        select(each.c.output, each.c.state, each.c.reason, func.count().label("photos"))
        .group_by(each.c.output, each.c.state, each.c.reason)
        .subquery()
    )
    here = (grouped.c.output, grouped.c.state)
    order = (grouped.c.photos.desc(), grouped.c.reason)
    ranked = select(
        grouped,
        func.sum(grouped.c.photos).over(partition_by=here).label("of_state"),
        func.row_number().over(partition_by=here, order_by=order).label("rank"),
    ).subquery()
    columns = [ranked.c[name] for name in ("output", "state", "reason", "photos", "of_state")]
    return connection.execute(
        select(*columns).where(ranked.c.rank <= reasons).order_by(ranked.c.output, ranked.c.state, ranked.c.rank)
    ).all()
