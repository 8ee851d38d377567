"""Reference pages say what the code says."""

import pytest

from docs.generate import COMMAND, FOLDER, PAGES, page


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pages are made from code alone, whatever settings this machine has."""
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path_factory.getbasetemp() / "no-home"))


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_makes(name: str):
    kept = FOLDER / name
    stale = not kept.is_file() or kept.read_text() != page(name)
    assert not stale, f"docs/reference/{name} is stale: run `.venv/bin/{COMMAND}` and look at what has changed"


def test_every_page_in_the_folder_is_made():
    assert {file.name for file in FOLDER.iterdir()} == set(PAGES)
