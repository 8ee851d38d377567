"""Searching in the gallery: words, chips, reasons, and what is said when nothing is found."""

import json
from pathlib import Path
from urllib.parse import unquote

from tests.api.gallery.browser import Page
from tests.api.gallery.conftest import SignIn, World, colours


def search(page: Page, text: str) -> None:
    page.see("#search")
    page.press("/")
    page.type(text)


def test_a_receipt_is_found_by_its_words_which_are_marked(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        search(page, "flat white")
        page.see(".result")
        page.says(".result h2", "Corner cafe")
        assert {text.lower() for text in page.texts(".result mark")} == {"flat", "white"}
        page.read("best first")
        assert page.js("document.querySelector('.score').title").startswith("Score ")
        page.click(".result a")
        page.see(".mark.line.hit")
        assert page.count(".mark.line.hit") == 1
        page.press("Escape")
        page.see(".result")
        assert "flat white" in unquote(page.js("location.hash").replace("+", " "))


def test_a_condition_becomes_a_chip_while_typing_and_can_be_removed(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        search(page, "keywords:receipt ")
        page.see(".chip")
        page.says(".chip span", "Keyword: receipt")
        page.until("document.querySelectorAll('.tile').length === 1")
        assert page.js("document.getElementById('search').value") == ""
        page.type("year = 2019")
        assert page.count(".chip") == 1, "it may still become 2019-07"
        page.press("Enter")
        page.until("document.querySelectorAll('.chip').length === 2")
        page.says(".chip span", "Keyword: receipt", "2019")
        page.click(".chip:first-child button")
        page.until("document.querySelectorAll('.chip').length === 1")
        assert page.focused() == "search"
        page.press("Backspace")
        page.until("document.querySelectorAll('.chip').length === 0")
        page.until("document.querySelectorAll('.tile').length > 10")


def test_words_and_chips_work_together(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        search(page, "total year = 2018 ")
        page.read("Nothing relevant was found")
        page.read("The filters may leave too little")
        page.js("[...document.querySelectorAll('.notice .button')].at(-1).click()")
        page.see(".result")
        assert page.count(".chip") == 0


def test_the_address_is_the_search_and_back_goes_back(sign_in: SignIn, world: World) -> None:
    with sign_in("#/?text=total&where=keywords:receipt") as page:
        page.see(".result")
        assert page.js("document.getElementById('search').value") == "total"
        page.says(".chip span", "Keyword: receipt")
        assert page.js("document.title") == "total · Darkroom"
        page.click(".chip button")
        page.until("!document.querySelector('.chip')")
        page.js("history.back()")
        page.see(".chip")


def test_a_filter_that_cannot_be_understood_is_marked_and_explained(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        search(page, "year = 2024 rating = many ")
        page.see(".chip.wrong")
        page.says(".chip.wrong span", "Stars: many")
        page.read("This filter cannot be understood")
        assert page.js("document.getElementById('search').getAttribute('aria-invalid')") == "true"
        page.click(".chip.wrong button")
        page.see(".tile")
        page.until("!document.querySelector('.problem')")
        page.faults.clear()  # the browser notes the 400


def test_nothing_relevant_is_an_answer(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        search(page, "zebra crossing")
        page.read("Nothing relevant was found")
        page.read("all photos")
        page.press("Escape")
        page.see(".tile")


def test_filters_are_made_without_knowing_how_they_are_written(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.click("[aria-label='Add filters']")
        page.see("#filters input[name=keyword]")
        page.js("document.querySelector('#filters input[name=keyword]').focus()")
        page.type("garden")
        page.js("document.querySelector('#filters select').value = '3'")
        page.press("Enter")
        page.until("document.querySelectorAll('.chip').length === 2")
        page.says(".chip span", "Keyword: garden", "Stars ≥ 3")
        page.until("document.querySelectorAll('.tile').length > 0")


def test_a_picture_of_ones_own_is_a_question(sign_in: SignIn, world: World, tmp_path: Path) -> None:
    colours(1, (200, 150)).save(tmp_path / "mine.png")
    with sign_in() as page:
        page.see(".tile img")
        page.choose("input[type=file]", tmp_path / "mine.png")
        page.until("document.querySelector('.chip span')?.innerText === 'Looks like your picture'", seconds=60)
        page.read("Photos that look alike")
        (tmp_path / "no.png").write_bytes(b"no picture")
        page.choose("input[type=file]", tmp_path / "no.png")
        page.see(".toast.fault", seconds=60)
        page.click(".chip button")
        page.see(".tile img")
        page.faults.clear()  # the browser notes the 422


def test_a_search_that_is_overtaken_shows_the_last_one_only(sign_in: SignIn, world: World) -> None:
    with sign_in() as page:
        page.see("#search")
        page.js("""(() => {
            const box = document.getElementById('search');
            for (const text of ['t', 'to', 'tot', 'tota', 'total']) {
                box.value = text;
                box.dispatchEvent(new InputEvent('input', {bubbles: true}));
            }
        })()""")
        page.see(".result")
        page.quiet()
        page.says(".found h1", "Photos for “total”")
        searches = [url for url in page.requests if url.endswith("/v1/search")]
        assert len(searches) == 1, "a pause asks, not each key"


def test_what_is_typed_is_told_apart_as_the_grammar_has_it(sign_in: SignIn, world: World) -> None:
    cases = {
        "lemon cake": ["lemon cake", []],
        "lemon year = 2019": ["lemon ", ["year = 2019"]],
        "year=2019 AND keywords:receipt cake": ["cake", ["year=2019", "keywords:receipt"]],
        'keywords:"two words" rest': ["rest", ['keywords:"two words"']],
        "NOT location:* -rating:*": ["", ["NOT location:*", "-rating:*"]],
        "(year = 2019 OR year = 2020) total": ["total", ["(year = 2019 OR year = 2020)"]],
        "ratio 4:3 at http://a.b": ["ratio 4:3 at http://a.b", []],
        "(just) brackets (": ["(just) brackets (", []],
        "outputs.texts = failed": ["", ["outputs.texts = failed"]],
        "outputs.embeddings.visual = done x": ["x", ["outputs.embeddings.visual = done"]],
        "outyear = 2019": ["outyear = 2019", []],
        "taken_at >= 2019-07-04T10:00 x": ["x", ["taken_at >= 2019-07-04T10:00"]],
        "camera.make:Canon": ["", ["camera.make:Canon"]],
    }
    with sign_in() as page:
        for typed, (words, conditions) in cases.items():
            told = page.js(
                f"import('/gallery/filters.js').then(({{split}}) => split({json.dumps(typed)}))"
                ".then(({words, conditions}) => [words, conditions])"
            )
            assert told == [words, conditions], typed


def test_every_condition_the_gallery_writes_is_understood(sign_in: SignIn, world: World) -> None:
    """What the page makes of odd values goes through the API's own parser."""
    with sign_in() as page:
        for value in ("X-T5", 'He said "hi"', "back\\slash", "two words", "ä(ö)", "a=b", "*", "2019"):
            written = f"condition('keywords', ':', {json.dumps(value)})"
            made = page.js(f"import('/gallery/filters.js').then(({{condition}}) => {written})")
            asked = f"'/v1/photos?filter=' + encodeURIComponent({json.dumps(made)})"
            assert page.js(f"fetch({asked}).then(one => one.status)") == 200, made
