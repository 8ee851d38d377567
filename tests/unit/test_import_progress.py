"""How far an import is: sums that are honest where nothing is known."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.progress import BatchState, Progress, progress

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def at(*batches: BatchState, state: str = "running", new: int | None = None, seconds: float = 10) -> Progress:
    return progress(
        batches,
        state=state,
        files_new=new,
        outputs_off=frozenset(),
        started_at=NOW - timedelta(seconds=seconds),
        now=NOW,
    )


def batch(state: str = "running", files: int = 10, **steps: tuple[int, int]) -> BatchState:
    return BatchState(state, files, 0, 0, 0, steps)


def test_while_files_are_listed_there_is_neither_a_percentage_nor_an_estimate() -> None:
    for state in ("new", "planning"):
        found = at(batch("published"), state=state, new=10)
        assert (found.percent, found.rate_per_second, found.eta_seconds) == (0.0, None, None)


def test_an_import_without_new_files_that_succeeded_is_complete() -> None:
    assert at(state="succeeded", new=0).percent == 100.0


def test_a_batch_is_not_complete_before_it_is_published() -> None:
    found = at(batch(intake=(10, 10), texts=(10, 10), faces=(10, 10)))
    assert found.percent == 95.0
    assert at(batch("published")).percent == 100.0


def test_an_output_that_is_off_is_not_waited_for() -> None:
    found = progress(
        [batch(intake=(10, 10))],
        state="running",
        files_new=10,
        outputs_off=frozenset({"texts", "faces"}),
        started_at=NOW - timedelta(seconds=1),
        now=NOW,
    )
    assert found.percent == 95.0


def test_the_estimate_follows_from_what_was_done() -> None:
    found = at(batch("published"), batch("frozen", 30), new=40, seconds=10)
    assert found.rate_per_second == pytest.approx(1.0)
    assert found.eta_seconds == pytest.approx(30.0)


def test_without_anything_done_there_is_no_estimate() -> None:
    assert at(batch("frozen"), new=10).eta_seconds is None


@given(
    st.lists(
        st.builds(
            lambda state, files, done, extra: batch(state, files, intake=(done, done + extra)),
            st.sampled_from(["frozen", "running", "published", "failed", "cancelled"]),
            st.integers(1, 1000),
            st.integers(0, 1000),
            st.integers(0, 10),
        )
    ),
    st.sampled_from(["new", "planning", "running", "succeeded", "failed", "cancelling", "cancelled"]),
    st.one_of(st.none(), st.integers(0, 10_000)),
)
def test_a_percentage_is_one_and_an_estimate_is_never_negative(
    batches: list[BatchState], state: str, new: int | None
) -> None:
    found = at(*batches, state=state, new=new)
    assert 0 <= found.percent <= 100
    assert found.eta_seconds is None or found.eta_seconds >= 0
