"""The whole embedded platform in throw-away homes, with a text reader that comes in by entry point."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from darkroom.home import Home
from tests.e2e.driving import Darkroom, running

PLUGIN = Path(__file__).parent / "plugin"


@dataclass(frozen=True)
class Reader:
    """The text reader of a home, and the files that tell it what to do."""

    folder: Path

    @property
    def hold(self) -> Path:
        """While it is there, reading waits."""
        return self.folder / "hold"

    @property
    def boast(self) -> Path:
        """What begins with the word in it is read with a certainty that cannot be."""
        return self.folder / "boast"

    @property
    def variables(self) -> dict[str, str]:
        """Has a platform find it and use it."""
        return {"PYTHONPATH": str(self.folder), "DARKROOM_INFERENCE__TEXT_READER": "coded"}

    def pids(self) -> set[int]:
        """Processes that have ever loaded it."""
        return {int(entry.name) for entry in (self.folder / "processes").iterdir()}


@pytest.fixture(scope="session")
def make_reader(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Reader]:
    """Installs the reader into a folder of its own."""

    def make() -> Reader:
        folder = tmp_path_factory.mktemp("reader")
        shutil.copytree(PLUGIN, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "processes").mkdir()
        return Reader(folder)

    return make


@pytest.fixture(scope="session")
def reader(make_reader: Callable[[], Reader]) -> Reader:
    """The reader of the shared platform."""
    return make_reader()


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory, reader: Reader) -> Iterator[Darkroom]:
    """One running platform for the tests that leave it as they find it, whatever photos they add."""
    variables = {
        **reader.variables,
        "DARKROOM_BATCH__WATCH_SECONDS": "3",
        "DARKROOM_BATCH__QUIET_SECONDS": "3",
        "DARKROOM_BATCH__SETTLE_SECONDS": "3600",
    }
    home = Home(tmp_path_factory.mktemp("platform") / "home")
    with running(Darkroom(home, variables)) as darkroom:
        yield darkroom


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """An empty folder for pictures."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder
