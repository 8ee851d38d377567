"""`darkroom models`: the API's documents, shown to people, and errors that say what to do."""

import json
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from darkroom.cli import exits, models
from darkroom.cli.main import app


def model(**values: Any) -> dict[str, Any]:
    return {
        "task": "text_reader",
        "name": "rapidocr",
        "output": "texts",
        "configured": True,
        "fault": None,
        "output_version": "0123456789ab",
        "code_version": "1",
        "weights_digest": "a" * 64,
        "parameters": {"side_max": 960},
        "dimensions": None,
        "package": {"name": "darkroom", "version": "0.1.0", "licence": "Apache-2.0"},
        "card": "docs/models/rapidocr.md",
        "photos_done": 46,
        "photos_failed": 3,
        **values,
    }


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Runs `darkroom models …` over an API that knows these models."""

    def run(known: list[dict[str, Any]], *arguments: str) -> Result:
        page = {"items": known, "next_cursor": None}
        answers = {f"/v1/models/{one['task']}/{one['name']}": one for one in known} | {"/v1/models": page}

        class Client:
            def __init__(self, home: object) -> None:
                pass

            def get(self, path: str) -> Any:
                return answers[path]

        monkeypatch.setattr(models, "Client", Client)
        return CliRunner().invoke(app, ["models", *arguments])

    return run


def test_the_list_shows_what_is_in_use_and_how_far_it_has_come(run):
    done = run([model(), model(name="blank", configured=False, photos_done=0)], "list")
    assert done.exit_code == 0
    [first] = [line for line in done.stdout.splitlines() if "rapidocr" in line]
    assert {"✓", "text_reader", "texts", "0123456789ab", "46", "3"} <= set(first.replace("│", " ").split())
    [second] = [line for line in done.stdout.splitlines() if "blank" in line]
    assert "✓" not in second


def test_json_is_what_the_api_says(run):
    known = [model()]
    assert json.loads(run(known, "list", "--json").stdout) == {"items": known, "next_cursor": None}
    assert json.loads(run(known, "show", "rapidocr", "--json").stdout) == known[0]


def test_a_model_is_shown_with_what_its_version_is_made_of(run):
    shown = run([model()], "show", "rapidocr").stdout
    for part in ("rapidocr (in use)", "side_max=960", "a" * 64, "Apache-2.0", "docs/models/rapidocr.md", "46 done"):
        assert part in shown
    assert "dimensions" not in shown


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("show", "surya")])
def test_a_model_that_is_wanted_and_absent_is_an_error_that_says_what_to_do(run, arguments):
    absent = model(name="surya", fault="no text reader is called 'surya'; set inference.text_reader", package=None)
    done = run([model(configured=False), absent], *arguments)
    assert done.exit_code == exits.FAILED
    assert "set inference.text_reader" in done.stderr


def test_a_broken_model_that_nobody_uses_is_only_said(run):
    done = run([model(), model(name="odd", configured=False, fault="it cannot be loaded")], "list")
    assert done.exit_code == 0
    assert "odd cannot be used: it cannot be loaded" in done.stderr


def test_an_unknown_name_is_answered_with_the_names_there_are(run):
    done = run([model()], "show", "clip")
    assert done.exit_code == exits.USAGE
    assert "rapidocr (text_reader)" in done.stderr


def test_a_name_that_two_tasks_use_needs_the_task(run):
    both = [model(name="clip", task="image_embedder"), model(name="clip", task="text_embedder")]
    done = run(both, "show", "clip")
    assert done.exit_code == exits.USAGE
    assert "--task image_embedder or --task text_embedder" in done.stderr
    assert "text_embedder" in run(both, "show", "clip", "--task", "text_embedder").stdout
