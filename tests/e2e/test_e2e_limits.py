"""No room on the disk, very many files, and many batches at once."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.home import Home
from darkroom.stores.objects import RESERVED_BYTES
from darkroom.stores.state import schema
from darkroom.supervision.status import RUNNING, UNWELL, status
from tests.e2e.conftest import Reader
from tests.e2e.driving import Darkroom, running, until
from tests.e2e.oracle import check_everything, check_index_is_serving, check_photos, state_of
from tests.e2e.pictures import words, write_pictures
from tests.e2e.regrouping import check_groups, regrouped
from tests.e2e.watching import Watcher

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]

MANY = 10_000
MEGABYTE = 1024**2


@contextmanager
def disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of its own for what is in a folder."""
    folder.mkdir(parents=True, mode=0o700)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], check=False)
    if made.returncode:
        pytest.skip("needs the right to mount a small disk: run this as root, with CAP_SYS_ADMIN in a container")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Home]:
    """A home whose objects are on a disk of 2 MB."""
    home = Home(tmp_path / "home")
    with disk(home.objects, "2m"):
        yield home


@pytest.fixture
def only_disk(tmp_path: Path, make_reader: Callable[[], Reader]) -> Iterator[tuple[Darkroom, Reader]]:
    """A platform whose whole home is on one disk of 1 GB, which publishes eight photos at a time."""
    reader = make_reader()
    home = Home(tmp_path / "home")
    variables = {**reader.variables, "DARKROOM_INFERENCE__FACE_FINDER": "coded", "DARKROOM_BATCH__FILES": "8"}
    with disk(home.root, "1g"), running(Darkroom(home, variables)) as darkroom:
        yield darkroom, reader


def filled(home: Home, left: int) -> Path:
    """A file of somebody else's, which leaves so many bytes of the disk."""
    ballast = home.root / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(home.root).free - left)
    return ballast


def heavy(folder: Path, prefix: str, number: int) -> None:
    """Pictures of 2 MB each: what follows the end of a JPEG is kept and not looked at."""
    for path in write_pictures(folder, words(prefix, number)):
        with path.open("ab") as file:
            file.write(os.urandom(2 * MEGABYTE))


def check_whole(darkroom: Darkroom, folder: Path) -> None:
    """Every file of a folder is published, whole, and all stores say the same."""
    found = darkroom.photos_below(folder)
    assert set(found) == {path.name for path in folder.iterdir()}
    check_photos(darkroom, found.values())
    check_everything(darkroom)
    check_index_is_serving(darkroom)


@pytest.mark.long
def test_a_full_disk_stops_an_import_with_its_reason_and_room_lets_it_go_on(
    small_disk: Home, photos: Path, make_reader: Callable[[], Reader]
):
    for number in range(12):
        noise = np.random.default_rng(number).integers(0, 255, (300, 400, 3), np.uint8)
        Image.fromarray(noise).save(photos / f"{number}.png")
    with running(Darkroom(small_disk, make_reader().variables)) as darkroom:
        done = darkroom.take_in(photos, "--copy", code=1)
        assert done["state"] == "failed" and "no room" in done["error"]
        assert not darkroom.photos(), "nothing is shown half made"
        assert darkroom.status()["state"] == "running"
        told = darkroom.why(photos / "11.png")
        assert told["state"] == "stopped" and "no room" in told["verdict"]
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk.objects], check=True)
        again = darkroom.take_in(photos, "--copy")
        assert (again["state"], again["progress"]["photos_published"]) == ("succeeded", 12)
        assert not list((small_disk.objects / ".incoming").glob("*")), "no unfinished file takes room"
        check_everything(darkroom)


@pytest.mark.long
def test_photos_leave_room_to_the_databases_of_a_disk_that_fills_up_and_say_why_they_stop(
    only_disk: tuple[Darkroom, Reader], photos: Path
):
    darkroom, _ = only_disk
    heavy(
        photos, "full", 32
    )  # 64 MB; what is left below is enough for one batch, even if Postgres' log grows by a file
    ballast = filled(darkroom.home, RESERVED_BYTES + 40 * MEGABYTE)
    with Watcher(darkroom, "fulln0001"):
        done = darkroom.ended(darkroom.ask(photos, mode="copy"), 1200)
    assert done["state"] == "failed" and "no room" in done["error"]
    assert 8 <= len(darkroom.photos()) < 32, "batches that fitted are published, and only they"
    told = darkroom.status()
    assert told["state"] == RUNNING and "room" in told["advice"]
    assert not [part["name"] for part in told["parts"] if part["restarts"]], "nothing died for want of room"
    ballast.unlink()
    with Watcher(darkroom, "fulln0001"):
        again = darkroom.ended(darkroom.ask(photos, mode="copy"), 600)
    assert (again["state"], again["error"]) == ("succeeded", None)
    check_whole(darkroom, photos)


@pytest.mark.long
def test_a_disk_that_others_fill_to_the_brim_costs_nothing_once_there_is_room(
    only_disk: tuple[Darkroom, Reader], photos: Path
):
    darkroom, reader = only_disk
    heavy(photos, "brim", 16)
    reader.hold.touch()
    asked = darkroom.ask(photos, mode="copy")
    until(lambda: darkroom.get(f"/v1/imports/{asked}")["progress"]["files_done"] >= 8, 300, "nothing was taken in")
    ballast = filled(darkroom.home, 0)
    reader.hold.unlink()

    def stopped() -> bool:
        """Whether Postgres has died, or the run of a batch."""
        if status(darkroom.home, sizes=False)["state"] == UNWELL:
            return True
        with suppress(OperationalError), state_of(darkroom) as connection:
            return connection.execute(select(func.max(schema.batches.c.attempt))).scalar_one() > 1
        return True

    with Watcher(darkroom, "brimn0001"):
        until(stopped, 300, "a full disk was not noticed")
        ballast.unlink()
        done = darkroom.ended(asked, 600)
    assert (done["state"], done["error"]) == ("succeeded", None), "it went on by itself"
    check_whole(darkroom, photos)


@pytest.mark.long
def test_ten_thousand_tiny_files_with_model_outputs_off(
    photos: Path, tmp_path: Path, make_reader: Callable[[], Reader]
):
    for number in range(MANY):
        folder = photos / f"{number // 500:02}"
        folder.mkdir(exist_ok=True)
        pixels = np.frombuffer(number.to_bytes(2, "big") * 24, np.uint8).reshape(4, 4, 3)
        Image.fromarray(pixels).save(folder / f"{number:05}.png")
    variables = {**make_reader().variables, "DARKROOM_OUTPUTS_OFF": ",".join(MODEL_OUTPUTS)}
    with running(Darkroom(Home(tmp_path / "home"), variables)) as darkroom:
        done = darkroom.take_in(photos)
        assert (done["state"], done["progress"]["photos_published"]) == ("succeeded", MANY)
        found = darkroom.photos()
        assert len({photo["id"] for photo in found}) == MANY
        assert {photo["outputs"][output]["state"] for photo in found for output in MODEL_OUTPUTS} == {"off"}
        assert {photo["outputs"]["renditions"]["state"] for photo in found} == {"done"}
        check_everything(darkroom)
        again = darkroom.take_in(photos)
        assert again["progress"]["files_new"] == 0
        took = [_seconds(one) for one in (done, again)]
        assert took[1] <= 0.2 * took[0], f"nothing new took {took[1]:.0f} s, everything {took[0]:.0f} s"


@pytest.mark.long
def test_people_and_duplicates_of_a_thousand_photos_in_four_batches_are_made_once(
    photos: Path, tmp_path: Path, make_reader: Callable[[], Reader]
):
    write_pictures(photos, words("crowd", 1000))
    variables = {
        **make_reader().variables,
        "DARKROOM_INFERENCE__FACE_FINDER": "coded",
        "DARKROOM_BATCH__FILES": "250",
        "DARKROOM_BATCH__SETTLE_SECONDS": "60",
    }
    with running(Darkroom(Home(tmp_path / "home"), variables)) as darkroom:
        done = darkroom.take_in(photos)
        assert done["progress"]["photos_published"] == 1000
        regrouped(darkroom, 600)
        check_groups(darkroom)
        with state_of(darkroom) as connection:
            batches = connection.execute(select(schema.batches.c.files)).scalars().all()
            made = connection.execute(select(schema.generations.c.kind, schema.generations.c.state)).tuples().all()
        assert batches == [250] * 4
        assert sorted(made) == [("duplicates", "current"), ("people", "current")]


def _seconds(one: dict[str, str]) -> float:
    began, ended = (datetime.fromisoformat(one[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()
