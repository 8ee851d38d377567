"""`make screenshot`: the README's picture of the gallery, taken of the sample library in the demonstration's home.

Belongs here: which view is shown, and how large. Does not belong here: the sample library (`darkroom.samples`).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from darkroom.cli.demo import running as platform
from darkroom.home import Home
from tests.api.gallery.browser import installed, running

ROOT = Path(__file__).parents[3]
TARGET = ROOT / "docs" / "gallery.jpg"
DEMO = ROOT / ".darkroom-demo"
SIZE = (1280, 760)
SCROLLED = 744
LARGEST = 300_000


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
        with running(program, Path(folder) / "profile") as browser, browser.page(SIZE, scheme="dark") as page:
            page.go(opened.stdout.strip())
            page.see(".tile img")
            # From 2019 on, where the sample library is densest.
            page.js(f"scrollTo(0, {SCROLLED})")
            page.quiet(1.0)
            page.picture(TARGET, quality=82)
    if TARGET.stat().st_size > LARGEST:
        sys.exit(f"{TARGET} has {TARGET.stat().st_size:,} bytes; {LARGEST:,} are allowed.")


if __name__ == "__main__":
    main()
