"""Every real file there is, imported whole: photos of all kinds, and files made to break decoders."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.driving import Darkroom
from tests.e2e.oracle import check_everything

pytestmark = [pytest.mark.platform, pytest.mark.long, pytest.mark.testdata, pytest.mark.timeout(1800)]

NOT_FILES_OF_PHOTOS = {"MANIFEST.csv"}
TRANSIENT = ("crashed", "timeout")


def labels(folder: Path) -> dict[str, dict[str, Any]]:
    """What is known of each file."""
    with (folder / "MANIFEST.csv").open() as rows:
        return {row["file"]: json.loads(row["label"]) for row in csv.DictReader(rows)}


def accounted(platform: Darkroom, folder: Path, done: Any) -> dict[str, Any]:
    """Published photos of the folder by path, after checking that every file is published or refused with a reason."""
    assert done["state"] == "succeeded" and done["error"] is None
    found = platform.photos_below(folder)
    refused = {one["path"]: one for one in platform.failures(done["id"]) if one["output"] == "intake"}
    assert all(one["reason"] for one in refused.values())
    lost = {path.name for path in folder.iterdir()} - set(found) - set(refused)
    sidecars = {name for name in lost if name.endswith((".xmp", ".json", ".csv", ".pp3", ".aae"))}
    assert lost == sidecars, "every file is published, refused with a reason, or a sidecar"
    for name, photo in found.items():
        states = {output: one["state"] for output, one in photo["outputs"].items()}
        assert "missing" not in states.values(), name
        silent = [output for output, one in photo["outputs"].items() if one["state"] == "failed" and not one["reason"]]
        assert not silent, f"{name}: {silent} failed for no reason"
    crashed = [one for one in platform.failures(done["id"]) if one["kind"] in TRANSIENT]
    assert not crashed, "no file ends its decoder"
    return found


def readable(path: Path) -> bool:
    """Whether pi-heif or rawpy opens the file, Pillow having failed."""
    import pi_heif
    import rawpy

    try:
        pi_heif.open_heif(path)[0].to_pillow()
        return True
    except (OSError, EOFError, ValueError, RuntimeError, IndexError):
        pass
    try:
        with rawpy.imread(str(path)) as raw:
            return bool(raw.raw_image_visible.size)
    except (rawpy.LibRawError, OSError, ValueError, AttributeError):
        return False


def test_every_photo_somebody_can_read_is_published_with_renditions(platform: Darkroom, testdata: Path):
    folder = testdata / "formats"
    known = labels(folder)
    found = accounted(platform, folder, platform.take_in(folder, code=4))
    for name, label in known.items():
        if label["pillow"] == "ok":
            assert [found[name]["width"], found[name]["height"]] == label["pillow_size"], name
    wanted = {name for name, label in known.items() if label["pillow"] == "ok" or readable(folder / name)}
    poor = {
        name: found[name]["outputs"]["renditions"] if name in found else "not published"
        for name in wanted
        if name not in found or found[name]["outputs"]["renditions"]["state"] != "done"
    }
    assert not poor
    assert len(wanted) > 250
    with platform.client() as client:
        for name in sorted(wanted)[::10]:
            for kind in ("thumbnail", "display"):
                shown = client.get(found[name]["renditions"][kind])
                assert shown.status_code == 200 and shown.content, name
            original = client.get(f"/v1/photos/{found[name]['id']}/original")
            assert len(original.content) == found[name]["files"][0]["size_bytes"], name
    check_everything(platform)


def test_files_made_to_break_decoders_break_nothing(platform: Darkroom, testdata: Path):
    folder = testdata / "hostile"
    before = {part["name"]: (part["pid"], part["restarts"]) for part in platform.status()["parts"]}
    found = accounted(platform, folder, platform.take_in(folder, code=4))
    assert found, "some of them are photos nevertheless"
    assert {part["name"]: (part["pid"], part["restarts"]) for part in platform.status()["parts"]} == before
    check_everything(platform)
