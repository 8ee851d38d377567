"""The supervisor's loop, without processes."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from darkroom.home import Home
from darkroom.settings import Settings
from darkroom.supervision import supervisor
from darkroom.supervision.parts import find_programs
from darkroom.supervision.supervisor import Supervisor


def test_a_full_disk_ends_nothing_and_what_changed_is_recorded_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = Supervisor(Home(tmp_path), Settings(home=tmp_path), find_programs(), lambda kind, told: None)
    changes = iter([True, False])
    watching._children["api"] = SimpleNamespace(tick=lambda: next(changes), to_json=dict)  # type: ignore[assignment]

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(supervisor, "write_private", full)
        watching._tick()
    record = tmp_path / "run" / "platform.json"
    assert not record.exists()
    watching._tick()
    assert record.exists()


def test_a_file_that_cannot_be_replaced_stays_and_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    supervisor.write_private(home.endpoints_file, "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        supervisor.write_private(home.endpoints_file, "new")
    assert [path.read_text() for path in home.run.iterdir()] == ["old"]
