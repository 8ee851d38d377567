"""Opening the gallery: signed in, signed out, and in between."""

import httpx
from sqlalchemy import delete

from darkroom.stores.state import schema
from tests.api.gallery.browser import Browser
from tests.api.gallery.conftest import SignIn, World


def test_the_printed_address_leads_to_the_photos_and_leaves_no_code_behind(
    browser: Browser, client: httpx.Client, address: str, world: World
) -> None:
    made = client.post("/v1/sessions/codes").json()["address"]
    with browser.page() as page:
        page.go(made)
        page.see(".tile img")
        assert page.js("location.href") == f"{address}/"
        assert page.js("document.cookie") == ""
        assert page.js("performance.getEntriesByType('resource').some(one => one.name.includes('code='))") is False
        assert page.faults == []
        assert all(url.startswith(address) for url in page.requests)


def test_an_address_that_was_used_says_what_to_do(browser: Browser, client: httpx.Client, world: World) -> None:
    made = client.post("/v1/sessions/codes").json()["address"]
    httpx.get(made)
    with browser.page() as page:
        page.go(made)
        page.read("This address was used already")
        page.read("darkroom open")
        assert page.count("nav") == 0


def test_whoever_is_not_signed_in_is_told_how_and_sees_nothing_else(
    browser: Browser, address: str, world: World
) -> None:
    with browser.page() as page:
        for route in ("", "#/people", f"#/photo/{world.photos['undated.jpg']}"):
            page.go(f"{address}/{route}")
            page.read("This browser is not signed in")
            page.read("darkroom open")
            assert page.count("img") == 0
        assert not [url for url, status in page.answers.items() if "/v1/" in url and status == 200]


def test_opening_a_used_address_again_in_a_signed_in_browser_leads_on(
    browser: Browser, client: httpx.Client, address: str, world: World
) -> None:
    made = client.post("/v1/sessions/codes").json()["address"]
    with browser.page() as page:
        page.go(made)
        page.see(".tile img")
        page.go(made)
        page.see(".tile img")
        assert page.js("location.href") == f"{address}/"


def test_a_session_that_ends_meanwhile_leads_to_the_door(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        with world.owner.begin() as connection:
            connection.execute(delete(schema.sessions))
        page.js("location.hash = '#/imports'")
        page.read("This browser is not signed in")
        page.faults.clear()  # the browser notes the refusal


def test_signing_out_ends_the_session(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.click("[aria-label=Menu]")
        page.js(
            "[...document.querySelectorAll('.menu button')].find(one => one.innerText.includes('Sign out')).click()"
        )
        page.read("This browser is not signed in")
        page.js("location.hash = '#/imports'")
        page.read("This browser is not signed in")
        page.faults.clear()
