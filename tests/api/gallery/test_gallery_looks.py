"""How the gallery looks and reads: light and dark, on small screens, without a mouse, for a screen reader."""

import uuid

import pytest

from darkroom.testing.people import add_person
from darkroom.testing.serving import add_duplicates
from tests.api.gallery.accessible import faults, landmarks
from tests.api.gallery.browser import Page
from tests.api.gallery.conftest import SignIn, World, colours

PAPER = {"light": "rgb(250, 248, 244)", "dark": "rgb(19, 17, 16)"}
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"
ANNA, UNNAMED, LONG = (uuid.UUID(int=number) for number in (21, 22, 23))
VIEWS = {
    "#/": ".tile img",
    "#/?where=keywords:garden": ".tile img",
    "#/?text=total": ".result",
    "#/?text=zebra": ".found .notice",
    "#/people": ".person img",
    f"#/people/{ANNA}": ".faces img",
    f"#/people/{LONG}": ".faces img",
    "#/duplicates": ".group img",
    "#/imports": ".sources li",
    "#/health": ".completeness",
    "#/nowhere": ".notice",
}


@pytest.fixture(scope="module")
def crowded(world: World) -> World:
    """The small world with three people, one of a long name and one of none, and with duplicates of every kind."""
    photos = list(world.photos.values())
    face = world.face(colours(5, (96, 96)))
    copies = [uuid.UUID(world.publish(f"copies/{'a long name of a file ' * 4}{n}.jpg", colours(1))) for n in range(5)]
    with world.owner.begin() as connection:
        named = {ANNA: "Anna", UNNAMED: None, LONG: "Maximiliane Freifrau von und zu Hohenstein-Wittelsbach-Neuburg"}
        for at, (person, name) in enumerate(named.items()):
            faces = {uuid.uuid5(person, str(photo)): photo for photo in photos[at : 9 - at]}
            add_person(connection, person, faces, name=name, thumbnail_sha256=face)
        add_duplicates(connection, copies[:3], sizes=[900_000, 800_000, 70_000])
        add_duplicates(connection, copies[3:], "pixels", sizes=[900_000, 800_000])
        add_duplicates(connection, photos[:1], "bytes", sizes=[2_000_000])
    return world


def test_the_check_finds_what_it_looks_for(sign_in: SignIn, world: World) -> None:
    with sign_in("#/health") as page:
        page.see(".completeness")
        page.js("""(() => {
            const add = (name, inside) => inside.appendChild(document.createElement(name));
            const made = add('div', document.querySelector('main'));
            const pale = add('p', made);
            [pale.textContent, pale.style.color] = ['pale', '#ccc'];
            add('button', made);
            add('img', made);
            add('h1', made).textContent = 'second';
            add('p', add('ul', made)).textContent = 'no item';
        })()""")
        found = " ".join(faults(page))
    for word in ("contrast 1.5", "a button without a name", "without alt", "2 headings", "a P in a list"):
        assert word in found


def shown(page: Page, route: str) -> None:
    page.js(f"location.hash = {route!r}")
    page.see(VIEWS[route])
    page.quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (360, 740)], ids=["wide", "small"])
def test_every_view_is_named_ordered_readable_and_fits(
    sign_in: SignIn, crowded: World, scheme: str, size: tuple[int, int]
) -> None:
    with sign_in(size=size, scheme=scheme) as page:
        page.see(".tile img")
        for route in VIEWS:
            shown(page, route)
            assert faults(page) == [], route
            assert landmarks(page) == {"main", "navigation", "search", "banner"}
        for name in ("papers/receipt.jpg", "people/portrait.jpg", "broken.cr2", "2024/00.jpg"):
            page.js(f"location.hash = '#/photo/{crowded.photos[name]}'")
            page.see(".photo")
            page.quiet()
            if size[0] < 640:
                page.click("[title=Details]")
                page.see(".facts")
            assert faults(page) == [], name
            if size[0] < 640:
                page.click("[title=Details]")
            page.press("Escape")


def test_the_systems_colours_are_followed_until_somebody_chooses(sign_in: SignIn, world: World) -> None:
    with sign_in(scheme="dark") as page:
        page.see(".tile img")
        assert page.js(BACKGROUND) == PAPER["dark"]
        page.prefer("light")
        assert page.js(BACKGROUND) == PAPER["light"]
        page.click("[aria-label=Menu]")
        page.click(".menu input[value=dark]")
        page.until(f"{BACKGROUND} === {PAPER['dark']!r}")
        page.reload()
        page.see(".tile img")
        assert page.js(BACKGROUND) == PAPER["dark"]
        page.click("[aria-label=Menu]")
        page.click(".menu input[value=auto]")
        page.until(f"{BACKGROUND} === {PAPER['light']!r}")


def test_less_motion_is_respected(sign_in: SignIn, world: World) -> None:
    with sign_in(motion="reduce") as page:
        page.see(".tile img")
        assert page.js("getComputedStyle(document.querySelector('.tile img')).transitionDuration") == "0s"


def test_the_focus_can_be_seen_wherever_tab_leads(sign_in: SignIn, world: World) -> None:
    with sign_in("#/health") as page:
        page.see(".completeness")
        seen = []
        for _ in range(14):
            page.press("Tab")
            told = page.js("""(() => {
                const one = document.activeElement;
                const box = one.closest('.searchbox') || one;
                const [mine, around] = [getComputedStyle(one), getComputedStyle(box)];
                const ring = mine.outlineStyle !== 'none' || around.boxShadow !== 'none';
                return [one.getAttribute('aria-label') || one.innerText || one.id, ring];
            })()""")
            seen.append(told[0])
            assert told[1], told
        assert seen[0] == "Skip to the content"
        assert {"Photos", "Imports", "Health"} <= set(seen)


def test_the_content_can_be_reached_without_passing_all_else(sign_in: SignIn, world: World) -> None:
    with sign_in("#/imports") as page:
        page.see(".sources li")
        page.press("Tab")
        page.press("Enter")
        assert page.focused() == "main"
        assert page.js("location.hash") == "#/imports"


def test_while_a_photo_is_open_nothing_behind_it_can_be_reached(sign_in: SignIn, world: World) -> None:
    with sign_in(f"#/photo/{world.photos['papers/receipt.jpg']}") as page:
        page.see(".facts")
        for _ in range(30):
            page.press("Tab")
            assert page.js("document.activeElement === document.body || !!document.activeElement.closest('.photo')")


def test_what_changes_is_said_to_those_who_do_not_see_it(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.press("/")
        page.type("keywords:receipt ")
        page.until("[...document.querySelectorAll('[aria-live]')].some(one => one.innerText.includes('Filter added'))")
        page.until("[...document.querySelectorAll('[role=status]')].some(one => one.innerText === '1 photo')")


def test_on_a_small_screen_a_photos_details_have_their_own_ground_to_the_end(sign_in: SignIn, world: World) -> None:
    with sign_in(f"#/photo/{world.photos['papers/receipt.jpg']}", size=(360, 740)) as page:
        page.click("[title=Details]")
        page.see(".facts .lines li")
        page.click(".outputs summary")
        assert page.js("(one => one.scrollHeight <= one.clientHeight)(document.querySelector('.facts'))")


def test_on_a_small_screen_the_views_are_at_the_lower_edge_within_reach(sign_in: SignIn, world: World) -> None:
    with sign_in(size=(360, 740)) as page:
        page.see(".tile img")
        bar = page.js("document.querySelector('.navigation').getBoundingClientRect().toJSON()")
        assert bar["bottom"] == 740
        targets = page.js(
            "[...document.querySelectorAll('.navigation a')].map(one => one.getBoundingClientRect().toJSON())"
        )
        assert all(one["width"] >= 44 and one["height"] >= 44 for one in targets)
