"""`darkroom stacks`: list photos that belong together without being copies."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from darkroom.cli.client import Client
from darkroom.cli.photos import file
from darkroom.home import Home

app = typer.Typer(no_args_is_help=True, help="List raw files with what was developed from them, and bursts.")


class Kind(StrEnum):
    """Kinds of stacks, as options."""

    BURST = "burst"
    RAW_JPEG = "raw_jpeg"


@app.command("list")
def list_stacks(
    context: typer.Context,
    kind: Annotated[
        Kind | None, typer.Option(help="Shots in quick succession, or a raw file and what was developed from it.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many stacks on a page.", min=1, max=200)] = 50,
    cursor: Annotated[str | None, typer.Option(help="`next_cursor` of the page before.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's own document.")] = False,
) -> None:
    """List stacks, those of most photos first; the first photo of a stack stands for all."""
    found = Client(Home(context.obj.home)).get("/v1/stacks", kind=kind, limit=limit, cursor=cursor)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found["items"]:
        none = "No stacks. They are looked for soon after an import has ended."
        typer.echo("No more stacks." if cursor else none)
        return
    for stack in found["items"]:
        typer.echo("\n".join(told(stack)))
    if found["next_cursor"]:
        typer.echo(f"More with --cursor {found['next_cursor']}")


def told(stack: dict[str, Any]) -> list[str]:
    """A stack as lines: what it is, then its photos in order with when they were taken and their first files."""
    lines = [f"{stack['id']}  {stack['kind']}, {len(stack['photos'])} photos"]
    for photo in stack["photos"]:
        taken = photo["taken_at"]["local"][:19].replace("T", " ") if photo["taken_at"] else "undated"
        lines.append(f"  {photo['id']}  {taken:<19}  {file(photo)}")
    return lines
