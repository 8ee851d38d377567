"""Seeded crash cycles: parts are killed in the middle of imports, and nothing is lost, doubled or shown half made.

`pytest -m crash --crash-cycles 20 --crash-seed 7` runs the cycles of seeds 7 to 26. A seed fixes what is killed and how
far the import is then; where exactly a process is at that moment is left to the machine.
"""

import random
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from darkroom.home import Home, NotRunning
from darkroom.supervision.status import RUNNING, status
from tests.e2e.conftest import Reader
from tests.e2e.deciding import Decisions
from tests.e2e.driving import Darkroom, Unavailable, running, until
from tests.e2e.faults import FAULTS, NEEDS_UP, decoders, kill, models, workers
from tests.e2e.oracle import check_everything, check_index_is_serving, check_photos
from tests.e2e.pictures import words, write_pictures
from tests.e2e.regrouping import check_groups, regrouped
from tests.e2e.watching import Watcher

pytestmark = [pytest.mark.platform, pytest.mark.crash, pytest.mark.timeout(900, func_only=True)]

PICTURES = 56
EARLY = 6
TWINS = 4
LATE = 6
IN_TURN = ("run", "everything", "model", "postgres", "supervisor", "decoder", "daemon", "api", "line")
"""The first fault of a cycle, by its seed, so that nine cycles in a row break everything; further ones are drawn."""


@dataclass(frozen=True)
class Breakable:
    """A platform to be broken, its reader, how long its first start took, and what is decided in it."""

    darkroom: Darkroom
    reader: Reader
    cold_seconds: float
    decisions: Decisions = field(default_factory=Decisions)


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory, make_reader: Callable[[], Reader]) -> Iterator[Breakable]:
    """A platform of small batches, whose model takes its time, with a few people and twins to decide about."""
    reader = make_reader()
    (reader.folder / "pause").write_text("0.05")
    variables = {
        **reader.variables,
        "DARKROOM_INFERENCE__FACE_FINDER": "coded",
        "DARKROOM_BATCH__FILES": "20",
        "DARKROOM_BATCH__SETTLE_SECONDS": "5",
    }
    darkroom = Darkroom(Home(tmp_path_factory.mktemp("breakable") / "home"), variables)
    began = time.monotonic()
    with running(darkroom):
        made = Breakable(darkroom, reader, time.monotonic() - began)
        early = tmp_path_factory.mktemp("early")
        twinned(made, write_pictures(early, words("early", EARLY))[:2])
        assert darkroom.take_in(early)["progress"]["photos_published"] == EARLY
        regrouped(darkroom, 400)  # the first build of the marts may come first
        yield made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A cycle per seed."""
    if "seed" in metafunc.fixturenames:
        first, cycles = (metafunc.config.getoption(name) for name in ("crash_seed", "crash_cycles"))
        metafunc.parametrize("seed", range(first, first + cycles))


def test_every_fault_finds_what_it_names(breakable: Breakable, photos: Path):
    darkroom, reader = breakable.darkroom, breakable.reader
    write_pictures(photos, words("held", 20))
    reader.hold.touch()
    try:
        asked = acknowledged(darkroom, photos, "held")
        until(lambda: models(darkroom, reader) and decoders(darkroom, reader), 120, "nobody is at work")
        found = {fault: {process.pid for process in find(darkroom, reader)} for fault, find in FAULTS.items()}
        assert all(found.values()), found
        assert not found["decoder"] & found["model"]
        assert set().union(*found.values()) == found["everything"] | found["decoder"] | found["model"]
    finally:
        reader.hold.unlink()
    assert darkroom.ended(asked)["state"] == "succeeded"


def test_a_crash_costs_nothing(breakable: Breakable, photos: Path, seed: int):
    darkroom, drawn = breakable.darkroom, random.Random(seed)
    names, late = words(f"s{seed}", PICTURES), words(f"late{seed}", LATE)
    paths = write_pictures(photos / "first", names)
    twinned(breakable, drawn.sample(paths, TWINS))
    write_pictures(photos / "late", late)
    faults = [IN_TURN[(seed - 1) % len(IN_TURN)], *drawn.choices(IN_TURN, k=drawn.choice((0, 1)))]
    moments = sorted(drawn.uniform(0, 0.6) for _ in faults)
    with Watcher(darkroom, f"s{seed}n0001"):
        asked = [acknowledged(darkroom, photos / "first", f"first-{seed}")]
        breakable.decisions.take(darkroom, f"Somebody {seed}")
        for fault, moment in zip(faults, moments, strict=True):
            broken_at(breakable, fault, asked[0], moment, drawn.uniform(0, 0.5))
            if fault not in NEEDS_UP and len(asked) == 1:
                asked.append(acknowledged(darkroom, photos / "late", f"late-{seed}"))
            recovered(breakable, fault)
        if len(asked) == 1:
            asked.append(acknowledged(darkroom, photos / "late", f"late-{seed}"))
        ended = [darkroom.ended(one, 300) for one in asked]
    assert [(one["state"], one["error"], one["progress"]["files_failed"]) for one in ended] == [
        ("succeeded", None, 0),
        ("succeeded", None, 0),
    ]
    assert [one["progress"]["photos_published"] for one in ended] == [PICTURES, LATE]
    first, second = darkroom.photos_below(photos / "first"), darkroom.photos_below(photos / "late")
    assert set(first) == {path.name for path in (photos / "first").iterdir()}
    assert len({photo["id"] for photo in first.values()}) == PICTURES
    assert set(second) == {f"{name}.jpg" for name in late}
    check_photos(darkroom, [*first.values(), *second.values()])
    until(lambda: not workers(darkroom), 60, "a run goes on although its import has ended")
    if drawn.random() < 0.5:
        until(lambda: kill("run", darkroom, breakable.reader), 120, "nobody made people or duplicates", every=0.01)
    regrouped(darkroom)
    check_groups(darkroom)
    breakable.decisions.check(darkroom)
    check_everything(darkroom)
    check_index_is_serving(darkroom)


def twinned(breakable: Breakable, paths: Iterable[Path]) -> None:
    """Gives pictures a second file of the same bytes, which must be found in the end."""
    for path in paths:
        shutil.copy(path, path.with_name(f"twin of {path.name}"))
        breakable.decisions.expect([path.stem])


def acknowledged(darkroom: Darkroom, folder: Path, key: str) -> str:
    """Asks for an import until the API says that it has the request, as a patient client does."""

    def ask() -> str | None:
        with suppress(httpx.TransportError, Unavailable, NotRunning), darkroom.client() as client:
            source = client.post("/v1/sources", json={"path": str(folder)})
            if source.is_success:
                answer = client.post(
                    "/v1/imports", json={"source_id": source.json()["id"]}, headers={"Idempotency-Key": key}
                )
                assert answer.is_success or answer.status_code >= 500, answer.text
                return str(answer.json()["id"]) if answer.is_success else None
            assert source.status_code >= 500, source.text
        return None

    return str(until(ask, 120, "the API acknowledged nothing"))


def broken_at(breakable: Breakable, fault: str, import_id: str, moment: float, seconds: float) -> None:
    """Kills what the fault names so many seconds after this share of the import's work was done.

    Progress is told when something has been committed; a moment later something else is under way.
    """
    darkroom, reader = breakable.darkroom, breakable.reader

    def reached() -> bool:
        found = seen(darkroom, import_id)
        return found is not None and (share(found) >= moment or found["state"] == "succeeded")

    until(reached, 240, f"the import did not come as far as {moment:.0%}", every=0.02)
    time.sleep(seconds)
    until(lambda: kill(fault, darkroom, reader), 60, f"there was no {fault} to kill", every=0.005)


def share(found: Any) -> float:
    """How much of an import is done: half of it is reading files, half publishing photos."""
    progress = found["progress"]
    return float(progress["files_done"] + progress["photos_published"]) / (2 * PICTURES + TWINS)


def seen(darkroom: Darkroom, import_id: str) -> Any:
    """The import, or nothing while the API is away."""
    try:
        return darkroom.get(f"/v1/imports/{import_id}")
    except (httpx.TransportError, Unavailable, NotRunning):
        return None


def recovered(breakable: Breakable, fault: str) -> None:
    """Everything serves again, after `up` where nobody was left, within twice the time of a first start."""
    darkroom = breakable.darkroom
    began = time.monotonic()
    if fault in NEEDS_UP:
        darkroom.up()
    allowed = 2 * breakable.cold_seconds
    until(lambda: status(darkroom.home, sizes=False)["state"] == RUNNING, 300, "the platform did not recover")
    took = time.monotonic() - began
    assert took <= allowed, f"recovery from {fault} took {took:.0f} s, a first start {breakable.cold_seconds:.0f} s"
