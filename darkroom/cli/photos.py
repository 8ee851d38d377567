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
AsLines = Annotated[bool, typer.Option("--jsonl", help="Print a line of JSON per photo.")]


@app.command("list")
def list_photos(
    context: typer.Context,
    filter_: Filter = None,
    limit: Annotated[int, typer.Option(help="How many photos.", min=1)] = 20,
    cursor: Annotated[str | None, typer.Option(help="`next_cursor` of the page before.")] = None,
    as_json: AsJson = False,
    as_lines: AsLines = False,
) -> None:
    """List photos, newest first by local wall time; undated ones come last."""
    _one_of(as_json, as_lines)
    found = Client(Home(context.obj.home)).page("/v1/photos", limit, cursor, filter=filter_)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if as_lines:
        for photo in found["items"]:
            typer.echo(json.dumps(photo))
    else:
        print_rows(("photo", "taken", "size", "camera", "file"), (_row(photo) for photo in found["items"]))
    if found["next_cursor"]:
        typer.echo(f"More with --cursor {found['next_cursor']}", err=True)  # rows are for other programs, too


def _one_of(as_json: bool, as_lines: bool) -> None:
    if as_json and as_lines:
        raise typer.BadParameter("choose --json or --jsonl")


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
    context: typer.Context,
    photo_id: Annotated[UUID, typer.Argument(help="Id of the photo.", metavar="PHOTO")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's own document (default).")] = False,
    as_lines: Annotated[bool, typer.Option("--jsonl", help="Print it on one line.")] = False,
) -> None:
    """Show everything known about a photo, as JSON."""
    _one_of(as_json, as_lines)
    photo = Client(Home(context.obj.home)).get(f"/v1/photos/{photo_id}")
    typer.echo(json.dumps(photo, indent=None if as_lines else 2))


@app.command("export")
def export_photos(
    context: typer.Context,
    filter_: Filter = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a line per photo.")] = False,
    as_lines: Annotated[
        bool, typer.Option("--jsonl", help="A line per photo and a closing line with the count (default).")
    ] = False,
) -> None:
    """Export every photo's document to standard output.

    The closing line carries the count, so that a cut-off export is noticed.
    """
    _one_of(as_json, as_lines)
    lines = Client(Home(context.obj.home)).lines("/v1/photos/export", filter=filter_)
    if not as_json:
        for line in lines:
            typer.echo(line)
        return
    *photos, trailer = [json.loads(line) for line in lines if line]
    typer.echo(json.dumps({"items": photos, **trailer}, indent=2))
