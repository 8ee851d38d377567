"""Imports: asking for one, watching it, stopping it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Response

from api.dependencies import ImportReader, ImportWriter, Parts, PartsOf
from api.pagination import DEFAULT_LIMIT, CursorText, Limit, Page
from api.problems import CONFLICT, INVALID, INVALID_CURSOR, KEY_REUSED, MALFORMED, NOT_FOUND, Problem, document
from api.queries import imports as queries
from api.queries import sources
from api.queries.imports import ImportRecord
from api.schemas.examples import IMPORT, SOURCE
from api.schemas.imports import Failure, Import, NewImport
from darkroom.domain.paths import unescape
from darkroom.domain.states import IMPORT_ENDED
from darkroom.security.callers import Caller
from darkroom.security.folders import FolderRefused, inside_folder
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/imports", tags=["imports"])

ImportId = Annotated[UUID, Path(description="Identity of the import.", examples=[IMPORT])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own: asking again with it answers with the import that was made the first time.",
        examples=["import-2024-05-01"],
    ),
]
Asked = Annotated[NewImport, Body(openapi_examples={"all of a source": {"value": {"source_id": SOURCE}}})]
_LOCATION = {"Location": {"description": "Where the import can be looked at.", "schema": {"type": "string"}}}


@router.post(
    "",
    summary="Ask for an import",
    status_code=202,
    responses={202: {"headers": _LOCATION}, **document(KEY_REUSED, MALFORMED)},
)
def ask_import(
    caller: ImportWriter,
    parts: PartsOf,
    response: Response,
    new: Asked,
    idempotency_key: IdempotencyKey = None,
) -> Import:
    """Asks for the new and changed files of a source to be taken in. The answer is the promise; the work comes after.

    Look at `Location`, or follow its events. Files that are known and unchanged are not read again.
    """
    with scoped(parts.state, caller.libraries) as connection:
        source = sources.by_id(caller, connection, new.source_id)
        if source is None:
            wrong = {"pointer": "#/source_id", "detail": "there is no such source"}
            raise Problem(INVALID, "There is no such source.", errors=[wrong])
        path = _inside(FilePath(unescape(source.path)), new.path)
        import_id, repeated = queries.ask(
            caller,
            connection,
            source.library_id,
            source.id,
            path,
            idempotency_key,
            removed_on_purpose=new.removed_on_purpose,
        )
        found = _seen(queries.by_id(caller, connection, import_id))
    asked = tuple(found.row[name] for name in ("source_id", "path", "removed_on_purpose"))
    if repeated and asked != (source.id, path, new.removed_on_purpose):
        raise Problem(KEY_REUSED, "The Idempotency-Key belongs to an import of something else.")
    response.headers["Location"] = f"/v1/imports/{import_id}"
    return Import.of(found, datetime.now(UTC))


@router.get("", summary="List imports", responses=document(INVALID_CURSOR))
def list_imports(
    caller: ImportReader, parts: PartsOf, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Import]:
    """Imports, the one asked for last first."""
    binding = ("imports", *caller.libraries)
    after = moment(parts.cursors.open(cursor, *binding))
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.page(caller, connection, after, limit + 1)
    last = found[limit - 1].row if len(found) > limit else None
    now = datetime.now(UTC)
    return Page(
        items=[Import.of(record, now) for record in found[:limit]],
        next_cursor=parts.cursors.seal([last["created_at"].isoformat(), str(last["id"])], *binding) if last else None,
    )


@router.get("/{import_id}", summary="Get an import", responses=document(NOT_FOUND))
def get_import(caller: ImportReader, parts: PartsOf, import_id: ImportId) -> Import:
    """An import and how far it is."""
    return Import.of(find(caller, parts, import_id), datetime.now(UTC))


@router.get("/{import_id}/failures", summary="List what failed", responses=document(NOT_FOUND, INVALID_CURSOR))
def list_failures(
    caller: ImportReader, parts: PartsOf, import_id: ImportId, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> Page[Failure]:
    """Every file that was not taken in and every output that could not be made, with the reason, oldest first."""
    find(caller, parts, import_id)
    binding = ("failures", import_id, *caller.libraries)
    after = moment(parts.cursors.open(cursor, *binding))
    with scoped(parts.state, caller.libraries) as connection:
        found = queries.failed(caller, connection, import_id, after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[Failure(**row._asdict()) for row in found[:limit]],
        next_cursor=parts.cursors.seal([last.recorded_at.isoformat(), str(last.id)], *binding) if last else None,
    )


@router.post(
    "/{import_id}/cancel", summary="Cancel an import", status_code=202, responses=document(NOT_FOUND, CONFLICT)
)
def cancel_import(caller: ImportWriter, parts: PartsOf, import_id: ImportId) -> Import:
    """Asks an import to stop. Asking twice is no error.

    What is published stays. What was made of other photos is removed, but for copied originals; the next import
    takes their files in anew.
    """
    with scoped(parts.state, caller.libraries) as connection:
        cancelled = queries.cancel(caller, connection, import_id)
        found = _seen(queries.by_id(caller, connection, import_id))
    if not cancelled and found.row["state"] in IMPORT_ENDED and found.row["state"] != "cancelled":
        raise Problem(CONFLICT, f"The import has {found.row['state']} already.")
    return Import.of(found, datetime.now(UTC))


def find(caller: Caller, parts: Parts, import_id: UUID) -> ImportRecord:
    """The import of that id. Raises `Problem` (404) when the caller cannot see one."""
    with scoped(parts.state, caller.libraries) as connection:
        return _seen(queries.by_id(caller, connection, import_id))


def moment(position: list[str | int | float | None] | None) -> tuple[datetime, UUID] | None:
    """A cursor's position in a list ordered by time and id."""
    return (datetime.fromisoformat(str(position[0])), UUID(str(position[1]))) if position else None


def _seen(record: ImportRecord | None) -> ImportRecord:
    if record is None:
        raise Problem(NOT_FOUND, "There is no such import.")
    return record


def _inside(root: FilePath, path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return inside_folder(root, path)
    except FolderRefused as refused:
        wrong = {"pointer": "#/path", "detail": str(refused)}
        raise Problem(INVALID, f"The path cannot be imported: {refused}.", errors=[wrong]) from None
