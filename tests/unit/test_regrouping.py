"""The change from one grouping to the next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.regrouping import Regrouping, regrouping


def test_equal_groupings_agree_whatever_they_are_called():
    before = dict(zip("abcdef", "112233", strict=True))
    after = dict(zip("abcdef", "xxyyzz", strict=True))
    assert regrouping(before, before) == Regrouping(1.0, 0, 0, 0, 0, 0)
    assert regrouping(before, after) == Regrouping(1.0, 0, 0, 6, 3, 3)


def test_what_came_together_and_what_fell_apart_is_counted():
    change = regrouping(dict(zip("abcdef", "112233", strict=True)), dict(zip("abcdef", "111134", strict=True)))
    assert (change.merged, change.split, change.moved, change.new, change.gone) == (1, 1, 3, 1, 1)


def test_the_agreement_is_the_one_of_the_literature():
    # Hubert and Arabie's measure, worked by hand: together 2, rows 3 + 1 + 1, columns 6 + 1, pairs 21.
    before, after = dict(enumerate([0, 0, 0, 1, 1, 2, 2])), dict(enumerate([0, 0, 1, 0, 0, 1, 2]))
    together, rows, columns, pairs = 2, 5, 7, 21
    expected = rows * columns / pairs
    assert regrouping(before, after).agreement == pytest.approx(
        (together - expected) / ((rows + columns) / 2 - expected)
    )


def test_things_that_came_or_went_do_not_count_against_the_agreement():
    assert regrouping({1: "a", 2: "a"}, {2: "a", 3: "b"}) == Regrouping(1.0, 0, 0, 0, 1, 0)
    assert regrouping({}, {}) == Regrouping(1.0, 0, 0, 0, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40))
def test_the_agreement_is_at_most_one_and_the_same_both_ways(groups):
    before, after = ({thing: pair[side] for thing, pair in enumerate(groups)} for side in (0, 1))
    there, back = regrouping(before, after), regrouping(after, before)
    assert there.agreement == pytest.approx(back.agreement) and there.agreement <= 1 + 1e-12
    assert (there.merged, there.split) == (back.split, back.merged)
