"""What a cosine is worth: rising, cut off, and stricter for longer queries where the model asks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.calibration import Calibration
from darkroom.inference.providers.look import Look
from darkroom.inference.providers.minilm import MiniLm

ONE = Calibration(middles=(0.3, 0.4), width=0.05, cut_off=0.6)


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 9))
def test_a_greater_cosine_is_worth_no_less(one, other, words):
    low, high = sorted((one, other))
    assert 0 <= ONE.score(low, words) <= ONE.score(high, words) <= 1


@given(st.integers(0, 9))
def test_the_least_cosine_is_where_scores_begin(words):
    least = ONE.least(words)
    assert ONE.score(least - 1e-6, words) == 0
    assert ONE.score(least + 1e-6, words) == pytest.approx(0.6, abs=1e-3)


def test_longer_queries_use_the_last_middle_and_so_do_examples():
    assert ONE.score(0.35, 1) > ONE.score(0.35, 2) == 0
    assert ONE.least(2) == ONE.least(7) == ONE.least(0)


def test_the_bundled_models_count_what_was_measured():
    assert MiniLm.calibration.score(0.45, 3) == pytest.approx(0.76, abs=0.01)
    assert MiniLm.calibration.score(0.35, 3) == 0
    assert Look.calibration.score(0.77) == 0
    assert Look.calibration.score(0.95) > 0.98
