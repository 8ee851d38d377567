"""Miniatures: copies are close in whatever way they lie, other pictures and other moments are not."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from darkroom.decoding.fingerprints import miniature
from darkroom.decoding.renditions import thumbnail_picture
from darkroom.domain import miniatures
from darkroom.domain.miniatures import EDGE, INVERSE, TURNS, Miniatures
from darkroom.domain.sameness import CLOSE, SURE
from darkroom.inference.copies import NEIGHBOURS, RADIUS, measured_pairs

seeds = st.integers(0, 2**32 - 1)


def landscape(seed: int, size: tuple[int, int] = (1200, 900)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def form(number: str, total: str) -> Image.Image:
    page = Image.new("RGB", (1240, 1754), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=26)
    for line in range(30):
        draw.text((90, 300 + 44 * line), "please transfer the amount within thirty days to our account", "black", font)
    draw.text((720, 100), f"Invoice {number}", "black", font)
    draw.text((720, 1600), f"Total {total}", "black", font)
    return page


def seen(*pictures: Image.Image) -> Miniatures:
    return miniatures.parse([miniature(thumbnail_picture(picture)) for picture in pictures])


def saved(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def apart(one: Image.Image, other: Image.Image) -> float:
    first, second = seen(one), seen(other)
    return min(float(miniatures.deviations(first, miniatures.turned(second, turn))[0]) for turn in TURNS)


@pytest.mark.parametrize(
    "copy",
    [
        lambda picture: saved(picture, 30),
        lambda picture: picture.resize((600, 450)),
        lambda picture: picture.resize((201, 151)),
        lambda picture: picture.resize((2400, 1800)),
        lambda picture: picture.resize((700, 700)),
        lambda picture: picture.convert("L"),
        ImageOps.mirror,
        ImageOps.flip,
        lambda picture: picture.rotate(90, expand=True),
        lambda picture: picture.rotate(180),
        lambda picture: picture.rotate(270, expand=True).convert("L"),
    ],
)
def test_a_copy_is_surely_one_whatever_its_size_colours_and_position(copy) -> None:
    assert apart(landscape(1), copy(landscape(1))) < SURE


def test_a_copy_in_other_light_is_close() -> None:
    assert apart(landscape(1), ImageEnhance.Contrast(landscape(1)).enhance(0.8)) < CLOSE


@pytest.mark.parametrize(
    "other",
    [
        landscape(2),
        landscape(1).rotate(2, Image.Resampling.BICUBIC),
        ImageOps.crop(landscape(1), 30),
        Image.blend(landscape(1), landscape(2), 0.3),
    ],
    ids=["another picture", "tilted", "cropped", "double exposure"],
)
def test_what_only_resembles_a_picture_is_not_close(other: Image.Image) -> None:
    assert apart(landscape(1), other) > CLOSE


def test_another_invoice_on_the_same_form_is_not_surely_one() -> None:
    assert apart(form("1000234", "1,234.00"), saved(form("1000234", "1,234.00"), 60)) < SURE
    assert apart(form("1000234", "1,234.00"), form("1000871", "987.45")) > SURE


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (800, 600), "black"),
        Image.effect_noise((800, 600), 3),
        Image.linear_gradient("L").resize((800, 600)),
    ],
    ids=["black frame", "sensor noise", "clear sky"],
)
def test_a_picture_without_detail_is_flat_and_near_to_nothing_not_even_itself(picture: Image.Image) -> None:
    assert miniatures.flat(seen(picture))[0]
    assert apart(picture, picture) == float("inf")
    assert not list(measured_pairs(seen(picture, picture, picture), CLOSE))


def test_a_sparse_page_is_not_flat() -> None:
    page = Image.new("RGB", (1240, 1754), "white")
    ImageDraw.Draw(page).text((100, 100), "Dear Anna,\nthe cat is well.\nBob", "black", ImageFont.load_default(size=40))
    assert not miniatures.flat(seen(page))[0]


@given(seeds, st.sampled_from(TURNS))
@settings(max_examples=50, deadline=None)
def test_hashes_of_a_turned_picture_are_those_of_the_picture_turned(seed: int, turn: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (1, EDGE, EDGE), np.uint8)
    expected, found = miniatures.hashes(miniatures.turned(picture, turn))[0], miniatures.hashes(picture)[turn]
    assert np.unpackbits(expected ^ found).sum() == 0
    assert (miniatures.turned(miniatures.turned(picture, turn), INVERSE[turn]) == picture).all()


@given(seeds)
@settings(max_examples=50, deadline=None)
def test_deviation_is_symmetric_and_zero_for_itself(seed: int) -> None:
    pictures = np.random.default_rng(seed).integers(0, 256, (2, EDGE, EDGE), np.uint8)
    first, second = pictures[:1], pictures[1:]
    assert miniatures.deviations(first, second) == pytest.approx(miniatures.deviations(second, first), rel=1e-4)
    assert miniatures.deviations(first, first) == 0


def smooth(count: int, seed: int = 3) -> Miniatures:
    waves = np.random.default_rng(seed).normal(size=(count, 8, 8)).astype(np.float32)
    points = np.cos(np.pi * np.arange(8)[:, None] * (2 * np.arange(EDGE) + 1) / (2 * EDGE)).astype(np.float32)
    return np.clip(points.T @ waves @ points * 8 + 128, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_copy_among_thousands_is_found_once_for_every_way_that_fits(turn: int) -> None:
    others = smooth(3000)
    library = np.concatenate([others, miniatures.turned(others[1234:1235], turn)])
    assert [(first, second) for first, second, _ in measured_pairs(library, SURE)] == [(1234, 3000)]
    flipped = [(2999 - second + 1, 2999 - first + 1) for first, second, _ in measured_pairs(library[::-1].copy(), SURE)]
    assert flipped == [(1234, 3000)]


def test_found_pairs_are_those_of_a_search_over_all_pairs() -> None:
    pictures = smooth(60)
    pictures[30:] = np.clip(pictures[:30].astype(int) + np.random.default_rng(1).normal(0, 3, (30, EDGE, EDGE)), 0, 255)
    found = {(first, second) for first, second, _ in measured_pairs(pictures, CLOSE)}
    hashes = miniatures.hashes(pictures)
    expected = set()
    for first in range(60):
        for second in range(first + 1, 60):
            for turn in TURNS:
                lying = miniatures.turned(pictures[second : second + 1], turn)
                near = np.unpackbits(hashes[0][first] ^ hashes[turn][second]).sum() <= RADIUS
                if near and miniatures.deviations(pictures[first : first + 1], lying)[0] <= CLOSE:
                    expected.add((first, second))
    assert found == expected != set()


def test_thousands_of_equal_pictures_are_compared_with_their_nearest_only() -> None:
    pairs = [(first, second) for first, second, _ in measured_pairs(np.repeat(smooth(1), 1500, axis=0), SURE)]
    assert len(pairs) <= 1500 * NEIGHBOURS
    assert {second for _, second in pairs} == set(range(1, 1500))


def test_no_pictures_make_no_pairs() -> None:
    assert list(measured_pairs(miniatures.parse([]), CLOSE)) == []


def test_what_is_no_miniature_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reshape|hexadecimal"):
        miniatures.parse(["ab"])
    with pytest.raises(ValueError, match=r"reshape|hexadecimal"):
        miniatures.parse(["x" * 2048])
