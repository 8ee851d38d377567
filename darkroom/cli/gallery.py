"""`darkroom open`: an address that signs a browser in to the gallery, once.

Belongs here: asking for the address, and what the terminal says about it. Does not belong here: what the code in it is
worth (`darkroom.security.sessions`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import httpx
import typer

from darkroom.cli.client import Client
from darkroom.home import Home, NotRunning


def open_gallery(
    context: typer.Context,
    browser: Annotated[
        bool, typer.Option("--browser", help="Open it in this machine's browser, too.", show_default=False)
    ] = False,
    sign_out: Annotated[
        bool, typer.Option("--sign-out", help="Sign every browser out first.", show_default=False)
    ] = False,
) -> None:
    """Print an address that opens the gallery and signs the browser in.

    It works once and for minutes: whoever opens it first is signed in, and stays so until signed out or for
    DARKROOM_API__SESSION_DAYS. Behind a proxy, DARKROOM_API__PUBLIC_URL says where people find it.
    """
    client = Client(Home(context.obj.home))
    if sign_out:
        typer.echo(f"Browsers signed out: {client.delete('/v1/sessions')['ended']}.", err=True)
    made = client.post("/v1/sessions/codes", {})
    until = datetime.fromisoformat(made["expires_at"]).astimezone()
    typer.echo(made["address"])
    typer.echo(f"It signs one browser in, until {until:%H:%M}.", err=True)
    if browser:
        typer.launch(made["address"])


def sign_in_address(home: Home) -> str | None:
    """Such an address, for commands that show it beside others; `None` when the API has none to give."""
    try:
        url, key = home.endpoints()["api"]["url"], home.cli_key()
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.post(f"{url}/v1/sessions/codes", headers=headers, timeout=10).raise_for_status()
        return str(answer.json()["address"])
    except (NotRunning, KeyError, ValueError, httpx.HTTPError):
        return None
