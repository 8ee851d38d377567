"""`darkroom people`: who is on the photos, and decisions about who is who.

Belongs here: the commands, and how a person is named on the command line. Does not belong here: what decisions mean
(`darkroom.services.curating`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any
from uuid import UUID

import typer

from darkroom.cli.client import Client
from darkroom.cli.printing import counted, print_rows
from darkroom.domain.words import normalise
from darkroom.home import Home

app = typer.Typer(
    no_args_is_help=True,
    help="""Show who is on the photos, and say who is who.

    A PERSON is an id or a name, a FACE an id that `darkroom people show PERSON` prints.

    What you decide is seen at once, and kept whatever is computed anew.
    """,
)

NAMED = ({"named": True},)
NAMED_OR_HIDDEN = (*NAMED, {"named": True, "hidden": True})

Person = Annotated[str, typer.Argument(help="Id or name.", metavar="PERSON", show_default=False)]
Faces = Annotated[list[UUID], typer.Argument(help="Ids of faces.", metavar="FACE", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's own document.")]


@app.command("list")
def list_people(
    context: typer.Context,
    named: Annotated[
        bool | None, typer.Option("--named/--unnamed", help="Only people with, or without, a name.")
    ] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="The hidden people instead of the others.")] = False,
    limit: Annotated[int, typer.Option(help="How many people.", min=1)] = 20,
    cursor: Annotated[str | None, typer.Option(help="`next_cursor` of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List people, who are on most photos first."""
    found = _client(context).page("/v1/people", limit, cursor, named=named, hidden=hidden)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    items = found["items"]
    rows = ((one["id"], one["name"] or "", str(one["photos"]), str(one["faces"])) for one in items)
    print_rows(("person", "name", "photos", "faces"), rows)
    nobody = "No more people." if cursor else "Nobody. People are found soon after an import has ended."
    typer.echo("`darkroom open` shows their faces." if items else nobody, err=True)
    if found["next_cursor"]:
        typer.echo(f"More with --cursor {found['next_cursor']}", err=True)


@app.command("show")
def show_person(
    context: typer.Context,
    person: Person,
    limit: Annotated[int, typer.Option(help="How many faces.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a person and their faces, the newest photo first."""
    client = _client(context)
    person_id = identify(client, person, NAMED_OR_HIDDEN)
    found = client.get(f"/v1/people/{person_id}")
    faces = list(client.pages(f"/v1/people/{person_id}/faces", limit))
    if as_json:
        typer.echo(json.dumps({**found, "items": faces}, indent=2))
        return
    typer.echo(_sentence(found))
    print_rows(("face", "photo"), ((one["id"], one["photo_id"]) for one in faces))


@app.command("name")
def name_person(
    context: typer.Context,
    person: Person,
    name: Annotated[str, typer.Argument(help="The new name; an empty one takes the name away.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Give a person a name. It stays with their faces, whatever is computed anew."""
    client = _client(context)
    person_id = identify(client, person, NAMED_OR_HIDDEN)
    _tell(client.patch(f"/v1/people/{person_id}", {"name": name or None}), as_json)


@app.command("hide")
def hide_person(
    context: typer.Context,
    person: Person,
    show: Annotated[bool, typer.Option("--show", help="Show them in lists again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Leave a person out of lists, or show them again."""
    client = _client(context)
    person_id = identify(client, person, NAMED_OR_HIDDEN)
    _tell(client.patch(f"/v1/people/{person_id}", {"hidden": not show}), as_json)


@app.command("merge")
def merge_people(
    context: typer.Context,
    person: Person,
    others: Annotated[
        list[str], typer.Argument(help="Who is the same person.", metavar="PERSON...", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Say that others are the same person. The first one keeps id and name; the others are gone."""
    client = _client(context)
    first, *rest = (identify(client, one, NAMED_OR_HIDDEN) for one in (person, *others))
    names = [client.get(f"/v1/people/{one}")["name"] for one in rest]
    merged = client.post(f"/v1/people/{first}/merge", {"from": rest})
    _tell(merged, as_json)
    for name in names:
        if name and name != merged["name"]:
            typer.echo(f"Nobody is called {name} any more.", err=True)


@app.command("split")
def split_person(context: typer.Context, person: Person, faces: Faces, as_json: AsJson = False) -> None:
    """Make some of a person's faces a person of their own, and show who that is."""
    _decide(context, person, "split", faces, as_json)


@app.command("reject")
def reject_faces(context: typer.Context, person: Person, faces: Faces, as_json: AsJson = False) -> None:
    """Say that faces are not the person: they never are again. Soon after, they are looked at anew."""
    _decide(context, person, "reject", faces, as_json)


@app.command("confirm")
def confirm_faces(context: typer.Context, person: Person, faces: Faces, as_json: AsJson = False) -> None:
    """Say that faces are the person, whosever they were."""
    _decide(context, person, "confirm", faces, as_json)


def identify(client: Client, person: str, among: Sequence[Mapping[str, bool]] = NAMED) -> str:
    """The id of a person, by id or by name, however accented or cased; `among` says which lists have the names.

    A name nobody has, or several, is a usage error.
    """
    try:
        return str(UUID(person))
    except ValueError:
        pass
    named = [(one["id"], one["name"]) for wanted in among for one in client.pages("/v1/people", None, **wanted)]
    found = [person_id for person_id, name in named if normalise(name or "") == normalise(person)]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise typer.BadParameter(f"{len(found)} people are called {person!r}; give an id: {', '.join(found)}")
    names = {normalise(name): name for _, name in named if name}
    near = get_close_matches(normalise(person), names, n=1)
    meant = f" Did you mean {names[near[0]]!r}?" if near else ""
    raise typer.BadParameter(f"nobody is called {person!r}.{meant} `darkroom people list --named` shows who is known")


def _client(context: typer.Context) -> Client:
    return Client(Home(context.obj.home))


def _decide(context: typer.Context, person: str, what: str, faces: list[UUID], as_json: bool) -> None:
    client = _client(context)
    person_id = identify(client, person, NAMED_OR_HIDDEN)
    _tell(client.post(f"/v1/people/{person_id}/{what}", {"face_ids": [str(face) for face in faces]}), as_json)


def _tell(person: dict[str, Any], as_json: bool) -> None:
    typer.echo(json.dumps(person, indent=2) if as_json else _sentence(person))


def _sentence(person: dict[str, Any]) -> str:
    hidden = ", hidden" if person["hidden"] else ""
    name = person["name"] or "without a name"
    return f"{person['id']}: {name}{hidden}, {counted(person['faces'], 'face')} on {counted(person['photos'], 'photo')}"
