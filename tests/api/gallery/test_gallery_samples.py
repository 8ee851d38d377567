"""The sample library in the gallery: how somebody new finds their way in it, and the README's picture of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from darkroom.cli.main import app
from darkroom.home import Home, write_private
from tests.api.gallery.accessible import faults
from tests.api.gallery.browser import Browser, Page
from tests.api.gallery.conftest import World
from tests.api.gallery.sampled import publish_samples
from tests.api.gallery.screenshot import take


@pytest.fixture(scope="module")
def samples(bare: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The sample library, published."""
    return publish_samples(bare, tmp_path_factory.mktemp("samples"))


@pytest.fixture
def opened(
    tmp_path: Path, address: str, make_key: Callable[..., str], samples: World, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The address that `darkroom open` prints, of a home whose API is the served one."""
    home = Home(tmp_path / "home")
    write_private(home.endpoints_file, json.dumps({"api": {"url": address}}))
    write_private(home.run / "cli.key", make_key("admin"))
    monkeypatch.setenv("DARKROOM_HOME", str(home.root))
    done = CliRunner().invoke(app, ["open"])
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def test_somebody_new_finds_a_receipt_a_person_and_a_duplicate(
    browser: Browser, opened: str, samples: World, client: httpx.Client, tmp_path: Path
) -> None:
    """Pictures of the stations are in pytest's folder, or in the one that DARKROOM_STATIONS names."""
    folder = Path(os.environ.get("DARKROOM_STATIONS", tmp_path / "stations"))

    def arrived(page: Page, station: str) -> None:
        page.quiet()
        page.picture(folder / f"{station}.png")
        assert faults(page) == [], station

    with browser.page() as page:
        page.go(opened)
        page.see(".tile img")
        arrived(page, "1 opened")

        page.click("#search")
        page.type("croissant")
        page.press("Enter")
        page.see(".result")
        page.says(".result h2", "CORNER CAFE")
        arrived(page, "2 receipt found")
        page.click(".result a")
        page.see(".mark.line.hit")
        page.read("Almond croissant 4.20")
        arrived(page, "3 receipt opened")
        page.click("[aria-label=Back]")

        page.click("a[href='#/people']")
        page.see(".person img")
        arrived(page, "4 people")
        page.click(".person input")
        page.type("Rosa")
        page.press("Enter")
        page.read("Named Rosa")
        arrived(page, "5 named")
        page.click("#search")
        page.js("document.activeElement.select()")
        page.type("Rosa")
        page.press("Enter")
        page.until("document.querySelectorAll('.result').length === 3")
        arrived(page, "6 person found")
        page.click(".result a")
        page.says(".mark.face span", "Rosa")
        arrived(page, "7 face opened")
        page.press("Escape")

        page.click("a[href='#/duplicates']")
        page.see(".group .keeper img")
        arrived(page, "8 duplicates")
        left = page.count(".group")
        page.click(".group .button.strong")
        page.read("One is kept")
        page.until(f"document.querySelectorAll('.group').length === {left - 1}")
        arrived(page, "9 one kept")
        assert page.faults == []
    [kept] = client.get("/v1/duplicates", params={"decided": True}).raise_for_status().json()["items"]
    assert kept["decision"] == "kept"


def test_the_readmes_picture_shows_the_months_and_pictures_it_is_meant_to(
    browser: Browser, opened: str, tmp_path: Path
) -> None:
    """`make screenshot` takes it by the same code, of the same library in a whole platform."""
    shown = take(browser, opened, tmp_path / "gallery.jpg")
    assert shown.lacks == []
    assert (tmp_path / "gallery.jpg").read_bytes().startswith(b"\xff\xd8")
