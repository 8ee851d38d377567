"""Rules of the gallery's files, which no compiler looks at."""

import hashlib
import re
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "api" / "gallery"
VENDOR = GALLERY / "vendor"
SCRIPTS = sorted(path for path in GALLERY.rglob("*.js") if VENDOR not in path.parents)
STYLES = sorted(GALLERY.rglob("*.css"))
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(.style"
)


def name(path: Path) -> str:
    return path.relative_to(GALLERY).as_posix()


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=name)
def test_a_file_opens_with_its_charter_and_stays_readable(path: Path):
    text = path.read_text()
    assert text.startswith(("// ", "/* ")), f"{name(path)} does not say what it is"
    assert len(text.splitlines()) <= 400
    assert max(map(len, text.splitlines())) <= 400


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_no_script_makes_markup_of_text_or_asks_anyone_else(path: Path):
    """A title of a photo is somebody else's text."""
    text = path.read_text()
    assert not UNSAFE.findall(text)
    assert not re.findall(r"https?://", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_what_is_imported_is_there(path: Path):
    for wanted in re.findall(r'^(?:import|export) .*? from "(.*?)";$', path.read_text(), re.MULTILINE | re.DOTALL):
        assert wanted.startswith("."), f"{name(path)} imports {wanted}: there is no bundler to find it"
        assert (path.parent / wanted).is_file(), f"{name(path)} imports {wanted}"


def test_the_page_has_no_inline_script_or_style():
    page = (GALLERY / "index.html").read_text()
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)
    for address in re.findall(r'(?:src|href)="/gallery/(.*?)"', page):
        assert (GALLERY / address).is_file()


def test_what_is_vendored_is_what_it_says_and_has_its_licence():
    told = dict(re.findall(r"^- `([\w.-]+\.js)` `([0-9a-f]{64})`$", (VENDOR / "README.md").read_text(), re.MULTILINE))
    assert set(told) == {path.name for path in VENDOR.glob("*.js")}
    for file, digest in told.items():
        assert hashlib.sha256((VENDOR / file).read_bytes()).hexdigest() == digest
    assert {path.name for path in VENDOR.glob("*.LICENSE")} == {"preact.LICENSE", "htm.LICENSE"}
