"""`darkroom people`, against a served API."""

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Connection
from typer.testing import CliRunner

from darkroom.cli.main import app
from darkroom.home import Home, write_private
from darkroom.testing.people import add_person
from darkroom.testing.serving import publish_photo

State = Callable[[], AbstractContextManager[Connection]]

ANNA, BERTA, CARLA = (uuid.UUID(int=number) for number in (21, 22, 23))
FACES = [uuid.UUID(int=number) for number in range(31, 36)]


@pytest.fixture
def people(tmp_path: Path, address: str, make_key: Callable[..., str], state: State) -> Callable[..., Result]:
    """Runs `darkroom people …` in a library where Anna has three faces, Berta, who is called so, and Carla one each."""
    home = Home(tmp_path)
    write_private(home.endpoints_file, json.dumps({"api": {"url": address}}))
    write_private(home.run / "cli.key", make_key("admin"))
    with state() as connection:
        photos = [publish_photo(connection, f"{number}.jpg") for number in range(5)]
        add_person(connection, ANNA, dict(zip(FACES[:3], photos[:3], strict=True)))
        add_person(connection, BERTA, {FACES[3]: photos[3]}, name="Berta Müller")
        add_person(connection, CARLA, {FACES[4]: photos[4]})
    return lambda *arguments: CliRunner().invoke(app, ["--home", str(home.root), "people", *map(str, arguments)])


def told(done: Result) -> dict:
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_people_are_listed_as_a_table_and_as_json(people) -> None:
    assert [one["id"] for one in told(people("list", "--json"))["items"]] == [str(ANNA), str(BERTA), str(CARLA)]
    assert [one["name"] for one in told(people("list", "--named", "--json"))["items"]] == ["Berta Müller"]
    table = people("list").stdout
    assert str(ANNA) in table and "Berta" in table


def test_a_list_of_people_goes_on_from_its_cursor(people) -> None:
    first = told(people("list", "--limit", 2, "--json"))
    rest = told(people("list", "--cursor", first["next_cursor"], "--json"))
    assert [len(first["items"]), [one["id"] for one in rest["items"]], rest["next_cursor"]] == [2, [str(CARLA)], None]
    assert first["next_cursor"] in people("list", "--limit", 2).stderr


def test_a_person_is_shown_with_their_faces_by_id_or_name(people) -> None:
    assert {face["id"] for face in told(people("show", ANNA, "--json"))["items"]} == {str(face) for face in FACES[:3]}
    shown = people("show", "berta MULLER").stdout
    assert f"{BERTA}: Berta Müller, 1 face on 1 photo" in shown and str(FACES[3]) in shown


def test_a_person_is_named_hidden_and_shown(people) -> None:
    assert told(people("name", ANNA, "Anna", "--json"))["name"] == "Anna"
    assert "Anna, hidden" in people("hide", "anna").stdout
    assert [one["id"] for one in told(people("list", "--hidden", "--json"))["items"]] == [str(ANNA)]
    assert told(people("hide", "Anna", "--show", "--json"))["hidden"] is False
    assert told(people("name", "Anna", "", "--json"))["name"] is None


def test_faces_are_split_off_rejected_confirmed_and_people_merged(people) -> None:
    new = told(people("split", ANNA, FACES[0], "--json"))
    assert new["faces"] == 1
    assert new["id"] != str(ANNA)
    assert told(people("merge", ANNA, new["id"], CARLA, "--json"))["faces"] == 4
    assert told(people("reject", ANNA, FACES[1], FACES[2], "--json"))["faces"] == 2
    assert told(people("confirm", "Berta Müller", FACES[1], "--json"))["faces"] == 2


def test_a_name_that_a_merge_ends_is_told(people) -> None:
    people("name", ANNA, "Anna")
    merged = people("merge", "Anna", "Berta Müller")
    assert "Nobody is called Berta Müller any more." in merged.stderr
    people("name", ANNA, "")
    assert people("merge", CARLA, ANNA).stderr == ""


def test_while_nobody_was_found_the_list_says_when_people_are(people) -> None:
    assert "soon after an import" in people("list", "--hidden").stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "Zoe"), 2, "nobody is called"),
        (("show", "Berta Muler"), 2, "Did you mean 'Berta Müller'?"),
        (("show", "BERTA MULER"), 2, "Did you mean 'Berta Müller'?"),
        (("show", uuid.UUID(int=99)), 2, "There is no such person."),
        (("name", CARLA, "\udcff"), 2, "is no UTF-8"),
        (("name", CARLA, "berta müller"), 1, "somebody else is called berta müller"),
        (("name", CARLA, "Berta Müller"), 1, str(BERTA)),
        (("reject", ANNA, FACES[3]), 1, str(FACES[3])),
        (("split", ANNA, *FACES[:3]), 1, "nothing would be left"),
        (("split", ANNA, "face"), 2, "UUID, invalid length"),
        (("merge", ANNA, ANNA), 2, "no other people"),
    ],
)
def test_what_cannot_be_decided_ends_with_a_sentence(people, arguments, code, said) -> None:
    done = people(*arguments)
    assert done.exit_code == code
    assert said.casefold() in " ".join(done.output.split()).casefold()
