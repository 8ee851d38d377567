"""`darkroom import`: what it asks the API for when folders are watched, and no longer."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from darkroom.cli import client, exits, imports
from darkroom.cli.main import app


def document(state: str, **counts: int) -> dict[str, Any]:
    """An import as the API tells it."""
    progress = {"files_new": 1, "files_done": 1, **counts, "rate_per_second": None, "eta_seconds": None}
    return {"id": "i1", "state": state, "progress": progress, "error": None}


class FakeClient:
    """Remembers what it is asked; knows the sources that were registered."""

    asked: ClassVar[list[tuple[str, dict[str, Any]]]]
    sources: ClassVar[list[dict[str, Any]]]

    def __init__(self, _: Any) -> None: ...

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((path, body))
        if path == "/v1/sources":
            self.sources.append({"id": "s1", **body})
            return self.sources[-1]
        return {"id": "i1", "state": "new", "progress": {"files_failed": 0}, "error": None}

    def get_patiently(self, path: str, waiting: Callable[[], None]) -> dict[str, Any]:
        counts = {"files_listed": 14, "files_new": 14, "files_done": 14, "files_failed": 12, "photos_published": 2}
        return document("succeeded", **counts)

    def patch(self, path: str, body: dict[str, Any]) -> None:
        self.asked.append((path, body))

    def pages(self, path: str, limit: int | None) -> Iterator[dict[str, Any]]:
        if path == "/v1/sources":
            yield from self.sources
        else:
            yield {"path": "fine.jpg", "output": "texts", "reason": "it took too long"}
            yield from ({"path": f"{n}.txt", "output": "intake", "reason": "no photo"} for n in range(12))


@pytest.fixture(autouse=True)
def _client(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeClient.asked, FakeClient.sources = [], []
    monkeypatch.setattr(imports, "Client", FakeClient)


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["import", *map(str, arguments)])


def test_a_folder_that_was_registered_before_is_watched_when_it_is_asked_for(tmp_path: Path) -> None:
    done = run(tmp_path, "--watch")
    assert done.exit_code == 0
    assert [path for path, _ in FakeClient.asked] == ["/v1/sources", "/v1/sources/s1", "/v1/imports"]
    assert FakeClient.asked[1][1] == {"watched": True}
    assert f"{tmp_path} is watched from now on." in done.output


def test_an_import_that_says_nothing_of_watching_changes_nothing_of_it(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 0
    assert [path for path, _ in FakeClient.asked] == ["/v1/sources", "/v1/imports"]


def test_files_are_said_to_be_removed_on_purpose_only_when_they_are(tmp_path: Path) -> None:
    run(tmp_path)
    run(tmp_path, "--removed")
    told = [body["removed_on_purpose"] for path, body in FakeClient.asked if path == "/v1/imports"]
    assert told == [False, True]


def test_watching_a_folder_ends_even_when_it_is_gone_and_nothing_is_imported(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    run(folder, "--watch")
    folder.rmdir()
    FakeClient.asked = []
    done = run(folder, "--no-watch")
    assert done.exit_code == 0
    assert FakeClient.asked == [("/v1/sources/s1", {"watched": False})]


def test_a_folder_that_was_never_imported_cannot_be_left_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "--no-watch")
    assert done.exit_code == 2
    assert "never imported" in done.output
    assert FakeClient.asked == []


def test_the_first_files_that_failed_are_named_with_their_reasons(tmp_path: Path) -> None:
    done = run(tmp_path, "--wait")
    assert done.exit_code == 4
    assert "0.txt: no photo" in done.output and "9.txt: no photo" in done.output
    assert "and 2 more" in done.output
    assert "fine.jpg" not in done.output, "it was taken in"


def test_a_source_inside_another_is_told(tmp_path: Path) -> None:
    inner, beside = tmp_path / "photos" / "2024", tmp_path / "photos-old"
    inner.mkdir(parents=True)
    beside.mkdir()
    FakeClient.sources = [{"id": "s0", "path": str(tmp_path / "photos"), "mode": "reference"}]
    assert f"{inner} lies in {tmp_path}/photos" in run(inner).stderr
    assert "lies in" not in run(beside).stderr
    assert f"{tmp_path}/photos lies in {tmp_path}, and" in run(tmp_path).stderr


def test_an_empty_path_is_no_folder() -> None:
    done = run("")
    assert done.exit_code == 2
    assert "an empty path names no folder" in " ".join(done.output.split())
    assert not FakeClient.asked


def test_documents_of_several_imports_are_items(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    told = json.loads(run(tmp_path / "a", tmp_path / "b", "--json").stdout)
    assert [one["id"] for one in told["items"]] == ["i1", "i1"]
    assert json.loads(run(tmp_path / "a", "--json").stdout)["id"] == "i1"


class Bar:
    """A progress bar's descriptions."""

    told: ClassVar[list[str]]

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None: ...

    def add_task(self, *_: Any, **__: Any) -> int:
        return 1

    def update(self, _: int, description: str, **__: Any) -> None:
        self.told.append(description)


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[float], httpx.Response]], Any]:
    """Follows an import over an API that gives these answers, by the seconds that have passed."""
    clock = SimpleNamespace(now=0.0)

    def sleep(seconds: float) -> None:
        clock.now += seconds

    def follow(answer: Callable[[float], httpx.Response], console: Console | None = None) -> Any:
        home = SimpleNamespace(endpoints=lambda: {"api": {"url": "http://api"}}, cli_key=lambda: "dk_key")
        asking = client.Client(home)
        asking.http = httpx.Client(
            base_url="http://api", transport=httpx.MockTransport(lambda request: answer(clock.now))
        )
        return imports.follow(asking, "i1", console)

    Bar.told = []
    monkeypatch.setattr(imports, "Progress", Bar)
    for module in (client, imports):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))
    return follow


def test_an_api_that_restarts_twice_in_the_middle_is_waited_for_each_time(follow) -> None:
    def answer(now: float) -> httpx.Response:
        if 1 < now < 3 or 10 < now < 69:
            raise httpx.ConnectError("refused")
        if 3 <= now < 5:
            return httpx.Response(503, json={"detail": "The state database does not answer."})
        return httpx.Response(200, json=document("running" if now < 69 else "succeeded"))

    assert follow(answer)["state"] == "succeeded"
    states = [told for told, before in zip(Bar.told, ["", *Bar.told], strict=False) if told != before]
    assert states == ["running", "waiting for the API", "running", "waiting for the API", "succeeded"]


def test_an_api_that_stays_away_is_given_up_after_a_minute_and_other_problems_at_once(follow, capsys) -> None:
    def away(now: float) -> httpx.Response:
        raise httpx.ConnectError(f"refused at {now:.0f}")

    with pytest.raises(typer.Exit) as ended:
        follow(away)
    assert ended.value.exit_code == exits.NOT_RUNNING
    assert "refused at 60" in capsys.readouterr().err
    with pytest.raises(typer.Exit) as ended:
        follow(lambda _: httpx.Response(404, json={"detail": "There is no such import."}))
    assert ended.value.exit_code == exits.USAGE


def halfway(now: float) -> httpx.Response:
    """An import that lists its folder, runs, and goes on while the API is away for a while."""
    if 22 < now < 35:
        raise httpx.ConnectError("refused")
    told = document("planning" if now < 15 else "running" if now < 45 else "succeeded", files_new=300)
    if now < 15:
        told["progress"]["files_new"] = None
    else:
        told["progress"] |= {"files_done": int(now), "rate_per_second": 1.04, "eta_seconds": 280.2}
    return httpx.Response(200, json=told)


def test_where_no_bar_can_be_drawn_progress_is_a_line_now_and_then(follow) -> None:
    log = io.StringIO()
    assert follow(halfway, Console(file=log))["state"] == "succeeded"
    assert log.getvalue().splitlines() == [
        "planning: looking through the folder",
        "running: 20 of 300 new files, 1.0/s, about 280 s left",
        "waiting for the API",
        "running: 40 of 300 new files, 1.0/s, about 280 s left",
    ]


def test_a_terminal_has_a_bar_and_no_lines_and_who_asked_for_json_neither(follow, capsys) -> None:
    log = io.StringIO()
    follow(halfway, Console(file=log, force_terminal=True))
    assert "new files" not in log.getvalue()
    follow(halfway, None)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("options", "lines"), [((), True), (("--json",), False)])
def test_an_import_that_is_waited_for_tells_progress_beside_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], lines: bool
) -> None:
    answers = [document("running", files_new=9), FakeClient(None).get_patiently("", lambda: None)]
    monkeypatch.setattr(FakeClient, "get_patiently", lambda *_: answers.pop(0))
    monkeypatch.setattr(imports, "LINE_SECONDS", 0)
    done = run(tmp_path, "--wait", *options)
    assert ("running: 1 of 9 new files" in done.stderr) is lines
    assert "running" not in done.stdout
