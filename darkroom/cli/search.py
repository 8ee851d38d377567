"""`darkroom search`: words and filters, with scores and reasons."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from darkroom.cli.client import Client
from darkroom.home import Home


def search(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="What to look for; leave it out to only filter.")] = "",
    filter_: Annotated[
        str | None, typer.Option("--filter", help="For example: 'taken_at >= 2019-07 AND camera.make = \"Canon\"'.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many results.", min=1, max=200)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's own search document.")] = False,
) -> None:
    """Search photos by words, by a filter, or both.

    Every hit has a score from 0 to 1 and the reasons it was found. No hit is an answer, not an error.
    """
    client = Client(Home(context.obj.home))
    body = {"text": words or None, "filter": filter_, "limit": limit}
    found = client.post("/v1/search", {name: value for name, value in body.items() if value is not None})
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif not found["items"]:
        typer.echo("Nothing relevant was found.")
    else:
        Console().print(hits_table(found["items"]))


def hits_table(items: list[dict[str, Any]]) -> Table:
    """Hits as a table: score, photo, when, file and reasons."""
    table = Table("score", "photo", "taken", "file", "reasons")
    for hit in items:
        photo = hit["photo"]
        taken = (photo["taken_at"] or {}).get("local") or ""
        file = photo["files"][0]["path"] if photo["files"] else ""
        reasons = "; ".join(f"{reason['kind']}: {reason['detail']}" for reason in hit["reasons"])
        table.add_row(f"{hit['score']:.2f}", photo["id"][:8], taken[:16].replace("T", " "), file, reasons)
    return table
