"""A gate that fails stops its batch, says why, and lets the batch pass once the cause is gone."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Reader
from tests.e2e.driving import Darkroom
from tests.e2e.oracle import check_everything, check_photos
from tests.e2e.pictures import words, write_pictures

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]


def test_a_failing_gate_stops_its_batch_only_and_says_why_until_the_cause_is_gone(
    platform: Darkroom, tmp_path: Path, reader: Reader
):
    sound, proud = tmp_path / "sound", tmp_path / "proud"
    write_pictures(sound, words("sound", 5))
    write_pictures(proud, words("proud", 5))
    reader.boast.write_text("proud")
    try:
        asked = {folder: platform.ask(folder) for folder in (proud, sound)}
        passed, stopped = platform.ended(asked[sound]), platform.ended(asked[proud])
        assert (passed["state"], passed["error"]) == ("succeeded", None)
        assert (stopped["state"], stopped["progress"]["photos_published"]) == ("failed", 0)
        assert stopped["gates"]["failed"] == 1
        assert "texts" in stopped["error"] and "score" in stopped["error"], "it names table and column"
        assert len(platform.photos_below(sound)) == 5 and not platform.photos_below(proud)
        found = platform.post("/v1/search", {"text": "proudn0001"})["items"]
        assert "proudn0001" not in {hit["photo"]["text"] for hit in found}, "indexed or not, it is not shown"
        told = platform.why(proud / "proudn0001.jpg")
        assert told["state"] == "stopped" and "texts" in told["verdict"]
        assert [gate["table"] for gate in told["gates"] if not gate["passed"]] == ["texts"]
        by_hand = platform("import", proud, "--wait")
        assert by_hand.returncode == 1 and "texts" in by_hand.stdout + by_hand.stderr
    finally:
        reader.boast.unlink()
    again = platform.take_in(proud)
    assert (again["state"], again["progress"]["photos_published"]) == ("succeeded", 5)
    found = platform.photos_below(proud)
    assert {photo["text"] for photo in found.values()} == set(words("proud", 5))
    check_photos(platform, found.values())
    assert platform.why(proud / "proudn0001.jpg")["state"] == "published"
    check_everything(platform)
