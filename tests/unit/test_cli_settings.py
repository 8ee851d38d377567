"""Faults in settings end a command with a sentence that says which, and repeat no value."""

from pathlib import Path
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from darkroom.cli import exits
from darkroom.cli.main import app
from darkroom.settings import Settings


def test_a_misspelt_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("DARKROOM_DAGSTER__NOSUCH", "1")
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == exits.USAGE
    assert "there is no setting dagster.nosuch (DARKROOM_DAGSTER__NOSUCH)" in done.stderr
    assert "Traceback" not in done.output


def test_a_misspelt_line_of_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    (tmp_path / "settings.toml").write_text("[postgres]\nurll = 'postgresql://u:hunter2@h/d'\n[api]\nport = 'x'\n")
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == exits.USAGE
    assert "there is no setting postgres.urll (DARKROOM_POSTGRES__URLL)" in done.stderr
    assert "api.port: Input should be a valid integer" in done.stderr
    assert "hunter2" not in done.output


def test_every_section_refuses_names_it_does_not_know():
    kinds = [one.annotation for one in Settings.model_fields.values()]
    sections = [get_args(one)[1] if get_origin(one) is dict else one for one in kinds]
    models = [one for one in sections if isinstance(one, type) and issubclass(one, BaseModel)]
    assert len(models) == 9
    assert {one.model_config.get("extra") for one in models} == {"forbid"}
