"""`darkroom open`, against a served API."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from darkroom.cli.gallery import sign_in_address
from darkroom.cli.main import app
from darkroom.home import Home, write_private
from darkroom.testing.postgres import free_port

HEADERS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def started(tmp_path: Path, address: str, make_key: Callable[..., str], state: object) -> Home:
    """A home whose API listens at `address`."""
    home = Home(tmp_path)
    write_private(home.endpoints_file, json.dumps({"api": {"url": address}}))
    write_private(home.run / "cli.key", make_key("admin"))
    return home


def test_open_prints_an_address_that_signs_a_browser_in(started: Home) -> None:
    done = CliRunner().invoke(app, ["--home", str(started.root), "open"])
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    assert httpx.get(line).status_code == 303
    assert "signs one browser in, until " in done.stderr


def test_open_may_sign_everyone_out_first(started: Home, address: str) -> None:
    before = httpx.get(str(sign_in_address(started)))
    assert httpx.get(f"{address}/v1/me", cookies=before.cookies, headers=HEADERS).status_code == 200
    done = CliRunner().invoke(app, ["--home", str(started.root), "open", "--sign-out"])
    assert "Browsers signed out: 1." in done.stderr
    assert httpx.get(f"{address}/v1/me", cookies=before.cookies, headers=HEADERS).status_code == 401


def test_open_says_when_nothing_runs(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--home", str(tmp_path), "open"])
    assert done.exit_code == 3
    assert "darkroom up" in done.stderr


def test_other_commands_get_no_address_from_an_api_that_has_none(started: Home) -> None:
    assert sign_in_address(Home(started.root / "nowhere")) is None
    write_private(started.run / "cli.key", "dk_nonsense")
    assert sign_in_address(started) is None
    write_private(started.endpoints_file, json.dumps({"api": {"url": f"http://127.0.0.1:{free_port()}"}}))
    assert sign_in_address(started) is None
