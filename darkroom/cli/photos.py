"""`darkroom photos`: list, show and export photos."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

import typer

from darkroom.cli.client import Client
from darkroom.cli.printing import print_rows
from darkroom.home import Home

app = typer.Typer(no_args_is_help=True, help="List, show and export photos.")

Filter = Annotated[str | None, typer.Option("--filter", help="For example: 'year = 2019 AND text:\"total\"'.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's own document.")]


@app.command("list")
def list_photos(
    context: typer.Context,
    filter_: Filter = None,
    limit: Annotated[int, typer.Option(help="How many photos.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List photos, newest first by local wall time; undated ones come last."""
    items = list(Client(Home(context.obj.home)).pages("/v1/photos", limit, filter=filter_))
    if as_json:
        typer.echo(json.dumps({"items": items}, indent=2))
        return
    print_rows(("photo", "taken", "size", "camera", "file"), (_row(photo) for photo in items))


def _row(photo: dict[str, Any]) -> tuple[str, ...]:
    size = f"{photo['width']}×{photo['height']}" if photo["width"] else "not decodable"
    camera = " ".join(part for part in (photo["camera"] or {}).values() if part)
    return photo["id"], taken(photo), size, camera, file(photo)


def taken(photo: dict[str, Any]) -> str:
    """When a photo was taken, in local wall time to the minute; empty when nobody knows."""
    return ((photo["taken_at"] or {}).get("local") or "")[:16].replace("T", " ")


def file(photo: dict[str, Any]) -> str:
    """The path of a photo's first file."""
    return photo["files"][0]["path"] if photo["files"] else ""


@app.command("show")
def show_photo(
    context: typer.Context, photo_id: Annotated[UUID, typer.Argument(help="Id of the photo.", metavar="PHOTO")]
) -> None:
    """Show everything known about a photo, as JSON."""
    typer.echo(json.dumps(Client(Home(context.obj.home)).get(f"/v1/photos/{photo_id}"), indent=2))


@app.command("export")
def export_photos(
    context: typer.Context,
    filter_: Filter = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a line per photo.")] = False,
    as_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="A line per photo and a closing line with the count (default).")
    ] = False,
) -> None:
    """Export every photo's document to standard output.

    The closing line carries the count, so that a cut-off export is noticed.
    """
    if as_json and as_jsonl:
        raise typer.BadParameter("choose --json or --jsonl")
    lines = Client(Home(context.obj.home)).lines("/v1/photos/export", filter=filter_)
    if not as_json:
        for line in lines:
            typer.echo(line)
        return
    *photos, trailer = [json.loads(line) for line in lines if line]
    typer.echo(json.dumps({"items": photos, **trailer}, indent=2))
