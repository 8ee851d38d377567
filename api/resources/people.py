"""People: lists and pages of them, and decisions about who is who."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from sqlalchemy import Connection

from api.contents import fresh, still, tag_of, tagged
from api.dependencies import Parts, PartsOf, PeopleReader, PeopleWriter
from api.pagination import DEFAULT_LIMIT, CursorText, Limit, Page
from api.problems import (
    CONFLICT,
    INVALID,
    INVALID_CURSOR,
    MALFORMED,
    NAME_TAKEN,
    NOT_FOUND,
    SEEN_TOGETHER,
    STALE,
    Problem,
    ProblemType,
    document,
)
from api.queries import people as queries
from api.queries.people import FacePosition
from api.schemas.examples import FACE, OTHER_PERSON, PERSON
from api.schemas.people import ChosenFaces, Merge, Person, PersonChange, PersonFace
from darkroom.security.callers import Caller
from darkroom.services import curating
from darkroom.services.curating import Curator
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/people", tags=["people"])

SHOWN = 20
"""Ids a problem names at most."""

PersonId = Annotated[UUID, Path(description="Identity of the person.", examples=[PERSON])]
Named = Annotated[bool | None, Query(description="Only people with a name, or only those without.")]
Hidden = Annotated[bool, Query(description="The people that lists leave out, instead of the others.")]
IfMatch = Annotated[
    str | None,
    Header(description="`ETag` of the person as you saw them: the decision is refused when they have changed since."),
]
Change = Annotated[PersonChange, Body(openapi_examples={"a name": {"value": {"name": "Anna"}}})]
Merging = Annotated[Merge, Body(openapi_examples={"somebody seen twice": {"value": {"from": [OTHER_PERSON]}}})]
Chosen = Annotated[ChosenFaces, Body(openapi_examples={"a face": {"value": {"face_ids": [FACE]}}})]

_SEEN = {"ETag": {"description": "Changes when anything of the person does.", "schema": {"type": "string"}}}
_MADE = {"Location": {"description": "The new person.", "schema": {"type": "string"}}, **_SEEN}

PROBLEMS: dict[type[curating.Refused], tuple[ProblemType, str]] = {
    curating.NameTaken: (NAME_TAKEN, "#/name"),
    curating.SeenTogether: (SEEN_TOGETHER, "photo"),
    curating.NotTheirFace: (CONFLICT, "#/face_ids"),
    curating.NobodyLeft: (CONFLICT, "#/face_ids"),
    curating.UnknownFace: (INVALID, "#/face_ids"),
    curating.UnknownPerson: (INVALID, "#/from"),
}


@router.get("", summary="List people", responses=document(INVALID_CURSOR))
def list_people(
    caller: PeopleReader,
    parts: PartsOf,
    named: Named = None,
    hidden: Hidden = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[Person]:
    """People, who are on most photos first. Whoever was recognised once only is a person, too, and comes late."""
    binding = ("people", named, hidden, *caller.libraries)
    position = parts.cursors.open(cursor, *binding)
    after = (int(str(position[0])), UUID(str(position[1]))) if position else None
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.page(caller, connection, named=named, hidden=hidden, after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[Person.of(row._asdict()) for row in found[:limit]],
        next_cursor=parts.cursors.seal([last.photos, str(last.person_id)], *binding) if last else None,
    )


@router.get(
    "/{person_id}",
    summary="Get a person",
    responses={200: {"headers": _SEEN}, 304: {"description": "The client has the newest."}, **document(NOT_FOUND)},
    response_model=Person,
)
def get_person(caller: PeopleReader, parts: PartsOf, request: Request, person_id: PersonId) -> Response:
    """A person. The `ETag` changes when anything of them does: send it as `If-Match` with a decision."""
    with scoped(parts.state, caller.libraries) as connection:
        person = _person(caller, connection, person_id)
    return fresh(request.headers, person)


@router.get("/{person_id}/faces", summary="List a person's faces", responses=document(NOT_FOUND, INVALID_CURSOR))
def list_person_faces(
    caller: PeopleReader, parts: PartsOf, person_id: PersonId, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[PersonFace]:
    """Every face of a person, the newest photo first."""
    binding = ("people", person_id, *caller.libraries)
    position = parts.cursors.open(cursor, *binding)
    after = FacePosition(datetime.fromisoformat(str(position[0])), UUID(str(position[1]))) if position else None
    with scoped(parts.state, caller.libraries) as connection:
        _person(caller, connection, person_id)
        found = queries.faces_of(caller, connection, person_id, after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[PersonFace.of(row._asdict()) for row in found[:limit]],
        next_cursor=parts.cursors.seal([last.taken.isoformat(), str(last.face_id)], *binding) if last else None,
    )


@router.patch(
    "/{person_id}",
    summary="Name or hide a person",
    responses={200: {"headers": _SEEN}, **document(MALFORMED, NOT_FOUND, NAME_TAKEN, STALE)},
    response_model=Person,
)
def change_person(
    caller: PeopleWriter,
    parts: PartsOf,
    request: Request,
    person_id: PersonId,
    change: Change,
    if_match: IfMatch = None,
) -> Response:
    """Gives a person a name or takes it away, hides them from lists or shows them again.

    The name hangs on the person's faces: it stays whatever is computed anew.
    """

    def decide(curator: Curator) -> None:
        if "name" in change.model_fields_set:
            curator.rename(person_id, change.name)
        if "hidden" in change.model_fields_set:
            curator.hide(person_id, change.hidden)

    return _decided(caller, parts, request, person_id, decide)


@router.post(
    "/{person_id}/merge",
    summary="Merge people",
    responses={200: {"headers": _SEEN}, **document(MALFORMED, NOT_FOUND, SEEN_TOGETHER, STALE)},
    response_model=Person,
)
def merge_people(
    caller: PeopleWriter,
    parts: PartsOf,
    request: Request,
    person_id: PersonId,
    merge: Merging,
    if_match: IfMatch = None,
) -> Response:
    """Says that others are the same person. This one keeps id and name, or takes a name of theirs; they are gone.

    People who can be seen together in a photo are not the same: reject the face that is wrong first.
    """
    return _decided(caller, parts, request, person_id, lambda curator: curator.merge(person_id, merge.others))


@router.post(
    "/{person_id}/split",
    summary="Split a person",
    status_code=201,
    responses={201: {"headers": _MADE}, **document(MALFORMED, NOT_FOUND, CONFLICT, STALE)},
    response_model=Person,
)
def split_person(
    caller: PeopleWriter,
    parts: PartsOf,
    request: Request,
    person_id: PersonId,
    chosen: Chosen,
    if_match: IfMatch = None,
) -> Response:
    """Makes some of a person's faces a person of their own, who is the answer. They stay two."""
    with _deciding(caller, parts, request, person_id) as (connection, curator):
        new = curator.split(person_id, chosen.face_ids)
        made = _person(caller, connection, new)
    return tagged(made, status=201, Location=f"/v1/people/{new}")


@router.post(
    "/{person_id}/reject",
    summary="Reject faces",
    responses={200: {"headers": _SEEN}, **document(MALFORMED, NOT_FOUND, CONFLICT, STALE)},
    response_model=Person,
)
def reject_faces(
    caller: PeopleWriter,
    parts: PartsOf,
    request: Request,
    person_id: PersonId,
    chosen: Chosen,
    if_match: IfMatch = None,
) -> Response:
    """Says that faces are not this person: they never are again. Whose they are is looked for soon after.

    A person without a name whose last face is rejected is gone.
    """
    return _decided(caller, parts, request, person_id, lambda curator: curator.reject(person_id, chosen.face_ids))


@router.post(
    "/{person_id}/confirm",
    summary="Confirm faces",
    responses={200: {"headers": _SEEN}, **document(MALFORMED, NOT_FOUND, SEEN_TOGETHER, STALE)},
    response_model=Person,
)
def confirm_faces(
    caller: PeopleWriter,
    parts: PartsOf,
    request: Request,
    person_id: PersonId,
    chosen: Chosen,
    if_match: IfMatch = None,
) -> Response:
    """Says that faces are this person, whosever they were: somebody else's, or nobody's."""
    return _decided(caller, parts, request, person_id, lambda curator: curator.confirm(person_id, chosen.face_ids))


def _decided(
    caller: Caller, parts: Parts, request: Request, person_id: UUID, decide: Callable[[Curator], None]
) -> Response:
    """Takes a decision and answers with the person as they are then, be it without a face."""
    with _deciding(caller, parts, request, person_id) as (connection, curator):
        before = _person(caller, connection, person_id)
        decide(curator)
        row = queries.by_id(caller, connection, person_id)
        gone = before.model_copy(update={"faces": 0, "photos": 0, "cover": None})
    return tagged(Person.of(row._asdict()) if row else gone)


@contextmanager
def _deciding(caller: Caller, parts: Parts, request: Request, person_id: UUID) -> Iterator[tuple[Connection, Curator]]:
    """A transaction in which a person can be decided about, alone; what is refused becomes a problem."""
    try:
        with scoped(parts.state, caller.libraries) as connection:
            curator = Curator(connection, caller.user_id, caller.libraries)
            if still(request.headers, tag_of(_person(caller, connection, person_id).model_dump_json())) is False:
                raise Problem(STALE, "The person has changed since you looked.")
            yield connection, curator
    except curating.Refused as refused:
        type, where = PROBLEMS[refused.__class__]
        named = {"pointer": where} if where.startswith("#") else {"parameter": where}
        errors = [{**named, "detail": str(one)} for one in refused.ids[:SHOWN]]
        reason = str(refused)
        raise Problem(type, f"{reason[:1].upper()}{reason[1:]}.", errors=errors) from None


def _person(caller: Caller, connection: Connection, person_id: UUID) -> Person:
    row = queries.by_id(caller, connection, person_id)
    if row is None:
        raise Problem(NOT_FOUND, "There is no such person.")
    return Person.of(row._asdict())
