"""How the command line tells a problem of a real API: every sentence of it, once."""

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from darkroom.cli.client import Client
from darkroom.cli.main import app
from darkroom.security import folders


@pytest.fixture(autouse=True)
def _client(monkeypatch: pytest.MonkeyPatch, client: httpx.Client, state: object) -> None:
    monkeypatch.setattr(Client, "__init__", lambda self, home: setattr(self, "http", client))


def test_a_folder_that_darkroom_may_not_read_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may = folders.os.access
    monkeypatch.setattr(folders.os, "access", lambda path, mode, **more: path != tmp_path and may(path, mode, **more))
    done = CliRunner().invoke(app, ["import", str(tmp_path)])
    assert done.exit_code == 2
    assert done.output == "The folder cannot be a source: Darkroom may not read the folder.\n"


def test_what_a_field_adds_to_the_problem_is_told_with_its_name() -> None:
    done = CliRunner().invoke(app, ["photos", "list", "--filter", "nonsense = 1"])
    assert done.exit_code == 2
    sentence, fault = done.output.splitlines()
    assert "nonsense" in sentence
    assert fault.startswith("  filter: at character 1: ")
