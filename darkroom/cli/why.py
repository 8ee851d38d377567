"""`darkroom why`: what became of a photo or a file, and for what reason."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

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
    given = escape(os.fsencode(Path(subject).absolute())) if os.path.lexists(subject) else subject
    told = Client(Home(context.obj.home)).get("/v1/why", subject=given)
    typer.echo(json.dumps(told, indent=2) if as_json else explanation(told))


def explanation(told: dict[str, Any]) -> str:
    """The document as sentences, one a line."""
    lines = [told["verdict"]]
    lines += [f"  seen at {file['path']}" for file in told["files"]]
    for name, output in told["outputs"].items():
        lines.append(f"  {name}: {output['state']}" + (f" ({output['reason']})" if output.get("reason") else ""))
    lines += [f"  failed: {failure['output']}: {failure['reason']}" for failure in told["failures"]]
    lines += [f"  gate of {gate['table']} stopped its batch" for gate in told["gates"] if not gate["passed"]]
    return "\n".join(lines)
