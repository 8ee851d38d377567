"""Exit codes, and how a command ends with one: a sentence on stderr that says what to do."""

from typing import NoReturn

import typer

OK = 0
FAILED = 1
USAGE = 2
NOT_RUNNING = 3
PARTLY = 4

MEANINGS = {
    OK: "everything asked for was done",
    FAILED: "it failed; the message says why",
    USAGE: "the command was used wrongly",
    NOT_RUNNING: "the platform is not running: `darkroom up`",
    PARTLY: "done, but some files could not be taken in",
}


def stop(code: int, message: str) -> NoReturn:
    """Ends the command with a message on stderr."""
    typer.secho(message, err=True, fg=typer.colors.RED if code in (FAILED, NOT_RUNNING) else None)
    raise typer.Exit(code)
