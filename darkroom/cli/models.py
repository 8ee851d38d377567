"""`darkroom models`: which AI models are installed, which are used, and how far their work has come."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from darkroom.cli import exits, printing
from darkroom.cli.client import Client
from darkroom.home import Home

app = typer.Typer(no_args_is_help=True, help="List and show AI models.")

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's own document.")]


@app.command("list")
def list_models(context: typer.Context, as_json: AsJson = False) -> None:
    """List the models installed for each task; the one in use is marked.

    A model that the settings name and that is not there, or cannot be used, ends the command with exit code 1.
    """
    page = Client(Home(context.obj.home)).get("/v1/models")
    if as_json:
        typer.echo(json.dumps(page, indent=2))
    else:
        names = ("", "task", "model", "output", "version", "photos", "failed")
        printing.print_rows(names, (_row(model) for model in page["items"]))
    _end_at_fault(page["items"])


@app.command("show")
def show_model(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    task: Annotated[str | None, typer.Option(help="Its task, where two have a model of this name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a model: what its version is made of, where it comes from, for how many photos it has done its work."""
    client = Client(Home(context.obj.home))
    known = client.get("/v1/models")["items"]
    found = [one for one in known if one["name"] == name and task in (None, one["task"])]
    if not found:
        names = ", ".join(f"{one['name']} ({one['task']})" for one in known)
        exits.stop(exits.USAGE, f"There is no such model. There are: {names}.")
    if len(found) > 1:
        tasks = " or ".join(f"--task {one['task']}" for one in found)
        exits.stop(exits.USAGE, f"Several tasks have a model called {name}: add {tasks}.")
    (model,) = found
    if as_json:
        typer.echo(json.dumps(client.get(f"/v1/models/{model['task']}/{name}"), indent=2))
    else:
        typer.echo("\n".join(f"{label:<11} {value}" for label, value in _lines(model) if value is not None))
    _end_at_fault([model])


def _row(model: dict[str, Any]) -> tuple[str, ...]:
    return (
        "✗" if model["fault"] else "✓" if model["configured"] else "",
        model["task"],
        model["name"],
        model["output"],
        model["output_version"] or "",
        str(model["photos_done"]),
        str(model["photos_failed"]),
    )


def _lines(model: dict[str, Any]) -> list[tuple[str, Any]]:
    package = model["package"]
    use = " (chosen, cannot be used)" if model["fault"] else " (in use)"
    parameters = ", ".join(f"{name}={value}" for name, value in model["parameters"].items())
    return [
        ("model", f"{model['name']}{use if model['configured'] else ''}"),
        ("task", model["task"]),
        ("output", model["output"]),
        ("version", model["output_version"]),
        ("code", model["code_version"]),
        ("weights", model["weights_digest"]),
        ("parameters", parameters or None),
        ("dimensions", model["dimensions"]),
        (
            "package",
            f"{package['name']} {package['version']}, {package['licence'] or 'no licence said'}" if package else None,
        ),
        ("card", model["card"]),
        ("photos", f"{model['photos_done']} done, {model['photos_failed']} failed"),
    ]


def _end_at_fault(items: list[dict[str, Any]]) -> None:
    """Ends the command when a model that is wanted cannot be used; others that cannot are only said."""
    wanted = [f"{one['task']} {one['name']}: {one['fault']}" for one in items if one["fault"] and one["configured"]]
    for one in items:
        if one["fault"] and not one["configured"]:
            typer.echo(f"{one['task']} {one['name']} cannot be used: {one['fault']}", err=True)
    if wanted:
        exits.stop(exits.FAILED, "\n".join(wanted))
