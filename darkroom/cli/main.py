"""The command line's root: `darkroom …`. One file per noun, registered here.

Belongs here: the option every command has, how errors end a command, which commands there are. Does not belong here:
what any of them does.
"""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typer.core import TyperGroup

from darkroom.cli import (
    demo,
    duplicates,
    exits,
    gallery,
    imports,
    models,
    people,
    photos,
    platform,
    search,
    sql,
    stacks,
    why,
)
from darkroom.home import NotRunning
from darkroom.settings import load_settings

EXIT_CODES = "\n".join(f"- {code}: {meaning}" for code, meaning in exits.MEANINGS.items())
HELP = f"""Darkroom keeps photos safe, computes what they contain and makes all of it searchable.

A first hour:

    darkroom up --detach            start the platform; prints your API key once

    darkroom import ~/Pictures      take a folder in (originals are read, never changed)

    darkroom status                 what runs, where it listens, what it takes on disk

    darkroom open                   the address of the gallery, to look at photos in a browser

    darkroom search "tax receipt"   find photos, with a score and the reasons

    darkroom why PHOTO              where one photo's values come from

    darkroom down                   stop everything

`darkroom demo` does all of that with a sample library in a home of its own. Everything is kept below one folder, the
home: --home, else DARKROOM_HOME, else ~/.darkroom. Settings are DARKROOM_… variables or settings.toml in the home.

Exit codes:

{EXIT_CODES}
"""


class FriendlyGroup(TyperGroup):
    """Ends a command with a sentence where the user can do something, instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; expected faults become messages and exit codes."""
        try:
            return super().invoke(ctx)
        except NotRunning as error:
            exits.stop(exits.NOT_RUNNING, str(error))
        except ValidationError as error:
            faults = "; ".join(map(_fault, error.errors()))
            exits.stop(exits.USAGE, f"The settings are wrong (DARKROOM_… or settings.toml): {faults}")
        except UnicodeEncodeError:
            exits.stop(exits.USAGE, "Something that was given is no UTF-8; only the paths of files may be anything.")
        except PermissionError as error:
            exits.stop(exits.FAILED, f"This user may not touch {error.filename}: use the user that owns the home.")


def _fault(fault: ErrorDetails) -> str:
    """A fault of the settings in a phrase; a setting that does not exist is named as in the file and as a variable."""
    name = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return f"there is no setting {name} (DARKROOM_{name.replace('.', '__').upper()})"
    return f"{name}: {fault['msg']}"


app = typer.Typer(
    cls=FriendlyGroup,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # locals hold keys and passwords
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"darkroom {importlib.metadata.version('darkroom')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(help="Folder that holds everything.", envvar="DARKROOM_HOME", show_default="~/.darkroom"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Read the settings of the chosen home for the command that follows."""
    if home is not None:
        os.environ["DARKROOM_HOME"] = str(home.expanduser().absolute())  # settings.toml is looked for there
    context.obj = load_settings()


for command in (platform.up, platform.down, platform.status, platform.doctor):
    app.command(rich_help_panel="Platform")(command)
app.command("open", rich_help_panel="Photos")(gallery.open_gallery)
app.command("import", rich_help_panel="Photos")(imports.import_photos)
app.add_typer(photos.app, name="photos", rich_help_panel="Photos")
app.add_typer(people.app, name="people", rich_help_panel="Photos")
app.add_typer(duplicates.app, name="duplicates", rich_help_panel="Photos")
app.add_typer(stacks.app, name="stacks", rich_help_panel="Photos")
app.add_typer(models.app, name="models", rich_help_panel="Photos")
app.command(rich_help_panel="Photos")(search.search)
app.command(rich_help_panel="Photos")(why.why)
app.command(rich_help_panel="Photos")(sql.sql)
app.command(rich_help_panel="Photos")(demo.demo)

if __name__ == "__main__":
    app()
