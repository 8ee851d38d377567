"""`darkroom search`: words, an example, a person and a filter, with scores and reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from darkroom.cli.client import Client
from darkroom.cli.people import identify
from darkroom.cli.photos import file, taken
from darkroom.cli.printing import cell, natural_width
from darkroom.home import Home


def search(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(help="What to look for; leave it out to only filter.", show_default=False)
    ] = None,
    like: Annotated[
        str | None,
        typer.Option("--like", metavar="FILE|ID", help="A picture, or a photo's id: find what looks like it."),
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME|ID", help="Only photos that show this person.")
    ] = None,
    filter_: Annotated[
        str | None, typer.Option("--filter", help="For example: 'taken_at >= 2019-07 AND camera.make = \"Canon\"'.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many results.", min=1, max=200)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's own search document.")] = False,
) -> None:
    """Search photos by words, by an example, by who is in them, by a filter, or all of it.

    Every hit has a score from 0 to 1 and the reasons it was found. No hit is an answer, not an error.
    """
    client = Client(Home(context.obj.home))
    body = {
        "text": " ".join(words or []) or None,
        "filter": filter_,
        "limit": limit,
        "person_id": identify(client, person) if person else None,
        **(_example(client, like) if like else {}),
    }
    found = client.post("/v1/search", {name: value for name, value in body.items() if value is not None})
    for told in [] if as_json else found["degraded"]:
        typer.echo(f"{told['leg']}: {told['reason']}", err=True)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif not found["items"]:
        typer.echo("Nothing relevant was found.")
    else:
        table, console = hits_table(found["items"]), Console()
        if not console.is_terminal:
            console.width = max(console.width, natural_width(console, table))
        console.print(table)


def _example(client: Client, like: str) -> dict[str, str]:
    """The example of a photo's id, or of a picture that is sent."""
    if photo_id := _identity(like):
        return {"photo_id": photo_id}
    try:
        picture = Path(like).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{like} is no photo's id, and no file that can be read: {error.strerror}") from error
    return {"example_id": str(client.upload("/v1/search/examples", picture)["example_id"])}


def _identity(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def hits_table(items: list[dict[str, Any]]) -> Table:
    """Hits as a table: the score, and beside it file, when and id of the photo, and the reasons."""
    table = Table("score", Column("photo", overflow="fold"), box=None, pad_edge=False, header_style="bold")
    for hit in items:
        photo = hit["photo"]
        reasons = "; ".join(f"{reason['kind']}: {reason['detail']}" for reason in hit["reasons"])
        told = (file(photo), " ".join(filter(None, (taken(photo), photo["id"]))), reasons)
        table.add_row(f"{hit['score']:.2f}", Text("\n").join(cell(line) for line in told if line))
    return table
