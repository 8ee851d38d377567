"""Imports through the whole platform: once, again, together, overlapping, cancelled."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Reader
from tests.e2e.driving import Darkroom, until
from tests.e2e.oracle import check_everything, check_photos
from tests.e2e.pictures import read_back, words, write_pictures

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]


def test_an_imported_folder_is_published_whole_searchable_and_explained(platform: Darkroom, photos: Path):
    names = words("whole", 12)
    paths = write_pictures(photos / "2024", names)
    shutil.copy(paths[0], photos / "the same again.jpg")
    done = platform.take_in(photos)
    assert (done["state"], done["error"]) == ("succeeded", None)
    assert (done["progress"]["files_listed"], done["progress"]["photos_published"]) == (13, 12)
    found = platform.photos_below(photos)
    assert set(found) == {f"2024/{name}.jpg" for name in names} | {"the same again.jpg"}
    assert found["the same again.jpg"]["id"] == found[f"2024/{names[0]}.jpg"]["id"]
    check_photos(platform, found.values())
    hits = platform.post("/v1/search", {"text": names[3]})["items"]
    worded = [hit["photo"]["id"] for hit in hits if "words" in {reason["kind"] for reason in hit["reasons"]}]
    assert worded == [hits[0]["photo"]["id"]] == [found[f"2024/{names[3]}.jpg"]["id"]]
    assert platform.why(paths[5])["state"] == "published"
    original = platform.client().get(f"/v1/photos/{found['the same again.jpg']['id']}/original")
    assert original.content == paths[0].read_bytes()
    check_everything(platform)


def test_importing_again_does_nothing_and_takes_only_what_is_new(platform: Darkroom, photos: Path):
    write_pictures(photos, words("again", 4))
    platform.take_in(photos)
    again = platform.take_in(photos)
    assert (again["state"], again["progress"]["files_new"]) == ("succeeded", 0)
    assert again["gates"] == {"passed": 0, "failed": 0}, "no batch was made"
    write_pictures(photos, ["againlate"])
    third = platform.take_in(photos)
    assert (third["progress"]["files_new"], third["progress"]["photos_published"]) == (1, 1)
    assert set(platform.photos_below(photos)) == {f"{name}.jpg" for name in (*words("again", 4), "againlate")}
    check_everything(platform)


def test_imports_of_the_same_and_of_overlapping_folders_at_once_publish_each_photo_once(
    platform: Darkroom, photos: Path
):
    inner = photos / "inner"
    outside, inside = words("outer", 4), words("inner", 4)
    write_pictures(photos, outside)
    write_pictures(inner, inside)
    together = [
        subprocess.Popen(
            platform.command("import", folder, "--wait", "--json"),
            env=platform.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in (photos, photos, inner)
    ]
    ended = [(process.communicate(timeout=300), process.returncode) for process in together]
    assert [code for _, code in ended] == [0, 0, 0], [said[1] for said, _ in ended]
    assert {json.loads(said[0])["state"] for said, _ in ended} == {"succeeded"}
    whole, part = platform.photos_below(photos), platform.photos_below(inner)
    assert set(whole) == {f"{name}.jpg" for name in outside} | {f"inner/{name}.jpg" for name in inside}
    assert set(part) == {f"{name}.jpg" for name in inside}
    for name in inside:
        assert part[f"{name}.jpg"]["id"] == whole[f"inner/{name}.jpg"]["id"], "one photo in two sources"
    assert len({photo["id"] for photo in whole.values()}) == 8
    check_everything(platform)


def kept(platform: Darkroom) -> tuple[int, int]:
    """How many renditions there are, and how many the lake speaks of."""
    told = platform("sql", "SELECT count(*) AS n FROM core.renditions", "--format", "json")
    return len(list(platform.home.objects.glob("*/renditions/*/*/*"))), json.loads(told.stdout)[0]["n"]


def test_a_cancelled_import_publishes_nothing_and_the_next_one_everything(
    platform: Darkroom, photos: Path, reader: Reader
):
    names = words("cancel", 6)
    write_pictures(photos, names)
    before = kept(platform)
    reader.hold.touch()
    try:
        asked = platform.ask(photos)
        until(lambda: platform.get(f"/v1/imports/{asked}")["progress"]["files_done"] == 6, 120, "files were not read")
        platform.post(f"/v1/imports/{asked}/cancel")
        assert platform.ended(asked, 120)["state"] == "cancelled", "although a model is still at work"
    finally:
        reader.hold.unlink()
    assert not platform.photos_below(photos)
    assert kept(platform) == before, "what was made is removed when it has ended"
    assert platform.why(photos / f"{names[0]}.jpg")["state"] == "cancelled"
    again = platform.take_in(photos)
    assert (again["state"], again["progress"]["photos_published"]) == ("succeeded", 6)
    assert kept(platform) == (before[0] + 2 * 6, before[1] + 2 * 6)
    found = platform.photos_below(photos)
    assert {photo["text"] for photo in found.values()} == set(names)
    check_photos(platform, found.values())
    check_everything(platform)


def test_a_display_rendition_shows_its_own_photo(platform: Darkroom, photos: Path):
    [path] = write_pictures(photos, ["itself"])
    platform.take_in(path)
    photo = platform.photos_below(photos)["itself.jpg"]
    with platform.client() as client:
        assert read_back(client.get(photo["renditions"]["display"]).content) == "itself"
