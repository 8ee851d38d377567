"""Duplicates: groups of copies, and deciding which photo of one is kept."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.contents import fresh, still, tag_of, tagged
from api.dependencies import DuplicateWriter, Parts, PartsOf, PhotoReader
from api.pagination import DEFAULT_LIMIT, CursorText, Limit, Page
from api.problems import ALREADY_DECIDED, INVALID, INVALID_CURSOR, MALFORMED, NOT_FOUND, STALE, Problem, document
from api.queries import duplicates as queries
from api.queries.duplicates import GroupRecord
from api.schemas.duplicates import DuplicateGroup, DuplicateKind, Keep, Merge
from api.schemas.examples import GROUP
from api.schemas.photos import Photo
from darkroom.domain.duplicate_decisions import Verdict
from darkroom.security.callers import Caller
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/duplicates", tags=["duplicates"])

GroupId = Annotated[UUID, Path(description="Identity of the group.", examples=[GROUP])]
IfMatch = Annotated[
    str | None, Header(description="`ETag` of the group as it was looked at; needed to overrule a decision.")
]


@router.get("", summary="List duplicates", responses=document(INVALID_CURSOR))
def list_duplicates(
    caller: PhotoReader,
    parts: PartsOf,
    kind: Annotated[DuplicateKind | None, Query(description="Only groups of this kind.")] = None,
    decided: Annotated[
        bool | None, Query(description="Only groups people have decided about, or have not; both when left out.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Page[DuplicateGroup]:
    """Groups of duplicates, those that waste most first. Dismissed ones are not listed.

    Decisions leave the order as it is. When duplicates have been found anew among other photos, a cursor has expired.
    """
    with scoped(parts.state, caller.libraries) as connection:
        shown = queries.generation(caller, connection)
        binding = ("duplicates", kind or "", decided, shown, *caller.libraries)
        position = parts.cursors.open(cursor, *binding)
        after = (int(str(position[0])), UUID(str(position[1]))) if position else None
        found = queries.page(caller, connection, kind, decided, after, limit + 1)
    last = found[limit - 1].row if len(found) > limit else None
    return Page(
        items=[DuplicateGroup.of(record) for record in found[:limit]],
        next_cursor=parts.cursors.seal([last["found_bytes"], str(last["group_id"])], *binding) if last else None,
    )


@router.get(
    "/{group_id}",
    summary="Get a group of duplicates",
    responses={304: {"description": "The client has the newest version."}, **document(NOT_FOUND)},
    response_model=DuplicateGroup,
)
def get_duplicates(caller: PhotoReader, parts: PartsOf, request: Request, group_id: GroupId) -> Response:
    """A group with its first photos. Send its `ETag` as `If-Match` to decide about exactly what was looked at."""
    with scoped(parts.state, caller.libraries) as connection:
        group = _seen(queries.by_id(caller, connection, group_id))
    return fresh(request.headers, DuplicateGroup.of(group))


@router.get("/{group_id}/photos", summary="List a group's photos", responses=document(NOT_FOUND, INVALID_CURSOR))
def list_duplicate_photos(
    caller: PhotoReader, parts: PartsOf, group_id: GroupId, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Photo]:
    """All photos of a group, the best first."""
    binding = ("duplicate photos", group_id, *caller.libraries)
    position = parts.cursors.open(cursor, *binding)
    with scoped(parts.state, caller.libraries) as connection:
        _seen(queries.by_id(caller, connection, group_id))
        after = int(str(position[0])) if position else None
        found = queries.photos_of(caller, connection, group_id, after, limit + 1)
    more = len(found) > limit
    return Page(
        items=[Photo.of(photo) for _, photo in found[:limit]],
        next_cursor=parts.cursors.seal([found[limit - 1][0]], *binding) if more else None,
    )


@router.post(
    "/merge",
    status_code=202,
    summary="Merge photos",
    responses={202: {"description": "They are one group when duplicates are found anew."}, **document(MALFORMED)},
)
def merge_photos(caller: DuplicateWriter, parts: PartsOf, merge: Merge) -> Merge:
    """Says that photos are copies of one, though nothing found them to be: crops, say, or edits. No file is deleted.

    Duplicates are found anew within a minute; from then on they are a group, of the kind `near`, that is decided
    about. Groups that people decided about are joined by what their photos are merged with.
    """
    if merge.keeper_id in merge.copies:
        raise _invalid("#/copies", "the photo to keep is no copy of itself")
    with scoped(parts.state, caller.libraries) as connection:
        strangers = set(queries.merge(caller, connection, merge.keeper_id, merge.copies))
    if merge.keeper_id in strangers:
        raise _invalid("#/keeper_id", "there is no such photo")
    for number, photo in enumerate(merge.copies):
        if photo in strangers:
            raise _invalid(f"#/copies/{number}", "there is no such photo in the library of the one to keep")
    return merge


@router.post(
    "/{group_id}/keep",
    summary="Keep one photo of a group",
    responses=document(MALFORMED, NOT_FOUND, ALREADY_DECIDED, STALE),
    response_model=DuplicateGroup,
)
def keep_duplicate(
    caller: DuplicateWriter, parts: PartsOf, request: Request, group_id: GroupId, keep: Keep, if_match: IfMatch = None
) -> Response:
    """Says which photo is the one to keep; the others are redundant. No file is deleted.

    The decision holds whatever is found later. Saying it again changes nothing.
    """
    return _decided(caller, parts, request, group_id, Verdict.KEPT, keep.keeper_id)


@router.post(
    "/{group_id}/dismiss",
    summary="Dismiss a group",
    responses=document(NOT_FOUND, ALREADY_DECIDED, STALE),
    response_model=DuplicateGroup,
)
def dismiss_duplicates(
    caller: DuplicateWriter, parts: PartsOf, request: Request, group_id: GroupId, if_match: IfMatch = None
) -> Response:
    """Says that these are different photos, or files that are all wanted: they are never proposed together again."""
    return _decided(caller, parts, request, group_id, Verdict.DISMISSED)


@router.post(
    "/{group_id}/withdraw",
    summary="Withdraw a decision about a group",
    responses=document(NOT_FOUND, ALREADY_DECIDED, STALE),
    response_model=DuplicateGroup,
)
def withdraw_decision(
    caller: DuplicateWriter, parts: PartsOf, request: Request, group_id: GroupId, if_match: IfMatch = None
) -> Response:
    """Says that nothing is decided about the group any more: it is proposed again.

    What only a decision held together is no group any more when duplicates are found anew. Until then a dismissed
    group can be asked for.
    """
    return _decided(caller, parts, request, group_id, Verdict.WITHDRAWN)


def _decided(
    caller: Caller, parts: Parts, request: Request, group_id: UUID, verdict: Verdict, keeper: UUID | None = None
) -> Response:
    """Records a decision unless it stands already, and answers with the group as it is then."""
    with scoped(parts.state, caller.libraries) as connection:
        if _stands(before := _seen(queries.by_id(caller, connection, group_id)), verdict, keeper):
            return tagged(DuplicateGroup.of(before))
        epoch = queries.take_turn(caller, connection)
        group = _seen(queries.by_id(caller, connection, group_id))
        if _stands(group, verdict, keeper):
            return tagged(DuplicateGroup.of(group))
        if keeper is not None and not queries.holds(caller, connection, group_id, keeper):
            raise _invalid("#/keeper_id", "it is not in the group")
        expected = still(request.headers, tag_of(DuplicateGroup.of(group).model_dump_json()))
        if expected is False:
            raise Problem(STALE, "The group has changed since it was looked at.")
        if group.row["decision"] is not None and expected is None:
            raise Problem(ALREADY_DECIDED, f"The group is {group.row['decision']} already.")
        queries.decide(caller, connection, epoch, group, verdict, keeper)
        return tagged(DuplicateGroup.of(_seen(queries.by_id(caller, connection, group_id))))


def _stands(group: GroupRecord, verdict: Verdict, keeper: UUID | None) -> bool:
    """Whether exactly this is decided; of `WITHDRAWN`, whether nothing is."""
    decided = None if verdict is Verdict.WITHDRAWN else verdict
    return bool(group.row["decision"] == decided and keeper in (None, group.row["keeper_id"]))


def _invalid(pointer: str, detail: str) -> Problem:
    return Problem(INVALID, "A photo cannot be decided about so.", errors=[{"pointer": pointer, "detail": detail}])


def _seen(record: GroupRecord | None) -> GroupRecord:
    if record is None:
        raise Problem(NOT_FOUND, "There is no such group of duplicates.")
    return record
