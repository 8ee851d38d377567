"""People in the gallery: naming, merging, splitting and hiding them, and finding them in photos."""

import uuid

import httpx
import pytest

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.testing.people import add_person
from darkroom.testing.serving import add_source
from tests.api.conftest import empty
from tests.api.gallery.accessible import faults
from tests.api.gallery.conftest import SignIn, World, colours

ANNA, BERTA, CARLA, STRANGER = (uuid.UUID(int=number) for number in (11, 12, 13, 14))


@pytest.fixture
def people(bare: World) -> World:
    """Anna on photos 0 to 4, Berta on 3 to 5 and so on two with Anna, Carla on 6 and 7, a stranger on 8."""
    with bare.owner.begin() as connection:
        empty(connection)
        bare.source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", name="Pictures")
    for number in range(9):
        bare.publish(f"{number}.jpg", colours(number), taken_local=f"2024-05-{number + 1:02d}T12:00:00")
    digest = bare.face(colours(3, (96, 96)))
    on = {ANNA: range(5), BERTA: range(3, 6), CARLA: range(6, 8), STRANGER: range(8, 9)}
    with bare.owner.begin() as connection:
        for person, photos in on.items():
            faces = {uuid.uuid5(person, str(photo)): bare.photos[f"{photo}.jpg"] for photo in photos}
            name = "Anna" if person == ANNA else None
            add_person(connection, person, faces, name=name, thumbnail_sha256=digest)
    return bare


def names(client: httpx.Client, **asked: object) -> dict[str, str | None]:
    found = client.get("/v1/people", params=asked).json()["items"]
    return {one["id"]: one["name"] for one in found}


def test_everyone_is_shown_with_a_face_most_photos_first(sign_in: SignIn, people: World) -> None:
    with sign_in("#/people") as page:
        page.see(".person img")
        page.quiet()
        page.says(".person small", "5 photos", "3 photos", "2 photos", "1 photo")
        assert page.js("[...document.querySelectorAll('.person input')].map(one => one.value)") == ["Anna", "", "", ""]
        assert page.js("[...document.querySelectorAll('.person img')].every(one => one.naturalWidth > 0)")
        assert faults(page) == []


def test_a_name_is_written_where_it_stands(sign_in: SignIn, people: World, client: httpx.Client) -> None:
    with sign_in("#/people") as page:
        page.click(".person:nth-child(2) input")
        page.type("Berta")
        page.press("Enter")
        page.read("Named Berta")
        assert names(client)[str(BERTA)] == "Berta"
        page.click(".person:nth-child(2) input")
        page.type("X")
        page.press("Escape")
        page.until("document.querySelector('.person:nth-child(2) input').value === 'Berta'")
        assert names(client)[str(BERTA)] == "Berta"


def test_a_name_somebody_else_has_offers_to_make_the_two_one(
    sign_in: SignIn, people: World, client: httpx.Client
) -> None:
    with sign_in("#/people") as page:
        page.click(".person:nth-child(3) input")
        page.type("Anna")
        page.press("Enter")
        page.read("Somebody else is called Anna")
        page.click(".toast .button.strong")
        page.read("Both are Anna now")
        page.until("document.querySelectorAll('.person').length === 3")
        page.until("document.querySelector('.person small').innerText === '7 photos'")
        page.faults.clear()  # the browser notes the 409
    assert str(CARLA) not in names(client)


def test_those_who_are_one_are_merged_and_who_is_seen_with_herself_is_not(
    sign_in: SignIn, people: World, client: httpx.Client
) -> None:
    def choose(*numbers: int) -> None:
        page.js("[...document.querySelectorAll('.bar .button')].find(one => one.innerText.startsWith('Merge')).click()")
        for number in numbers:
            page.click(f".person:nth-child({number}) .open")
        page.click(".bar .button.strong")

    with sign_in("#/people") as page:
        page.see(".person img")
        choose(1, 2)
        page.see(".toast.fault")
        page.click(".toast .button.strong")
        page.see(".photo .mark.face")
        assert page.count(".mark.face") == 2
        page.read("Anna")
        page.press("Escape")
        page.see(".person img")
        page.js("[...document.querySelectorAll('.bar .button')].find(one => one.innerText === 'Cancel').click()")
        choose(3, 4)
        page.read("2 people are now one")
        page.until("document.querySelectorAll('.person').length === 3")
        page.faults.clear()  # the browser notes the 409
    assert len(names(client)) == 3


def test_who_is_hidden_is_kept_elsewhere_and_comes_back(sign_in: SignIn, people: World, client: httpx.Client) -> None:
    with sign_in("#/people") as page:
        page.see(".person img")
        page.js("document.querySelector('.person:nth-child(4) .hide').click()")
        page.until("document.querySelectorAll('.person').length === 3")
        assert list(names(client, hidden=True)) == [str(STRANGER)]
        page.js("[...document.querySelectorAll('.bar .button')].find(one => one.innerText === 'Hidden').click()")
        page.until("document.querySelectorAll('.person').length === 1")
        page.js("document.querySelector('.person .hide').click()")
        page.read("Nobody is hidden")
    assert len(names(client)) == 4


def test_faces_of_somebody_else_are_split_off_or_refused(sign_in: SignIn, people: World, client: httpx.Client) -> None:
    with sign_in(f"#/people/{ANNA}") as page:
        page.see(".faces img")
        assert page.count(".faces li") == 5
        assert faults(page) == []
        buttons = "[...document.querySelectorAll('.bar .button')]"
        choosing = f"{buttons}.find(one => one.innerText.startsWith('Not all')).click()"
        page.js(choosing)
        page.click(".faces li:nth-child(5) button")
        page.js("[...document.querySelectorAll('.bar .button')].find(one => one.innerText === 'Not Anna').click()")
        page.read("No longer Anna")
        page.until("document.querySelectorAll('.faces li').length === 4")
        page.js(choosing)
        page.click(".faces li:nth-child(1) button")
        page.click(".faces li:nth-child(2) button")
        page.click(".bar .button.strong")
        page.until(f"location.hash !== '#/people/{ANNA}'")
        page.until("document.querySelectorAll('.faces li').length === 2")
    assert client.get(f"/v1/people/{ANNA}").json()["photos"] == 2


def test_a_persons_photos_are_walked_through_and_searched(sign_in: SignIn, people: World) -> None:
    with sign_in(f"#/people/{ANNA}") as page:
        page.see(".faces img")
        page.click(".faces li:nth-child(2) a")
        page.see(".mark.face span")
        page.read("Anna")
        page.press("ArrowRight")
        page.until(f"location.hash.includes('{people.photos['2.jpg']}')")
        page.press("Escape")
        page.see(".faces img")
        page.js(
            "[...document.querySelectorAll('.bar .button')].find(one => one.innerText.startsWith('Search')).click()"
        )
        page.see(".result")
        assert page.count(".result") == 5
        page.until("document.querySelector('.chip span').innerText === 'Anna'")
        page.click(".chip button")
        page.see(".tile img")


def test_where_nobody_was_found_it_is_said_why(sign_in: SignIn, people: World) -> None:
    with people.owner.begin() as connection:
        empty(connection)
    with sign_in("#/people") as page:
        page.read("Nobody yet")
        page.read("Faces are looked for")
