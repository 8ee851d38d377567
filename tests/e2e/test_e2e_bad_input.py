"""Whatever lies in a folder: each file costs itself at most, and everybody is told what became of it."""

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import struct
import threading
import zlib
from pathlib import Path

import pytest
from PIL import Image

from darkroom.home import Home
from tests.e2e.driving import Darkroom, until
from tests.e2e.oracle import check_coded, check_everything
from tests.e2e.pictures import picture, write_pictures

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]

NAMES = (
    b"plain.jpg",
    "фото 写真 é.jpg".encode(),
    "e\u0301 decomposed.jpg".encode(),
    "🎞️ film.jpg".encode(),
    b"caf\xe9.jpg",
    b"\xff\xfe.jpg",
    b"%41 per cent.jpg",
    b"new\nline and \x1b[31mred.jpg",
    b"-rf.jpg",
    b"'quoted\" $HOME `id`.jpg",
    b"back\\slash.jpg",
    b"n" * 251 + b".jpg",
    ("語" * 83 + ".jpg").encode(),
    b"no extension",
    b".hidden.jpg",
)


def test_a_file_may_have_any_name(platform: Darkroom, photos: Path):
    root = os.fsencode(photos)
    for number, name in enumerate(NAMES):
        Path(os.fsdecode(root + b"/" + name)).write_bytes(picture(f"name{number:02}"))
    deep = photos.joinpath(*("d" * 200 for _ in range(9)))
    deep.mkdir(parents=True)
    (deep / "deep.jpg").write_bytes(picture("deep"))
    done = platform.take_in(photos)
    assert (done["state"], done["error"]) == ("succeeded", None)
    found = platform.photos_below(photos)
    assert len(found) == len(NAMES) + 1
    texts = {photo["text"]: photo for photo in found.values()}
    assert set(texts) == {f"name{number:02}" for number in range(len(NAMES))} | {"deep"}
    with platform.client() as client:
        for word, photo in texts.items():
            original = client.get(f"/v1/photos/{photo['id']}/original")
            assert original.content == picture(word)
    assert platform.why(Path(os.fsdecode(root + b"/caf\xe9.jpg")))["state"] == "published"
    for name in (b"caf\xe9.jpg", b"%41 per cent.jpg"):
        alone = platform.take_in(Path(os.fsdecode(root + b"/" + name)))
        assert (alone["progress"]["files_listed"], alone["progress"]["files_new"]) == (1, 0), name
    unspeakable = Path(os.fsdecode(root + b"/caf\xe9"))
    unspeakable.mkdir()
    refused = platform("import", unspeakable)
    assert refused.returncode == 2 and "UTF-8" in refused.stderr and "Traceback" not in refused.stderr
    assert platform.take_in(photos)["progress"]["files_new"] == 0
    check_everything(platform)


def png(width: int, height: int, data: bytes) -> bytes:
    """A PNG of one grey byte a pixel, whatever its data hold."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(data, 9)),
        (b"IEND", b""),
    )
    made = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        made += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return made


def test_damaged_strange_and_enormous_files_cost_only_themselves(platform: Darkroom, photos: Path, tmp_path: Path):
    whole = picture("whole")
    noise = tmp_path / "noise.jpg"
    Image.effect_noise((400, 300), 90).save(noise, quality=95)
    (photos / "whole.jpg").write_bytes(whole)
    (photos / "jpeg named.png").write_bytes(picture("named"))
    (photos / "jpeg named.txt").write_bytes(picture("texted"))
    (photos / "twin of whole.jpg").write_bytes(whole)
    (photos / "zero.jpg").touch()
    (photos / "truncated.jpg").write_bytes(noise.read_bytes()[:9000])
    (photos / "only a head.jpg").write_bytes(noise.read_bytes()[:300])
    (photos / "bomb.png").write_bytes(png(20_000, 20_000, b"\0" * 20_001 * 20))
    (photos / "wide.png").write_bytes(png(30_000, 4, (b"\0" + b"\x80" * 30_000) * 4))
    (photos / "lying size.png").write_bytes(png(100, 100, b"\0" * 50))
    (photos / "noise.jpg").write_bytes(os.urandom(5000))
    (photos / "letter.txt").write_text("no photo")
    (photos / "program.jpg").write_bytes(b"\x7fELF" + bytes(500))
    (photos / "whole.jpg.xmp").write_text('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    done = platform.take_in(photos, code=4)
    assert done["state"] == "succeeded"
    found = platform.photos_below(photos)
    with platform.client() as client:
        for name in ("whole.jpg", "jpeg named.png", "jpeg named.txt", "twin of whole.jpg"):
            assert found[name]["text"] in ("whole", "named", "texted")
            assert {one["state"] for one in found[name]["outputs"].values()} == {"done"}
        check_coded(client, found["whole.jpg"])
    assert found["whole.jpg"]["id"] == found["twin of whole.jpg"]["id"]
    assert found["wide.png"]["outputs"]["renditions"]["state"] == "done"
    for name in ("bomb.png", "only a head.jpg", "lying size.png", "truncated.jpg"):
        outputs = found[name]["outputs"]
        assert outputs["renditions"]["state"] == "failed" and outputs["renditions"]["reason"], name
        assert outputs["texts"]["state"] == "failed" and "missing" not in {one["state"] for one in outputs.values()}
    assert found["bomb.png"]["outputs"]["renditions"]["reason"].startswith("too_large")
    truncated = found["truncated.jpg"]["outputs"]
    assert truncated["metadata"]["state"] == "done", "what can be read of it is published"
    assert truncated["renditions"]["reason"].startswith("corrupt") and "truncated" in truncated["renditions"]["reason"]
    reasons = {one["path"]: one for one in platform.failures(done["id"]) if one["output"] == "intake"}
    assert reasons["zero.jpg"]["kind"] == "corrupt" and "empty" in reasons["zero.jpg"]["reason"]
    for name in ("noise.jpg", "letter.txt", "program.jpg"):
        assert reasons[name]["kind"] == "unsupported" and name not in found
    assert not {"whole.jpg.xmp"} & (set(found) | set(reasons)), "a sidecar is neither a photo nor a failure"
    everything = {path.name for path in photos.iterdir()}
    assert everything == set(found) | set(reasons) | {"whole.jpg.xmp"}, "every file is accounted for"
    assert platform.why(photos / "zero.jpg")["state"] == "failed"
    assert platform.why(photos / "letter.txt")["state"] == "unsupported"
    again = platform.take_in(photos)
    assert again["progress"]["files_new"] == 0, "what failed for good is not tried again while it is unchanged"
    check_everything(platform)


def test_links_pipes_and_sockets_are_no_way_out_and_no_trap(platform: Darkroom, photos: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    write_pictures(outside, ["secret"])
    write_pictures(photos, ["inside"])
    (photos / "loop").symlink_to(photos, target_is_directory=True)
    (photos / "a").symlink_to(photos / "b")
    (photos / "b").symlink_to(photos / "a")
    (photos / "nowhere.jpg").symlink_to(photos / "not there.jpg")
    (photos / "out.jpg").symlink_to(outside / "secret.jpg")
    (photos / "way out").symlink_to(outside, target_is_directory=True)
    os.mkfifo(photos / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        with contextlib.chdir(photos):  # a socket's path may be too long otherwise
            listening.bind("socket.jpg")
        done = platform.take_in(photos)
    assert (done["state"], done["progress"]["files_listed"]) == ("succeeded", 1)
    assert set(platform.photos_below(photos)) == {"inside.jpg"}


def test_nothing_to_import_is_a_success_and_no_such_folder_a_usage_error(platform: Darkroom, photos: Path):
    done = platform.take_in(photos)
    assert (done["state"], done["progress"]["files_listed"], done["progress"]["percent"]) == ("succeeded", 0, 100)
    missing = platform("import", photos / "not there", "--wait")
    assert missing.returncode == 2 and "does not exist" in missing.stderr
    assert "Traceback" not in missing.stderr
    with platform.client() as client:
        refused = client.post("/v1/sources", json={"path": str(photos / "not there")})
    assert refused.status_code == 422 and "folder" in refused.text


def test_a_source_that_vanished_fails_its_import_and_loses_nothing(platform: Darkroom, photos: Path):
    write_pictures(photos, ["keptone", "kepttwo"])
    platform.take_in(photos)
    away = photos.with_name("away")
    photos.rename(away)
    [source] = [one for one in platform.get("/v1/sources", limit=200)["items"] if one["path"] == str(photos)]
    gone = platform.ended(platform.post("/v1/imports", {"source_id": source["id"]})["id"])
    assert gone["state"] == "failed" and str(photos) in gone["error"]
    photos.mkdir()
    emptied = platform.ended(platform.post("/v1/imports", {"source_id": source["id"]})["id"])
    assert emptied["state"] == "failed" and "mounted" in emptied["error"], "an empty mount point is no deletion"
    assert set(platform.photos_below(photos)) == {"keptone.jpg", "kepttwo.jpg"}
    photos.rmdir()
    away.rename(photos)
    back = platform.take_in(photos)
    assert (back["state"], back["progress"]["files_new"]) == ("succeeded", 0)


def test_a_file_that_vanishes_or_changes_between_listing_and_reading_costs_only_itself(
    platform: Darkroom, photos: Path
):
    _, goes, turns = write_pictures(photos, ["stays", "goes", "turns"])
    daemon = next(part["pid"] for part in platform.status()["parts"] if part["name"] == "daemon")
    asked = platform.ask(photos)
    stopped = False
    try:

        def frozen() -> bool:
            """The planner is a process of its own: it goes on while nobody can start what it plans.

            It may have ended before we look; but what it planned is started seconds later.
            """
            nonlocal stopped
            found = platform.get(f"/v1/imports/{asked}")
            if found["state"] in ("planning", "running") and not stopped:
                os.kill(daemon, signal.SIGSTOP)
                stopped = True
            return bool(stopped and found["state"] == "running")

        until(frozen, 120, "was not planned", every=0.01)
        goes.unlink()
        turns.write_bytes(picture("turned"))
    finally:
        os.kill(daemon, signal.SIGCONT)
    done = platform.ended(asked)
    assert (done["state"], done["progress"]["files_failed"]) == ("succeeded", 1)
    found = platform.photos_below(photos)
    assert set(found) == {"stays.jpg", "turns.jpg"}
    assert found["turns.jpg"]["text"] == "turned", "what was read is what is published"
    [failure] = platform.failures(asked)
    assert (failure["kind"], failure["path"], failure["transient"]) == ("vanished", "goes.jpg", True)
    assert platform.why(goes)["failures"]
    write_pictures(photos, ["goes"])
    platform.take_in(photos)
    assert set(platform.photos_below(photos)) == {"stays.jpg", "turns.jpg", "goes.jpg"}
    check_everything(platform)


def test_a_file_that_changes_all_the_time_is_published_when_it_is_quiet(platform: Darkroom, photos: Path):
    _, restless = write_pictures(photos, ["steady", "restless"])
    os.truncate(restless, 256 * 1024**2)  # reading it takes far longer than the pause between two changes
    finished = threading.Event()

    def write() -> None:
        with restless.open("r+b", buffering=0) as file:
            while not finished.wait(0.001):
                file.seek(-1, os.SEEK_END)
                file.write(b"\0")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        during = platform.ended(platform.ask(photos))
    finally:
        finished.set()
        writer.join()
    assert (during["state"], during["progress"]["files_failed"]) == ("succeeded", 1)
    found = platform.photos_below(photos)
    assert found["steady.jpg"]["text"] == "steady"
    assert "restless.jpg" not in found
    [failure] = platform.failures(during["id"])
    assert (failure["kind"], failure["path"], failure["transient"]) == ("changed", "restless.jpg", True)
    restless.write_bytes(picture("restless"))
    platform.take_in(photos)
    after = platform.photos_below(photos)["restless.jpg"]
    assert after["sha256"] == hashlib.sha256(picture("restless")).hexdigest()
    check_everything(platform)


def test_a_second_up_says_where_it_runs_and_a_busy_port_is_named(platform: Darkroom, tmp_path: Path):
    again = platform("up", "--detach")
    assert again.returncode == 0 and "runs already" in again.stdout
    port = str(platform.home.endpoints()["api"]["port"])
    assert port in again.stdout
    other = Darkroom(Home(tmp_path / "other"), {"DARKROOM_API__PORT": port})
    refused = other("up", "--detach")
    assert refused.returncode == 1 and port in refused.stderr and "Traceback" not in refused.stderr
    assert other.status()["state"] == "stopped"
    shutil.rmtree(other.home.root)
