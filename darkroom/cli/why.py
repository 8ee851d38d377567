"""`darkroom why`: what became of a photo or a file, and for what reason."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from darkroom.cli.client import Client
from darkroom.domain.paths import escape
from darkroom.home import Home


def why(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="Id of a photo, or path of a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's own document.")] = False,
) -> None:
    """Explain what became of a photo or a file: where it was seen, what was computed, what failed and why."""
    client = Client(Home(context.obj.home))
    *likelier, last = _subjects(subject)
    tried = (client.find("/v1/why", subject=one) for one in likelier)
    told = next(filter(None, tried), None) or client.get("/v1/why", subject=last)
    typer.echo(json.dumps(told, indent=2) if as_json else explanation(told))


def _subjects(given: str) -> list[str]:
    """What may be meant, the likeliest first: a file of this machine, be it gone, or what only the API knows.

    Imports pass links over: of a link what it points to is meant, unless it took the place of a file that was known.
    """
    path = Path(given)
    if os.path.lexists(given):
        return [_real(path), *([escape(os.fsencode(os.path.realpath(given)))] if path.is_symlink() else [])]
    if not given or _is_id(given):
        return [given]
    # Something that is away may be written as the API shows paths: escaped, or beginning in its source.
    return [_real(path), given if given.isprintable() else escape(os.fsencode(given))]


def _real(path: Path) -> str:
    """A path as sources have it: links in its folders followed, its own name kept."""
    name = path.name if path.name != ".." else ""
    folder = os.path.realpath(path.parent if name else path)
    return escape(os.fsencode(Path(folder, name)))


def _is_id(given: str) -> bool:
    try:
        UUID(given)
    except ValueError:
        return False
    return True


def explanation(told: dict[str, Any]) -> str:
    """The document as sentences, one a line."""
    lines = [told["verdict"]]
    lines += [f"  seen at {file['path']}" for file in told["files"]]
    for name, output in told["outputs"].items():
        lines.append(f"  {name}: {output['state']}" + (f" ({output['reason']})" if output.get("reason") else ""))
    lines += [f"  failed: {failure['output']}: {failure['reason']}" for failure in told["failures"]]
    lines += [f"  gate of {gate['table']} stopped its batch" for gate in told["gates"] if not gate["passed"]]
    return "\n".join(lines)
