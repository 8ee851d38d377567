"""Lists in the gallery: page by page, and what is shown when a page does not come."""

import uuid

import pytest
from sqlalchemy import insert

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.stores.state import schema
from darkroom.testing.serving import add_duplicates
from tests.api.gallery.browser import Page
from tests.api.gallery.conftest import SignIn, World, colours

BREAK = """(() => {
    const fetch = window.fetch;
    window.broken = true;
    window.failed = 0;
    window.fetch = (path, options) => {
        if (!window.broken || !`${path} ${options.body}`.includes('cursor')) return fetch(path, options);
        window.failed += 1;
        return Promise.resolve(new Response('{"detail": "The database is away."}', {status: 503}));
    };
})()"""
"""Later pages fail until `broken` is false."""


@pytest.fixture
def nothing(bare: World) -> World:
    """The empty library, emptied of what other tests left but its source."""
    with bare.owner.begin() as connection:
        for table in (schema.requests, schema.generations, schema.duplicate_groups, schema.photos):
            connection.execute(table.delete())
    return bare


def open_broken(page: Page, route: str) -> None:
    """Opens a view whose later pages fail, and reads to its end."""
    page.see(".tile, .notice")
    page.js(BREAK)
    page.js(f"location.hash = {route!r}")


def is_told_once_and_tried_again(page: Page) -> None:
    page.see(".notice.fault")
    page.read("The database is away.")
    page.quiet()
    assert page.js("window.failed") == 1, "it is asked again only when somebody says so"
    page.click(".notice.fault .button")
    page.until("window.failed === 2")
    page.js("window.broken = false")
    page.click(".notice.fault .button")
    page.until("!document.querySelector('.notice.fault')")


def test_a_later_page_that_fails_is_told_once_and_asked_for_again_on_demand(sign_in: SignIn, nothing: World) -> None:
    row = {"library_id": DEFAULT_LIBRARY, "kind": "import", "source_id": nothing.source, "state": "succeeded"}
    with nothing.owner.begin() as connection:
        connection.execute(insert(schema.requests), [row] * 25)
    with sign_in() as page:
        open_broken(page, "#/imports")
        page.until("document.querySelectorAll('.import').length === 20")
        page.js("scrollTo(0, document.documentElement.scrollHeight)")
        is_told_once_and_tried_again(page)
        page.until("document.querySelectorAll('.import').length === 25")


def test_more_results_that_fail_are_told_once_and_asked_for_again_on_demand(sign_in: SignIn, nothing: World) -> None:
    for number in range(45):
        nothing.publish(f"{number}.jpg", title="Marigold")
    with sign_in() as page:
        open_broken(page, "#/?text=marigold")
        page.until("document.querySelectorAll('.result').length === 40")
        page.js("scrollTo(0, document.documentElement.scrollHeight)")
        is_told_once_and_tried_again(page)
        page.until("document.querySelectorAll('.result').length === 45")


def test_a_list_that_was_made_anew_is_shown_from_its_start(sign_in: SignIn, nothing: World) -> None:
    for number in range(22):
        photos = [uuid.UUID(nothing.publish(f"{number} {copy}.jpg", colours(number, (48, 36)))) for copy in "ab"]
        with nothing.owner.begin() as connection:
            add_duplicates(connection, photos, sizes=[1, 900 - number])
    with sign_in("#/duplicates") as page:
        page.until("document.querySelectorAll('.group').length === 20")
        page.quiet()
        row = {"library_id": DEFAULT_LIBRARY, "kind": "duplicates", "epoch": 9, "state": "current"}
        with nothing.owner.begin() as connection:
            connection.execute(insert(schema.generations).values(row))
        page.js("scrollTo(0, document.documentElement.scrollHeight)")
        page.until("document.querySelectorAll('.group').length === 22")
        assert page.count(".notice") == 0
        page.faults.clear()  # the browser notes the 400
