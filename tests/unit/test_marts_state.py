"""When marts are built: after a pause, never too late, again after a failure, and from scratch when they must be."""

from itertools import pairwise
from pathlib import Path

from darkroom.home import Home
from orchestration.debounce import Watch, decide
from orchestration.marts_state import (
    Built,
    needs_full_refresh,
    read_built,
    record_built,
    record_failed,
)


def _times(epochs: dict[float, int], built: Built, until: float, under_way: float = 0.0) -> list[float]:
    """When builds are asked for, ticking every 5 s while `epochs` (by the time they are published) come in.

    Batches are under way before the time `under_way`.
    """
    watch, epoch, asked = Watch(), 0, []
    now = 0.0
    while now <= until:
        epoch = max((value for at, value in epochs.items() if at <= now), default=epoch)
        marks = str(built.epoch), str(epoch)
        due, watch = decide(Watch.load(watch.dump()), *marks, 1000.0 + now, 20.0, under_way=now < under_way)
        if due:
            asked.append(now)
        now += 5.0
    return asked


def test_nothing_published_is_nothing_to_build() -> None:
    assert _times({}, Built(), 600) == []


def test_a_single_epoch_is_built_once_it_has_been_quiet() -> None:
    assert _times({10.0: 1}, Built(), 60) == [30.0]


def test_a_burst_of_epochs_is_one_build_after_the_burst() -> None:
    assert _times({float(at): at for at in range(5, 60, 5)}, Built(), 80) == [75.0]


def test_publishing_without_a_pause_does_not_put_a_build_off_for_ever() -> None:
    asked = _times({float(at): at for at in range(5, 2000, 5)}, Built(), 2000)
    assert asked == [905.0, 1810.0]


def test_what_batches_of_one_import_publish_is_built_once_after_its_end() -> None:
    assert _times({100.0: 1, 200.0: 2, 300.0: 3}, Built(), 380, under_way=310.0) == [325.0]


def test_an_import_that_takes_hours_does_not_put_a_build_off_for_ever() -> None:
    asked = _times({float(at): at for at in range(5, 3600, 60)}, Built(), 2000, under_way=3600.0)
    assert asked == [905.0, 1810.0]


def test_an_epoch_already_built_is_left_alone() -> None:
    assert _times({0.0: 7}, Built(epoch=7), 600) == []


def test_a_build_that_fails_or_vanishes_is_asked_for_less_and_less_often() -> None:
    assert _times({0.0: 1}, Built(), 1000) == [20.0, 80.0, 200.0, 440.0, 920.0]
    asked = _times({0.0: 1}, Built(), 100_000)
    assert {later - earlier for earlier, later in pairwise(asked[10:])} == {3600.0}


def test_asking_in_vain_for_years_goes_on() -> None:
    hopeless = Watch(mark="1", changed_at=0.0, requested_mark="1", requested_at=0.0, requests=100_000)
    assert decide(hopeless, "0", "1", 3599.0, 20.0)[0] is False
    assert decide(hopeless, "0", "1", 3600.0, 20.0)[0] is True


def test_a_new_epoch_after_a_failure_does_not_wait_for_the_old_one() -> None:
    assert _times({0.0: 1, 900.0: 2}, Built(), 1000) == [20.0, 80.0, 200.0, 440.0, 920.0, 980.0]


def test_a_restored_earlier_epoch_is_built_again_from_scratch() -> None:
    built = Built(epoch=9, project="p")
    assert _times({0.0: 4}, built, 30) == [20.0]
    assert needs_full_refresh(built, 4, "p")


def test_changed_models_are_built_from_scratch_and_unchanged_ones_are_not() -> None:
    assert needs_full_refresh(Built(epoch=3, project="old"), 4, "new")
    assert needs_full_refresh(Built(), 1, "p")
    assert not needs_full_refresh(Built(epoch=3, project="p"), 3, "p")


def test_a_cursor_nobody_understands_is_forgotten() -> None:
    for cursor in (None, "", "7", "[1]", '{"version": 2}', "{broken"):
        assert Watch.load(cursor) == Watch()


def test_a_failure_keeps_what_the_last_good_build_showed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert read_built(home) == Built()
    record_built(home, 5, "p")
    record_failed(home)
    failed = read_built(home)
    assert (failed.epoch, failed.ok, failed.project) == (5, False, "p")
    record_built(home, 7, "p")
    assert (read_built(home).ok, read_built(home).epoch) == (True, 7)


def test_an_unreadable_record_means_nothing_is_known(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.run.mkdir(parents=True)
    for text in ("", "{", "[]", '{"epoch": 1, "colour": "red"}'):
        (home.run / "marts.json").write_text(text)
        assert read_built(home) == Built()
