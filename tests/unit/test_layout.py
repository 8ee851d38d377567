"""Geometry of lines: turning back, reading order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.inference.layout import box_of, reading_order, turned_back


def quad(x: float, y: float, w: float, h: float = 20, degrees: float = 0) -> np.ndarray:
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (corners @ turn.T).astype(np.float32)


@given(st.integers(8, 40), st.integers(8, 40), st.data(), st.sampled_from([0, 90, 180, 270]))
def test_a_box_found_in_a_turned_picture_is_turned_back_to_where_it_was(width, height, data, rotation):
    x0, x1 = sorted(data.draw(st.lists(st.integers(0, width), min_size=2, max_size=2, unique=True)))
    y0, y1 = sorted(data.draw(st.lists(st.integers(0, height), min_size=2, max_size=2, unique=True)))
    picture = np.zeros((height, width), bool)
    picture[y0:y1, x0:x1] = True
    turned = np.rot90(picture, -rotation // 90)
    rows, columns = np.nonzero(turned)
    tall, wide = turned.shape
    box = (
        columns.min() / wide,
        rows.min() / tall,
        (columns.max() + 1 - columns.min()) / wide,
        (rows.max() + 1 - rows.min()) / tall,
    )
    expected = (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)
    assert turned_back(box, rotation) == pytest.approx(expected)


def test_a_box_stays_inside_the_picture():
    x, y, w, h = box_of(quad(-5, 90, 300), 200, 100)
    assert (x, y) == (0, pytest.approx(0.9))
    assert (x + w, y + h) == (1, pytest.approx(1))


def test_no_lines_have_no_order():
    assert reading_order([]) == []


def test_rows_are_read_from_the_top_and_across():
    lines = [quad(300, 52, 80), quad(0, 50, 200), quad(0, 0, 200), quad(300, -2, 80)]
    assert reading_order(lines) == [2, 3, 1, 0]


def test_a_receipts_prices_stay_with_their_articles():
    articles = [quad(0, 30 * n, 120 + 10 * (n % 4)) for n in range(8)]
    prices = [quad(400, 30 * n + 3, 50) for n in range(8)]
    order = reading_order([*articles, *prices])
    assert order == [index for n in range(8) for index in (n, 8 + n)]


def test_columns_of_running_text_are_read_one_after_the_other():
    left = [quad(0, 30 * n, 300) for n in range(6)]
    right = [quad(340, 30 * n + 7, 300) for n in range(6)]
    assert reading_order([*right, *left]) == [*range(6, 12), *range(6)]


@pytest.mark.parametrize("degrees", [-15, -5, 5, 15])
def test_a_page_askew_is_read_like_a_straight_one(degrees):
    lines = [quad(x, 30 * n, 220, degrees=degrees) for n in range(6) for x in (0, 500)]
    shuffled = np.random.default_rng(3).permutation(len(lines))
    order = reading_order([lines[index] for index in shuffled])
    straight = reading_order([quad(x, 30 * n, 220) for n in range(6) for x in (0, 500)])
    assert [int(shuffled[index]) for index in order] == straight


@given(st.lists(st.tuples(*[st.floats(0, 500)] * 2, *[st.floats(1, 400)] * 2), max_size=25))
def test_every_line_is_read_exactly_once(boxes):
    order = reading_order([quad(*box) for box in boxes])
    assert sorted(order) == list(range(len(boxes)))
