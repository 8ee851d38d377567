"""Photos on the timeline and one by one: what is shown, where, and how it is reached by keys."""

import pytest

from tests.api.gallery.conftest import RECEIPT, SignIn, World


def test_photos_stand_in_rows_under_their_months_newest_first(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        headings = page.texts(".timeline h2")
        assert headings[0].startswith("May 2024")
        assert page.js("[...document.querySelectorAll('.tile img')].every(one => one.complete && one.naturalWidth > 0)")
        tiles = page.js("""[...document.querySelectorAll('.tile img')].map(one => {
            const box = one.getBoundingClientRect();
            const cut = box.width / box.height - one.naturalWidth / one.naturalHeight;
            return {right: box.right, height: box.height, cut};
        })""")
        assert all(0 < tile["height"] <= 190 and tile["right"] <= 1280 - 64 for tile in tiles)
        assert max(abs(tile["cut"]) for tile in tiles) < 0.03


def test_a_photo_without_a_date_comes_last_and_one_without_a_picture_has_its_name(
    sign_in: SignIn, world: World
) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.press("End")
        page.until("document.activeElement.dataset.id")
        assert page.focused("data-id") == str(world.photos["undated.jpg"])
        page.see(".tile .broken")
        assert "broken.cr2" in page.texts(".tile .broken")


def test_arrows_move_along_and_across_rows_enter_opens_escape_comes_back(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.quiet()
        page.press("ArrowRight")
        assert page.until("document.activeElement.dataset.position") == "0"
        page.press("ArrowRight", times=3)
        assert page.until("document.activeElement.dataset.position == 3")
        page.press("ArrowLeft")
        before = page.js("document.activeElement.getBoundingClientRect().left")
        page.press("ArrowDown")
        page.until("document.activeElement.dataset.position > 3")
        assert abs(page.js("document.activeElement.getBoundingClientRect().left") - before) < 260
        page.press("ArrowUp")
        page.until("document.activeElement.dataset.position == 2")
        opened = page.focused("data-id")
        page.press("Enter")
        page.see(".photo .fit img")
        assert opened in page.js("location.hash")
        page.press("ArrowRight")
        page.until(f"!location.hash.includes({opened!r})")
        second = page.js("location.hash").rpartition("/")[2]
        page.press("Escape")
        page.until("!document.querySelector('.photo')")
        page.until(f"document.activeElement.dataset.id == {second!r}")
        assert page.js("location.hash") == "#/"


def test_home_end_and_tab_reach_the_whole_page(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.press("End")
        page.until(f"document.activeElement.dataset.position == {len(world.photos) - 1}")
        box = page.js("document.activeElement.getBoundingClientRect().toJSON()")
        assert 0 <= box["top"] < box["bottom"] <= 800
        page.press("Home")
        page.until("document.activeElement.dataset.position == 0")
        # The grid is one stop: the next one is after it.
        page.press("Tab")
        page.until("!document.activeElement.dataset.position")


def test_the_keys_are_told_and_slash_searches(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see(".tile img")
        page.press("?")
        page.see("dialog[open]")
        page.read("Move among photos")
        page.press("Escape")
        page.until("!document.querySelector('dialog[open]')")
        page.press("/")
        assert page.focused() == "search"
        page.type("?/")
        assert page.js("document.activeElement.value") == "?/"
        assert page.count("dialog[open]") == 0


def test_text_is_drawn_where_it_stands_and_can_be_hidden(sign_in: SignIn, world: World) -> None:
    with sign_in(f"#/photo/{world.photos['papers/receipt.jpg']}") as page:
        page.see(".mark.line")
        page.says(".lines li", *RECEIPT)
        place = page.js("""(() => {
            const picture = document.querySelector('.fit').getBoundingClientRect();
            return [...document.querySelectorAll('.mark.line')].map(one => {
                const box = one.getBoundingClientRect();
                const across = (length) => length / picture.width;
                return [across(box.left - picture.left), (box.top - picture.top) / picture.height, across(box.width)];
            });
        })()""")
        for at, (left, top, width) in enumerate(place):
            assert (left, top, width) == pytest.approx((0.1, (at + 0.5) / 4, 0.6), abs=0.005)
        assert page.js("document.querySelector('.fit').getBoundingClientRect().bottom <= innerHeight")
        page.press("t")
        page.until("!document.querySelector('.mark.line')")
        page.press("t")
        page.see(".mark.line")
        page.js("document.querySelectorAll('.lines li')[2].dispatchEvent(new MouseEvent('mouseenter'))")
        page.until("document.querySelectorAll('.mark.line')[2].classList.contains('pointed')")


def test_faces_are_drawn_and_the_choice_is_kept(sign_in: SignIn, world: World) -> None:
    with sign_in(f"#/photo/{world.photos['people/portrait.jpg']}") as page:
        page.see(".mark.face")
        assert page.count(".mark.face") == 2
        page.click("[title=Faces]")
        page.until("!document.querySelector('.mark.face')")
        page.reload()
        page.see(".fit img")
        page.quiet()
        assert page.count(".mark.face") == 0
        page.press("f")
        page.see(".mark.face")


def test_what_is_known_says_who_says_so(sign_in: SignIn, world: World) -> None:
    with sign_in(f"#/photo/{world.photos['2024/00.jpg']}") as page:
        page.see(".facts dl")
        facts = dict(zip(page.texts(".facts dt"), page.texts(".facts dd"), strict=True))
        assert facts["Taken"].startswith("Mon, May 20, 2024, 12:00")
        assert facts["Taken"].endswith("EXIF DateTimeOriginal")
        assert facts["Camera"] == "FUJIFILM X100 EXIF"
        assert facts["Exposure"] == "1/250 s · f/2.8 · ISO 200"
        assert facts["Keywords"] == "garden IPTC"
        page.read("2024/00.jpg")
        page.click(".why summary")
        page.read("quality gate")


def test_a_photo_that_cannot_be_decoded_says_so(sign_in: SignIn, world: World) -> None:
    with sign_in(f"#/photo/{world.photos['broken.cr2']}") as page:
        page.read("There is no picture to show")
        page.read("2 of 3 made")
        page.press("Escape")
        page.see(".tile img")


def test_a_photo_that_is_not_there_is_said_to_be_so(sign_in: SignIn, world: World) -> None:
    with sign_in("#/photo/00000000-0000-4000-8000-000000000000") as page:
        page.read("There is no such photo")
        page.press("Escape")
        page.see(".tile img")
        page.faults.clear()  # the browser notes the 404


def test_an_empty_library_says_what_fills_it(sign_in: SignIn, world: World) -> None:
    with sign_in("#/?where=rating = 5&where=year = 1900") as page:
        page.read("No photo fulfils these filters")
