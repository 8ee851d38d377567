"""A hundred thousand photos: only what is looked at is drawn, asked for and kept."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import text

from darkroom.domain.identity import DEFAULT_LIBRARY
from tests.api.gallery.browser import Page
from tests.api.gallery.conftest import SignIn, World, colours

PHOTOS = 100_000
MANY = text("""
    INSERT INTO serving.photos
        (photo_id, library_id, epoch, sha256, media_type, size_bytes, orientation, width, height, taken_local,
         thumbnail_sha256)
    SELECT gen_random_uuid(), :library, 1, md5(n::text), 'image/jpeg', 1, 1,
           CASE n % 3 WHEN 0 THEN 3000 ELSE 4000 END, CASE n % 3 WHEN 0 THEN 4000 ELSE 3000 END,
           CASE WHEN n % 100 > 0 THEN timestamp '2004-01-01' + n * interval '110 minutes' END,
           (:thumbnails)[1 + n % 12]
    FROM generate_series(1, :photos) AS n
""")


@pytest.fixture(scope="module")
def many(bare: World) -> World:
    """As many photos, all with thumbnails; one in a hundred has no date."""
    digests = []
    for number in range(12):
        image = colours(number, (192, 256) if number % 3 == 0 else (256, 192))
        digests.append(bare.picture(image))
    assert all(len(digest) == len(hashlib.sha256().hexdigest()) for digest in digests)
    with bare.owner.begin() as connection:
        connection.execute(MANY, {"library": DEFAULT_LIBRARY, "photos": PHOTOS, "thumbnails": digests})
        connection.execute(text("ANALYZE serving.photos"))
    return bare


def pages_asked(page: Page) -> int:
    return len([url for url in page.requests if "/v1/photos?" in url])


def drawn(page: Page) -> dict[str, Any]:
    """How much there is on the page."""
    return page.js("({tiles: document.querySelectorAll('.tile').length, nodes: document.querySelectorAll('*').length})")  # type: ignore[no-any-return]


def in_view(page: Page) -> bool:
    """Whether every tile in the window has its picture."""
    return page.js("""[...document.querySelectorAll('.tile')].filter(one => {
        const box = one.getBoundingClientRect();
        return box.bottom > 68 && box.top < innerHeight;
    }).every(one => one.querySelector('img')?.complete)""")  # type: ignore[no-any-return]


def heap(page: Page) -> float:
    """Megabytes the page's scripts hold."""
    page.ask("HeapProfiler.collectGarbage")
    page.ask("Performance.enable")
    found = {one["name"]: one["value"] for one in page.ask("Performance.getMetrics")["metrics"]}
    return found["JSHeapUsedSize"] / 1e6


def test_all_of_them_are_laid_out_and_few_are_drawn(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        page.read("100,000 photos")
        assert drawn(page)["tiles"] < 250
        assert drawn(page)["nodes"] < 1500
        assert pages_asked(page) <= 4
        assert page.js("document.documentElement.scrollHeight") > 1_000_000
        assert len(page.texts(".scrubber .year")) > 12


def test_anywhere_is_reached_at_once_and_nothing_piles_up(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        before = pages_asked(page)
        for part in (0.5, 0.9, 0.2, 0.7, 0.01, 0.4):
            page.js(f"scrollTo(0, document.documentElement.scrollHeight * {part})")
            page.quiet()
            assert in_view(page)
            assert drawn(page)["tiles"] < 250
        assert pages_asked(page) - before <= 6 * 6


def test_what_flies_by_is_not_asked_for(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        before = pages_asked(page)
        page.js("""new Promise(done => {
            let at = 0;
            const step = () => {
                scrollTo(0, at * document.documentElement.scrollHeight / 60);
                at += 1;
                if (at <= 60) requestAnimationFrame(step); else done();
            };
            step();
        })""")
        page.quiet()
        assert in_view(page)
        assert pages_asked(page) - before < 60, "there are three pages wherever it passed"


def test_a_walk_through_hundreds_of_screens_keeps_memory_bounded(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        at_first = heap(page)
        for step in range(20):
            page.js(f"scrollTo(0, {step * 14_400})")
            page.quiet(0.15)
        assert pages_asked(page) > 40
        assert heap(page) < at_first + 25


def test_what_is_looked_at_stays_where_it_is_while_more_arrives(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        page.js("scrollTo(0, document.documentElement.scrollHeight / 2)")
        page.until("document.querySelector('.tile:not([href])')")
        place = """(() => {
            const top = [...document.querySelectorAll('.tile')].filter(one => one.getBoundingClientRect().top >= 68)
                .sort((one, other) => one.dataset.position - other.dataset.position)[0];
            return [top.dataset.position, top.getBoundingClientRect().top];
        })()"""
        _, before = page.js(place)
        month = page.js("document.querySelector('.scrubber').getAttribute('aria-valuetext')")
        page.quiet()
        assert in_view(page)
        _, after = page.js(place)
        assert page.js("document.querySelector('.scrubber').getAttribute('aria-valuetext')") == month
        assert abs(after - before) < 190, "at most a row"


def test_the_oldest_photo_is_one_key_away(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.press("End")
        page.until(f"document.activeElement.dataset.position == {PHOTOS - 1} && document.activeElement.dataset.id")
        page.press("Enter")
        page.see(".photo .facts")
        page.press("ArrowLeft")
        page.quiet()
        page.press("Escape")
        page.until(f"document.activeElement.dataset.position == {PHOTOS - 2}")


def test_the_scrubber_moves_by_months_and_years_and_says_where_it_is(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        page.js("document.querySelector('.scrubber').focus()")
        value = "document.querySelector('.scrubber').getAttribute('aria-valuetext')"
        first = page.js(value)
        page.press("ArrowDown")
        page.until(f"{value} !== {first!r}")
        second = page.js(value)
        page.press("PageDown")
        page.until(f"{value}.slice(-4) !== {second[-4:]!r}")
        page.press("End")
        page.until(f"{value} === 'Without a date'")
        box = page.js("document.querySelector('.scrubber').getBoundingClientRect().toJSON()")
        x, y = box["x"] + 40, box["y"] + box["height"] / 2
        page.ask("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1)
        page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y + 40, button="left")
        page.see(".scrubber.dragging .hand span")
        page.ask("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y + 40, button="left", clickCount=1)
        page.until(f"{value} !== 'Without a date'")
        page.quiet()
        assert in_view(page)


def test_a_photo_that_is_published_meanwhile_appears_by_itself(sign_in: SignIn, many: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        many.publish("newest.jpg", colours(5), taken_local="2031-01-01T00:00:00")
        page.until("document.querySelector('.timeline h2').innerText.includes('2031')")
