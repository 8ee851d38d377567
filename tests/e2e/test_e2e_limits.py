"""No room on the disk, very many files, and many batches at once."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from darkroom.domain.outputs import MODEL_OUTPUTS
from darkroom.home import Home
from darkroom.stores.state import schema
from tests.e2e.conftest import Reader
from tests.e2e.driving import Darkroom, running
from tests.e2e.oracle import check_everything, state_of
from tests.e2e.pictures import words, write_pictures
from tests.e2e.regrouping import check_groups, regrouped

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]

MANY = 10_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Home]:
    """A home whose objects are on a disk of 2 MB."""
    home = Home(tmp_path / "home")
    home.objects.mkdir(parents=True, mode=0o700)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", home.objects], check=False)
    if made.returncode:
        pytest.skip("needs the right to mount a small disk: run this as root, with CAP_SYS_ADMIN in a container")
    yield home
    subprocess.run(["umount", home.objects], check=True)


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
