"""Duplicates in the gallery: side by side, one kept, or none of them."""

import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import schema
from darkroom.testing.serving import add_duplicates, add_source
from tests.api.conftest import empty
from tests.api.gallery.accessible import faults
from tests.api.gallery.browser import Page
from tests.api.gallery.conftest import SignIn, World, colours


@pytest.fixture
def pairs(bare: World) -> World:
    """Three pairs: two nearly the same, one of equal pixels."""
    with bare.owner.begin() as connection:
        empty(connection)
        bare.source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", name="Pictures")
    for number in range(3):
        photos = [uuid.UUID(bare.publish(f"{number} {copy}.jpg", colours(number, (480, 360)))) for copy in "ab"]
        with bare.owner.begin() as connection:
            add_duplicates(connection, photos, "pixels" if number == 2 else "near", sizes=[1, 900_000 - number])
    return bare


def show_decided(page: Page) -> None:
    """Shows the groups of which one is kept."""
    page.js("[...document.querySelectorAll('.bar .button')].find(one => one.innerText === 'Decided').click()")


def groups(client: httpx.Client, **asked: object) -> list[dict[str, Any]]:
    return client.get("/v1/duplicates", params=asked).raise_for_status().json()["items"]  # type: ignore[no-any-return]


def test_groups_are_shown_side_by_side_with_the_one_to_keep(sign_in: SignIn, pairs: World) -> None:
    with sign_in("#/duplicates") as page:
        page.see(".group img")
        page.quiet()
        assert page.count(".group") == 3
        assert page.count(".group li") == 6
        assert page.count(".group .keeper") == 3
        page.read("900 kB could be saved")
        page.read("No file is deleted")
        assert faults(page) == []
        page.resize(360, 740)
        assert faults(page) == []


def test_where_there_are_several_folders_a_file_is_named_with_its_own(sign_in: SignIn, pairs: World) -> None:
    with pairs.owner.begin() as connection:
        add_source(connection, DEFAULT_LIBRARY, "/srv/telephone", name="Telephone")
    with sign_in("#/duplicates") as page:
        page.read("Pictures › 0 a.jpg")
    with sign_in(f"#/photo/{pairs.photos['0 a.jpg']}") as page:
        page.read("Pictures › 0 a.jpg")


def test_one_is_kept_and_the_choice_can_be_changed_later(sign_in: SignIn, pairs: World, client: httpx.Client) -> None:
    other = pairs.photos["0 b.jpg"]
    with sign_in("#/duplicates") as page:
        page.click(".group:first-of-type li:nth-child(2) input")
        page.click(".group:first-of-type .button.strong")
        page.read("One is kept")
        page.until("document.querySelectorAll('.group').length === 2")
        (kept,) = groups(client, decided=True)
        assert (kept["decision"], kept["keeper_id"]) == ("kept", str(other))
        show_decided(page)
        page.until("document.querySelectorAll('.group').length === 1")
        assert page.js("document.querySelector('.group .button.strong').disabled")
        page.click(".group li:nth-child(2) input")
        page.click(".group .button.strong")
        page.read("One is kept")
        page.quiet()
    (kept,) = groups(client, decided=True)
    assert kept["keeper_id"] != str(other)


def test_different_photos_are_not_shown_again(sign_in: SignIn, pairs: World, client: httpx.Client) -> None:
    with sign_in("#/duplicates") as page:
        page.see(".group")
        page.click(".group:first-of-type .actions .button:last-child")
        page.read("They are different photos, and stay so")
        page.until("document.querySelectorAll('.group').length === 2")
    assert len(groups(client)) == 2


def test_a_dismissal_is_taken_back_by_what_the_toast_offers(
    sign_in: SignIn, pairs: World, client: httpx.Client
) -> None:
    first = groups(client)[0]
    with sign_in("#/duplicates") as page:
        page.see(".group")
        page.click(".group:first-of-type .actions .button:last-child")
        page.until("document.querySelectorAll('.group').length === 2")
        assert faults(page) == []
        page.js("document.querySelector('.toast .button.strong').focus()")
        page.press("Enter")
        page.read("Taken back")
        page.until("document.querySelectorAll('.group').length === 3")
    assert groups(client, decided=False)[0] == first


def test_keeping_one_is_taken_back_by_key_or_decided_anew_later(
    sign_in: SignIn, pairs: World, client: httpx.Client
) -> None:
    first = groups(client)[0]
    with sign_in("#/duplicates") as page:
        page.click(".group:first-of-type li:nth-child(2) input")
        page.click(".group:first-of-type .button.strong")
        page.until("document.querySelectorAll('.group').length === 2")
        page.press("z", modifiers=2)
        page.until("document.querySelectorAll('.group').length === 3")
        assert groups(client, decided=False)[0] == first
        page.click(".group:first-of-type .button.strong")
        page.until("document.querySelectorAll('.group').length === 2")
        show_decided(page)
        page.read("Kept")
        page.click(".group .actions .button:nth-child(2)")
        page.read("Nothing is decided about these any more.")
        page.until("document.querySelectorAll('.group').length === 0")
    assert groups(client, decided=False)[0] == first


def test_a_dismissal_of_what_was_kept_is_taken_back_by_key(sign_in: SignIn, pairs: World, client: httpx.Client) -> None:
    group, keeper = groups(client)[0]["id"], str(pairs.photos["0 b.jpg"])
    client.post(f"/v1/duplicates/{group}/keep", json={"keeper_id": keeper}).raise_for_status()
    with sign_in("#/duplicates") as page:
        show_decided(page)
        page.until("document.querySelectorAll('.group').length === 1")
        page.click(".group .actions .button:last-child")
        page.until("document.querySelectorAll('.group').length === 0")
        page.press("z", modifiers=2)
        page.read("Taken back")
        page.until("document.querySelectorAll('.group').length === 1")
    (kept,) = groups(client, decided=True)
    assert (kept["id"], kept["keeper_id"]) == (group, keeper)


@pytest.mark.parametrize("button", ["first-child", "last-child"], ids=["keeping", "dismissing"])
def test_a_group_that_gained_a_photo_is_looked_at_again_before_it_is_decided(
    sign_in: SignIn, pairs: World, client: httpx.Client, button: str
) -> None:
    group = uuid.UUID(groups(client)[0]["id"])
    with sign_in("#/duplicates") as page:
        page.see(".group")
        third = uuid.UUID(pairs.publish("0 c.jpg", colours(0, (480, 360))))
        with pairs.owner.begin() as connection:
            member = {"group_id": group, "photo_id": third, "library_id": DEFAULT_LIBRARY, "position": 2}
            connection.execute(insert(schema.duplicate_members).values(**member, size_bytes=9))
            mine = schema.duplicate_groups.c.group_id == group
            connection.execute(update(schema.duplicate_groups).where(mine).values(photos=3))
        page.click(f".group:first-of-type .actions .button:{button}")
        page.read("This group has changed; look again.")
        page.until("document.querySelectorAll('.group:first-of-type li').length === 3")
        assert len(groups(client, decided=False)) == 3, "nothing is decided"
        page.click(f".group:first-of-type .actions .button:{button}")
        page.until("document.querySelectorAll('.group').length === 2")
    assert len(groups(client, decided=False)) == 2


def test_what_somebody_else_decided_meanwhile_is_not_overruled_unseen(
    sign_in: SignIn, pairs: World, client: httpx.Client
) -> None:
    group = groups(client)[0]
    first, second = (photo["id"] for photo in group["photos"])
    keep = f"/v1/duplicates/{group['id']}/keep"
    decided = client.post(keep, json={"keeper_id": first}).raise_for_status()
    with sign_in("#/duplicates") as page:
        show_decided(page)
        page.until("document.querySelectorAll('.group').length === 1")
        tag = {"If-Match": decided.headers["etag"]}
        client.post(keep, json={"keeper_id": second}, headers=tag).raise_for_status()
        page.click(".group .actions .button:last-child")
        page.read("This group has changed; look again.")
        page.until("document.querySelector('.group li:first-child input').checked")
    (kept,) = groups(client, decided=True)
    assert kept["keeper_id"] == second


def test_kinds_are_shown_apart(sign_in: SignIn, pairs: World) -> None:
    with sign_in("#/duplicates") as page:
        page.see(".group")
        page.js("""(() => {
            const select = document.querySelector('.bar select');
            select.value = 'pixels';
            select.dispatchEvent(new Event('change', {bubbles: true}));
        })()""")
        page.until("document.querySelectorAll('.group').length === 1")
        page.says(".group h2", "The same picture")


def test_where_there_are_none_it_is_said(sign_in: SignIn, pairs: World) -> None:
    with pairs.owner.begin() as connection:
        empty(connection)
    with sign_in("#/duplicates") as page:
        page.read("No duplicates")
        show_decided(page)
        page.read("Nothing is decided yet")
