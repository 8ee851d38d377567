"""Scores: between 0 and 1, ordered, and a cut-off that holds for every query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.scoring import RELEVANT, answered, coverage, fused, score, weight, whole

some_words = st.lists(st.text("abcdefgh東京", min_size=1, max_size=12), min_size=1, max_size=8, unique=True)


@pytest.mark.parametrize(
    ("asked", "matched", "relevant"),
    [
        ("sunset", "sunset", True),
        ("harbour sunset", "sunset", True),
        ("the who", "who", True),
        ("photos of berlin in summer", "berlin summer", True),
        ("red car in berlin", "in", False),
        ("the zebra crossing in reykjavik", "the in", False),
        ("one two three four", "two", False),
        ("sunset", "", False),
    ],
)
def test_the_cut_off_keeps_what_answers_enough(asked, matched, relevant):
    assert (coverage(asked.split(), matched.split()) >= RELEVANT) is relevant


def test_a_character_without_spaces_weighs_like_several_letters():
    assert weight("東京") == 6 == weight("summer")
    assert weight("of") < weight("京") < weight("tower")
    assert weight("x" * 100) == weight("x" * 8)


@given(some_words, some_words)
def test_coverage_is_a_share(asked, matched):
    covered = coverage(asked, matched)
    assert 0 <= covered <= 1
    assert coverage(asked, asked) == pytest.approx(1)
    assert (covered == 0) == (not set(asked) & set(matched))


@given(st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_score_is_between_0_and_1_and_at_most_the_coverage(covered, rank, best):
    assert 0 <= score(covered, rank, best) <= covered


@given(st.floats(0.35, 1), st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.01, 100))
def test_of_equal_coverage_the_better_ranked_scores_higher(covered, one, other, rest):
    best = max(one, other, rest)
    low, high = sorted((one, other))
    assert score(covered, low, best) <= score(covered, high, best)


def test_the_best_full_answer_scores_one():
    assert score(1.0, 7.3, 7.3) == 1.0


@given(some_words, some_words, some_words, st.floats(0, 1))
def test_a_name_and_words_together_are_worth_no_less_than_either(asked, written, named, closeness):
    both = answered(asked, written, named, closeness)
    assert 0 <= both <= 1 + 1e-9
    assert both >= answered(asked, written, [], closeness) - 1e-9
    assert both >= answered(asked, [], named, closeness) - 1e-9


def test_a_name_lifts_words_that_alone_would_not_do():
    asked = ["anna", "with", "a", "bucket", "at", "the", "beach"]
    assert answered(asked, ["bucket"], [], 1.0) == 0
    assert answered(asked, [], ["anna"], 1.0) == 0
    assert answered(asked, ["bucket", "anna"], ["anna"], 1.0) == pytest.approx(coverage(asked, ["bucket", "anna"]))
    assert answered(asked, ["bucket"], ["anna"], 1.0) == pytest.approx(coverage(asked, ["bucket", "anna"]))


some_scores = st.lists(st.floats(0, 1), max_size=5)


@given(some_scores, st.floats(0, 1))
def test_fusing_keeps_within_0_and_1_and_below_no_leg(scores, more):
    whole = fused([*scores, more])
    assert max([*scores, more]) - 1e-12 <= whole <= 1
    assert whole >= fused(scores) - 1e-12


@given(some_scores, st.floats(0, 1), st.floats(0, 1))
def test_a_better_leg_never_makes_the_whole_worse(scores, one, other):
    assert fused([*scores, min(one, other)]) <= fused([*scores, max(one, other)]) + 1e-12


def test_no_leg_found_nothing():
    assert fused([]) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=3), st.floats(0, 1))
def test_a_demand_answered_better_never_lowers_the_whole(demands, better):
    raised = [max(demands[0], better), *demands[1:]]
    assert 0 <= whole(demands) <= whole(raised) <= 1


def test_one_of_two_demands_is_half():
    assert whole([1.0, 0.0]) == 0.5
    assert whole([0.8]) == 0.8
    assert whole([]) == 0
