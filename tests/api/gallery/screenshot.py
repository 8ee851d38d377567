"""`make screenshot`: the README's picture of the gallery, taken of the sample library in the demonstration's home.

Belongs here: which view is shown, how large, and what must be seen in it. Does not belong here: the sample library
(`darkroom.samples`). The picture of the same library is taken by a test, too, without a platform.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from darkroom.cli.demo import running as platform
from darkroom.home import Home
from tests.api.gallery.accessible import faults
from tests.api.gallery.browser import Browser, installed, running

ROOT = Path(__file__).parents[3]
TARGET = ROOT / "docs" / "gallery.jpg"
DEMO = ROOT / ".darkroom-demo"
SIZE = (1280, 760)
SCROLLED = 744
LARGEST = 300_000
MONTHS = ("July 2019", "October 2018", "Jan 2018", "August 2017")
TILES = 11

SEEN = """(() => {
    const seen = (one) => {
        const box = one.getBoundingClientRect();
        return box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    };
    const months = [...document.querySelectorAll('.timeline h2')].filter(seen).map(one => one.innerText);
    const pictures = [...document.querySelectorAll('.tile img')].filter(seen);
    return [months, pictures.filter(one => one.complete && one.naturalWidth > 0).length];
})()"""


@dataclass(frozen=True)
class Shown:
    """What a picture shows: the headings, how many pictures are drawn, and what is wrong with the page."""

    headings: list[str]
    tiles: int
    faults: list[str]

    @property
    def lacks(self) -> list[str]:
        """What the README's picture should show and this one does not, in words."""
        found = [f"no {month}" for month in MONTHS if not any(month in heading for heading in self.headings)]
        if self.tiles < TILES:
            found.append(f"{self.tiles} pictures; {TILES} are expected")
        return found + self.faults


def take(browser: Browser, address: str, target: Path) -> Shown:
    """Signs in with a one-time address and takes the picture of the library it leads to."""
    with browser.page(SIZE, scheme="dark") as page:
        page.go(address)
        page.see(".tile img")
        # From 2019 on, where the sample library is densest.
        page.js(f"scrollTo(0, {SCROLLED})")
        page.quiet(1.0)
        page.picture(target, quality=82)
        headings, tiles = page.js(SEEN)
        wrong = [*page.faults, *faults(page)]
    if (size := target.stat().st_size) > LARGEST:
        wrong.append(f"{target} has {size:,} bytes; {LARGEST:,} are allowed")
    return Shown(headings, tiles, wrong)


def main() -> None:
    """Imports the samples when they are not there yet, and takes the picture."""
    program = installed()
    if program is None:
        sys.exit("This needs Chromium: run `make browser`.")
    command = [sys.executable, "-m", "darkroom.cli.main"]
    home = Home(DEMO / "home")
    subprocess.run([*command, "demo", "--once", "--folder", str(DEMO)], check=True, cwd=ROOT)
    with platform(home, stop=True), tempfile.TemporaryDirectory() as folder:
        opened = subprocess.run(
            [*command, "--home", str(home.root), "open"], check=True, capture_output=True, text=True
        )
        taken = Path(folder) / TARGET.name
        with running(program, Path(folder) / "profile") as browser:
            shown = take(browser, opened.stdout.strip(), taken)
        if shown.lacks:
            sys.exit(f"{TARGET} is left as it is: {'; '.join(shown.lacks)}.")
        TARGET.write_bytes(taken.read_bytes())


if __name__ == "__main__":
    main()
