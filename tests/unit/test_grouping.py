"""Streams are cut into groups by size and by age."""

from darkroom.domain.grouping import groups


def test_groups_are_full_but_for_the_last():
    assert list(groups(range(7), size=3, seconds=60)) == [[0, 1, 2], [3, 4, 5], [6]]


def test_an_old_group_is_closed_by_its_next_item():
    now = iter([0.0, 1.0, 31.0, 31.0, 32.0])
    assert list(groups("abc", size=10, seconds=30, clock=lambda: next(now))) == [["a", "b"], ["c"]]


def test_nothing_makes_no_group():
    assert list(groups([], size=3, seconds=1)) == []
