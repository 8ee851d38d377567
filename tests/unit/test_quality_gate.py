"""A gate over frames in memory: what breaks it, what sets photos aside, what it only says."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
import pytest

from darkroom.contracts.arrow import arrow_schema, to_arrow
from darkroom.contracts.catalogue import table
from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.table import Column, Severity, Table
from darkroom.testing.rows import sample_rows
from quality.gate import GateReport, check

COUNT = 6
LOCAL = datetime(2021, 6, 1, 14, 0, tzinfo=UTC).replace(tzinfo=None)
DISPLAY = {"kind": "display", "width": 400, "height": 300}
THUMBNAIL = {"kind": "thumbnail", "width": 256, "height": 192}


def photo_ids() -> list[str]:
    return [row.photo_id for row in sample_rows(table("photos"), COUNT)]


def rows_of(name: str) -> list[dict[str, Any]]:
    """Rows of one consistent little batch: six photos, 400 × 300 upright, all outputs done."""
    ids = photo_ids()
    sha = [row.sha256 for row in sample_rows(table("photos"), COUNT)]
    made = [row.model_dump() for row in sample_rows(table(name), COUNT)]
    common = {"attempt": 3, "output_version": "0123456789ab"}
    for number, row in enumerate(made):
        row |= {key: value for key, value in {**common, "photo_id": ids[number]}.items() if key in row}
        if name == "photos":
            row |= {"width": 400, "height": 300, "orientation": 1, "sha256": sha[number], "size_bytes": 10 + number}
        if name in ("photo_contents", "photo_files"):
            row |= {"sha256": sha[number]}
        if name == "photo_files":
            row |= {"size_bytes": 10 + number, "path": f"2021/{number}.jpg"}
        if name in ("photo_contents", "fingerprints"):
            row |= {"pixel_digest": f"{number:064x}"}
        if name == "metadata":
            row |= {"taken_local": LOCAL, "taken_offset_minutes": 120, "taken_source": "x", "latitude": 1.0}
            row |= {"taken_utc": (LOCAL - timedelta(minutes=120)).replace(tzinfo=UTC), "longitude": 2.0}
        if name == "texts":
            lines = [{"text": "the who", "score": 0.9, "x": 0.1, "y": 0.1, "w": 0.9, "h": 0.2}]
            row |= {"text": "the who", "lines": lines, "line_count": 1, "score": 0.9, "rotation": 90}
    if name == "renditions":
        return [row | kind for row in made for kind in (DISPLAY, THUMBNAIL)]
    return made


def frame_of(name: str, changes: dict[int, dict[str, Any]] | None = None) -> pd.DataFrame:
    """The consistent rows with some cells replaced, by row number."""
    rows = rows_of(name)
    for number, change in (changes or {}).items():
        rows[number] |= change
    if changes:
        return pd.DataFrame(rows, columns=list(table(name).row.model_fields))
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=arrow_schema(table(name))).to_pandas()
    return frame


def companions(**replaced: pd.DataFrame) -> dict[str, pd.DataFrame]:
    names = ("photos", "photo_contents", "photo_files")
    states = [
        {"photo_id": photo, "output": output, "state": "done"}
        for photo in photo_ids()
        for output in ("photos", "metadata", "renditions", "fingerprints", "texts")
    ]
    objects = pd.DataFrame(
        [{"photo_id": p, "kind": "display", "sha256": "0", "size_bytes": 5, "stored_bytes": 5} for p in photo_ids()]
    )
    return {**{name: frame_of(name) for name in names}, "outputs": pd.DataFrame(states), "objects": objects} | replaced


def judge(name: str, changes: dict[int, dict[str, Any]] | None = None, **replaced: pd.DataFrame) -> GateReport:
    return check(table(name), frame_of(name, changes), companions(**replaced))


def broken(report: GateReport) -> list[str]:
    return [result.expectation for result in report.results if not result.success]


GATED = ["photos", "photo_contents", "photo_files", "metadata", "renditions", "fingerprints", "texts", "failures"]


@pytest.mark.parametrize("name", GATED)
def test_a_consistent_batch_passes_every_gate_with_nothing_skipped(name: str) -> None:
    changes = {n: {"photo_id": p, "path": "a"} for n, p in enumerate(photo_ids())} if name == "failures" else None
    report = judge(name, changes)
    assert (broken(report), report.passed, dict(report.quarantined), report.skipped) == ([], True, {}, ())
    json.dumps(report.as_json())


@pytest.mark.parametrize("name", [*GATED, "batches"])
def test_a_batch_without_rows_meets_every_expectation_about_columns(name: str) -> None:
    empty = to_arrow(table(name), []).to_pandas()
    nothing = {other: to_arrow(table(other), []).to_pandas() for other in ("photos", "photo_contents", "photo_files")}
    nothing["outputs"] = pd.DataFrame({"photo_id": [], "output": [], "state": []}, dtype="str")
    nothing["objects"] = pd.DataFrame({"photo_id": [], "size_bytes": [], "stored_bytes": []})
    report = check(table(name), empty, nothing)
    assert (report.passed, broken(report), report.rows, report.skipped) == (True, [], 0, ())


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("photos", {"photo_id": "no-uuid"}, "photos.photo_id: ExpectColumnValuesToMatchRegex"),
        ("photos", {"sha256": "0" * 64 + "\n"}, "photos.sha256: ExpectColumnValuesToMatchRegex"),
        ("photos", {"media_type": None}, "photos.media_type: ExpectColumnValuesToNotBeNull"),
        ("photos", {"orientation": 9}, "photos.orientation: ExpectColumnValuesToBeBetween"),
        ("photos", {"width": "wide"}, "photos: columns have the contract's types"),
        ("photos", {"attempt": 2.5}, "photos: columns have the contract's types"),
        ("metadata", {"latitude": 90.5}, "metadata.latitude: ExpectColumnValuesToBeBetween"),
        ("metadata", {"latitude": math.inf}, "metadata.latitude: ExpectColumnValuesToBeBetween"),
        ("metadata", {"sources": [{"field": "title", "source": "hearsay"}]}, "metadata.sources.source:"),
        ("renditions", {"kind": "poster"}, "renditions.kind: ExpectColumnValuesToBeInSet"),
        ("fingerprints", {"sharpness": math.nan}, "fingerprints.sharpness: ExpectColumnValuesToNotBeNull"),
        (
            "texts",
            {"lines": [{"text": "a", "score": 2.0, "x": 0.0, "y": 0.0, "w": 0.1, "h": 0.1}]},
            "texts.lines.score",
        ),
    ],
)
def test_one_bad_value_stops_the_batch_and_is_named(name: str, change: dict[str, Any], said: str) -> None:
    report = judge(name, {1: change})
    assert not report.passed
    assert any(each.startswith(said) for each in broken(report)), broken(report)


def test_a_repeated_primary_key_stops_the_batch_and_names_the_photo() -> None:
    twice = pd.concat([frame_of("photos"), frame_of("photos").head(1)])
    report = check(table("photos"), twice, companions())
    (result,) = [each for each in report.results if "Unique" in each.expectation]
    assert not report.passed
    assert (result.success, result.unexpected_count) == (False, 2)
    assert photo_ids()[0] in result.sample[0]


def test_a_missing_and_an_unknown_column_stop_the_batch() -> None:
    for odd in (frame_of("photos").drop(columns="sha256"), frame_of("photos").assign(guess=1)):
        report = check(table("photos"), odd, companions())
        assert not report.passed
        assert any("ExpectTableColumnsToMatchSet" in each for each in broken(report))


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("photos", {"width": None}, "width and height are both known or both unknown"),
        ("photos", {"size_bytes": 99}, "a photo is as long as the file it was read from"),
        ("metadata", {"taken_offset_minutes": 60}, "taken_utc is taken_local minus the offset"),
        ("metadata", {"taken_utc": None}, "taken_utc is known exactly when time and offset are"),
        ("metadata", {"taken_offset_minutes": None}, "taken_utc is known exactly when time and offset are"),
        ("metadata", {"longitude": None}, "latitude and longitude are both known or both unknown"),
        ("renditions", {"width": 300, "height": 400}, "a rendition has the shape of the upright photo"),
        ("renditions", {"kind": "thumbnail", "output_version": "f" * 12}, "a thumbnail fits 256 × 256"),
        ("fingerprints", {"pixel_digest": "f" * 64}, "a pixel digest is the one recorded with the photo's contents"),
        ("texts", {"line_count": 2}, "line_count is the number of lines"),
        ("texts", {"text": "  "}, "there is text exactly when there are lines"),
        ("texts", {"score": None}, "there is a score exactly when there are lines"),
        ("texts", {"rotation": 45}, "a picture is turned by quarter turns"),
        (
            "texts",
            {"lines": [{"text": "a", "score": 0.5, "x": 0.5, "y": 0.0, "w": 0.51, "h": 0.1}]},
            "boxes stay inside the picture",
        ),
    ],
)
def test_a_photo_that_contradicts_itself_is_set_aside_alone(name: str, change: dict[str, Any], sentence: str) -> None:
    report = judge(name, {2: change})
    photo = frame_of(name)["photo_id"][2]
    assert report.passed, broken(report)
    assert sentence in broken(report)
    assert set(report.quarantined) == {photo}


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("metadata", {"latitude": 0.0, "longitude": 0.0}, "no position is exactly 0, 0, which means unset"),
        ("metadata", {"taken_source": None}, "a time says where it came from"),
        (
            "metadata",
            {"taken_local": datetime.fromisoformat("2090-01-01"), "taken_utc": datetime(2089, 12, 31, 22, tzinfo=UTC)},
            "no photo was taken after it was read",
        ),
    ],
)
def test_an_odd_value_is_only_said(name: str, change: dict[str, Any], sentence: str) -> None:
    report = judge(name, {2: change})
    assert (broken(report), report.passed, dict(report.quarantined)) == ([sentence], True, {})


def test_an_upside_down_photo_swaps_no_sides_and_a_sideways_one_does() -> None:
    turned = frame_of("photos").assign(orientation=[1, 3, 6, 8, 5, 2])
    report = judge("renditions", photos=turned)
    assert set(report.quarantined) == {photo_ids()[n] for n in (2, 3, 4)}


def test_a_photo_whose_output_is_done_but_has_no_rows_is_set_aside() -> None:
    lost = frame_of("metadata").drop(index=4)
    report = check(table("metadata"), lost, companions())
    assert report.quarantined == {photo_ids()[4]: "a photo whose metadata are done has one row"}


def test_a_photo_whose_output_failed_or_is_off_needs_no_rows() -> None:
    given = companions()
    states = given["outputs"]
    states.loc[states["photo_id"] == photo_ids()[4], "state"] = "failed"
    states.loc[states["photo_id"] == photo_ids()[5], "state"] = "off"
    report = check(table("metadata"), frame_of("metadata").drop(index=[4, 5]), given)
    assert (report.passed, dict(report.quarantined)) == (True, {})


@pytest.mark.parametrize("name", ["photo_contents", "photo_files", "metadata", "renditions", "fingerprints", "texts"])
def test_rows_of_an_unknown_photo_stop_the_batch(name: str) -> None:
    report = judge(name, photos=frame_of("photos").drop(index=3))
    assert not report.passed
    assert "every row belongs to a photo that is in photos" in broken(report)


def test_stores_that_disagree_about_a_photo_stop_the_batch() -> None:
    for lacking, sentence in (
        ("photo_contents", "the bytes of every photo are in photo_contents"),
        ("photo_files", "every photo was seen in a file"),
    ):
        report = judge("photos", **{lacking: frame_of(lacking).drop(index=0)})
        assert not report.passed
        assert broken(report) == [sentence]
    report = check(table("photos"), frame_of("photos").drop(index=0), companions())
    assert broken(report) == ["every photo that state knows as taken is in the lake"]


@pytest.mark.parametrize("stored", [None, 4, 6])
def test_an_absent_or_short_object_stops_the_batch(stored: int | None) -> None:
    objects = companions()["objects"].assign(stored_bytes=[5, 5, stored, 5, 5, 5])
    report = judge("renditions", objects=objects)
    assert not report.passed
    assert broken(report) == ["the object store holds every object whole"]


@pytest.mark.parametrize("path", ["/etc/passwd", "a/../../b", ".."])
def test_a_path_that_leaves_its_source_stops_the_batch(path: str) -> None:
    report = judge("photo_files", {0: {"path": path}})
    assert broken(report) == ["paths stay inside their source"]


def test_the_same_bytes_as_two_photos_stop_the_batch() -> None:
    first = frame_of("photo_contents").iloc[0]
    report = judge(
        "photo_contents",
        {1: {"sha256": first["sha256"], "library_id": first["library_id"]}, 0: {"library_id": first["library_id"]}},
    )
    assert not report.passed
    assert "the same bytes are one photo in a library" in broken(report)


def test_a_failure_about_nothing_stops_the_batch() -> None:
    report = judge("failures", {n: {"photo_id": None, "path": None if n == 0 else "a"} for n in range(COUNT)})
    assert broken(report) == ["a failure names its photo or its file"]


def test_rules_are_skipped_and_named_when_columns_cannot_be_trusted_or_companions_are_absent() -> None:
    untrusted = judge("texts", {0: {"photo_id": None}})
    alone = check(table("texts"), frame_of("texts"), {})
    assert "boxes stay inside the picture" in untrusted.skipped
    assert "every row belongs to a photo that is in photos" in alone.skipped
    assert "boxes stay inside the picture" not in alone.skipped


def test_personal_values_are_counted_but_not_shown() -> None:
    report = judge("metadata", {1: {"latitude": 91.25}})
    (result,) = [each for each in report.results if each.expectation.startswith("metadata.latitude: ExpectColumnV")]
    assert photo_ids()[1] in result.sample[0]
    assert "91.25" not in json.dumps(report.as_json())


class Rated(ComputedRow):
    """A row whose columns have other severities than the default."""

    stars: Annotated[int, Column("Stars.", ge=0, le=5, severity=Severity.QUARANTINE)]
    mood: Annotated[str | None, Column("Mood.", values=("good", "bad"), severity=Severity.WARN)]


RATED = Table(name="rated", row=Rated, grain="one row per photo", primary_key=("photo_id",))


def test_the_severity_a_column_declares_is_what_breaking_it_does() -> None:
    rows = [row.model_dump() for row in sample_rows(RATED, 3)]
    rows[0]["stars"], rows[1]["mood"] = 6, "odd"
    report = check(RATED, pd.DataFrame(rows), {})
    assert report.passed
    assert list(report.quarantined) == [rows[0]["photo_id"]]
    assert {result.severity for result in report.results if not result.success} == {Severity.QUARANTINE, Severity.WARN}


def test_what_cannot_be_set_aside_blocks() -> None:
    class Counted(Rated):
        """Rows of no photo."""

    nameless = replace(RATED, row=Counted)
    rows = [row.model_dump() | {"photo_id": None, "stars": 6} for row in sample_rows(nameless, 2)]
    report = check(nameless, pd.DataFrame(rows), {})
    (stars,) = [each for each in report.results if each.expectation.startswith("rated.stars: ExpectColumnValuesToBeB")]
    assert stars.severity is Severity.BLOCK
