"""Photos that belong together, in the gallery: what a photo's details say, and where that leads."""

import uuid

import pytest

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.testing.serving import add_source, add_stack
from tests.api.conftest import empty
from tests.api.gallery.accessible import faults
from tests.api.gallery.conftest import SignIn, World, colours

ACTIVE = "document.activeElement"


@pytest.fixture
def stacks(bare: World) -> World:
    """A burst of fifteen; a raw file that cannot be shown and two pictures, one of them of the burst; one by itself."""
    with bare.owner.begin() as connection:
        empty(connection)
        bare.source = add_source(connection, DEFAULT_LIBRARY, "/srv/pictures", name="Pictures")
    frames = [
        uuid.UUID(bare.publish(f"{number:02d}.jpg", colours(number), taken_local=f"2024-05-01T12:00:{number:02d}"))
        for number in range(15)
    ]
    edited = uuid.UUID(bare.publish("00-edited.jpg", colours(50)))
    raw = uuid.UUID(bare.publish("00.cr2", None, width=None, height=None, media_type="image/x-canon-cr2"))
    bare.publish("alone.jpg", colours(60))
    with bare.owner.begin() as connection:
        add_stack(connection, frames)
        add_stack(connection, [frames[0], edited, raw], "raw_jpeg")
    return bare


def route(world: World, name: str) -> str:
    return f"#/photo/{world.photos[name]}"


def test_a_burst_is_shown_and_leads_to_its_other_shots(sign_in: SignIn, stacks: World) -> None:
    with sign_in(route(stacks, "03.jpg")) as page:
        page.see(".together img")
        page.read("A burst: 15 shots in quick succession. This is number 4.")
        assert page.count(".together li") == 12
        assert page.count(f".together a[href='{route(stacks, '03.jpg')}']") == 0
        page.click(".together .button")
        page.until("document.querySelectorAll('.together li').length === 14")
        page.click(".together li:nth-child(5) a")
        page.read("This is number 6.")
        assert page.js("location.hash") == route(stacks, "05.jpg")
        page.press("Escape")
        page.until("location.hash === '#/'")


def test_a_raw_file_and_what_was_developed_from_it_say_which_they_are(sign_in: SignIn, stacks: World) -> None:
    with sign_in(route(stacks, "00.cr2")) as page:
        page.read("This is a raw file, shown with what was developed from it.")
        page.says(".together small", "Developed", "Developed")
        page.click(".together li:nth-child(2) a")
        page.read("This was developed from a raw file.")
        page.says(".together small", "Developed", "Raw file")
        page.says(".together .broken", "00.cr2")
        page.click(".together li:nth-child(1) a")
        page.read("A burst: 15 shots")
        page.read("This was developed from a raw file.")
        assert page.count(".together ul") == 2


@pytest.mark.parametrize("size", [(1280, 800), (360, 740)], ids=["wide", "small"])
def test_what_belongs_together_is_named_readable_and_fits(
    sign_in: SignIn, stacks: World, size: tuple[int, int]
) -> None:
    for scheme in ("light", "dark"):
        with sign_in(route(stacks, "00.jpg"), size=size, scheme=scheme) as page:
            if size[0] < 640:
                page.click("[title=Details]")
            page.see(".together img")
            page.quiet()
            assert faults(page) == []
            named = page.js("[...document.querySelectorAll('.together a')].map(one => one.ariaLabel)")
            assert {"Developed: 00-edited.jpg", "Raw file: 00.cr2"} <= set(named)
            assert "01.jpg, Wed, May 1, 2024, 12:00" in named


def test_keys_lead_there_and_stay_in_the_photo_that_is_open(sign_in: SignIn, stacks: World) -> None:
    with sign_in(route(stacks, "00-edited.jpg")) as page:
        page.see(".together img")
        for _ in range(30):
            page.press("Tab")
            if page.js(f"Boolean({ACTIVE}.closest('.together'))"):
                break
        assert page.focused("aria-label") == "Developed: 00.jpg, Wed, May 1, 2024, 12:00"
        page.press("Enter")
        page.read("A burst: 15 shots")
        page.until(f"{ACTIVE}.matches('.photo')")
        page.press("Tab")
        assert page.js(f"Boolean({ACTIVE}.closest('.photo'))")


def test_a_photo_by_itself_has_no_such_section(sign_in: SignIn, stacks: World) -> None:
    with sign_in(route(stacks, "alone.jpg")) as page:
        page.see(".facts dl")
        page.quiet()
        assert page.count(".together") == 0
