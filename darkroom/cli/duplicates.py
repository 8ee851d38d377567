"""`darkroom duplicates`: list groups of copies, and decide which photo of one is kept."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.filesize import decimal

from darkroom.cli.client import Client
from darkroom.home import Home

app = typer.Typer(no_args_is_help=True, help="List duplicates and decide about them. No file is ever deleted.")

OVERRULE = {"If-Match": "*"}
"""Who types a decision means it, whatever was decided before."""


class Kind(StrEnum):
    """Kinds of duplicates, as options."""

    BYTES = "bytes"
    PIXELS = "pixels"
    NEAR = "near"


GroupId = Annotated[UUID, typer.Argument(help="Id of the group.", metavar="GROUP")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's own document.")]


@app.command("list")
def list_duplicates(
    context: typer.Context,
    kind: Annotated[
        Kind | None, typer.Option(help="Same bytes in several files, equal pixels, or nearly the same picture.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many groups on a page.", min=1, max=200)] = 50,
    cursor: Annotated[str | None, typer.Option(help="`next_cursor` of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List groups of duplicates, those that waste most first; the photo to keep is the first of its group."""
    found = Client(Home(context.obj.home)).get("/v1/duplicates", kind=kind, limit=limit, cursor=cursor)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found["items"]:
        none = "No duplicates. They are looked for soon after an import has ended."
        typer.echo("No more duplicates." if cursor else none)
        return
    for group in found["items"]:
        typer.echo("\n".join(told(group)))
    if found["next_cursor"]:
        typer.echo(f"More with --cursor {found['next_cursor']}")


def told(group: dict[str, Any]) -> list[str]:
    """A group as lines: what it is, then its photos with their first files; of one photo all of its files."""
    decided = f", {group['decision']}" if group["decision"] else ""
    lines = [f"{group['id']}  {group['kind']}{decided}, {decimal(group['wasted_bytes'])} wasted"]
    for photo in group["photos"]:
        role = "keep     " if photo["id"] == group["keeper_id"] else "redundant"
        size = f"{photo['width']}×{photo['height']}" if photo["width"] else "not decodable"
        paths = [file["path"] for file in photo["files"]] or [""]
        lines.append(f"  {role}  {photo['id']}  {size}  {paths[0]}")
        if group["kind"] == Kind.BYTES:
            lines += [f"             same bytes: {path}" for path in paths[1:]]
    if hidden := group["photo_count"] - len(group["photos"]):
        lines.append(f"  and {hidden} more")
    return lines


@app.command("keep")
def keep_duplicate(
    context: typer.Context,
    group_id: GroupId,
    photo_id: Annotated[
        UUID | None,
        typer.Argument(help="Id of the photo to keep.", metavar="PHOTO", show_default="the one that is proposed"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep one photo of a group; the others are redundant, whatever is found later."""
    client = Client(Home(context.obj.home))
    keeper = str(photo_id or client.get(f"/v1/duplicates/{group_id}")["keeper_id"])
    found = client.post(f"/v1/duplicates/{group_id}/keep", {"keeper_id": keeper}, **OVERRULE)
    rest = "its other files" if found["kind"] == Kind.BYTES else f"{found['photo_count'] - 1} other photos"
    kept = f"Kept {keeper}; {decimal(found['wasted_bytes'])} in {rest} are redundant."
    typer.echo(json.dumps(found, indent=2) if as_json else kept)


@app.command("dismiss")
def dismiss_duplicates(context: typer.Context, group_id: GroupId, as_json: AsJson = False) -> None:
    """Dismiss a group: its photos are different ones and are never proposed together again."""
    found = Client(Home(context.obj.home)).post(f"/v1/duplicates/{group_id}/dismiss", {}, **OVERRULE)
    typer.echo(json.dumps(found, indent=2) if as_json else f"Dismissed {group_id}.")


@app.command("merge")
def merge_photos(
    context: typer.Context,
    keeper_id: Annotated[UUID, typer.Argument(help="Id of the photo to keep.", metavar="KEEPER")],
    copies: Annotated[list[UUID], typer.Argument(help="Ids of the photos that are copies of it.", metavar="PHOTO…")],
) -> None:
    """Say that photos are one picture though no group shows them together: crops, for example, or edits."""
    body = {"keeper_id": str(keeper_id), "copies": list(map(str, copies))}
    Client(Home(context.obj.home)).post("/v1/duplicates/merge", body)
    typer.echo("They are one group when duplicates are found anew, within a minute.")


@app.command("withdraw")
def withdraw_decision(context: typer.Context, group_id: GroupId, as_json: AsJson = False) -> None:
    """Withdraw what was decided about a group: it is proposed again.

    A dismissed group is known until duplicates are found anew, some minutes after its dismissal.
    """
    found = Client(Home(context.obj.home)).post(f"/v1/duplicates/{group_id}/withdraw", {}, **OVERRULE)
    typer.echo(json.dumps(found, indent=2) if as_json else f"Nothing is decided about {group_id} any more.")
