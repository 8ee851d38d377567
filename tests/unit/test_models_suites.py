"""The gates of what models make: vectors, faces, and what is told of the models' runs."""

from __future__ import annotations

import math
import uuid
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.catalogue import table
from darkroom.contracts.table import Severity
from darkroom.testing.library import batch_rows, version_of
from quality.gate import GateReport, check
from quality.rules import DIMENSIONS, OBJECTS, OUTPUTS

SIZE = 2
"""How many numbers vectors and descriptors of the batch have, as their providers declare."""

NUMBERS = range(6)
"""Photos that can all be decoded; those with the numbers 2 and 5 show no face."""

OF_MODELS = ("faces", "embeddings.visual", "embeddings.document")
VECTORS = pytest.mark.parametrize("name", ["embeddings_visual", "embeddings_document"])
UNIT = "vectors are finite, of length 1 and of the size their model declares"
COMPARABLE = "descriptors of a version can be compared"
INSIDE = "boxes stay inside the picture"
DONE = "only photos whose faces are done have faces"


def rows_of(name: str) -> list[dict[str, Any]]:
    return [row.model_dump() for row in batch_rows(1, NUMBERS)[name]]


def frame_of(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pa.Table.from_pylist(rows, schema=arrow_schema(table(name))).to_pandas()


def companions(faces: str = "done", generation: int = 1) -> dict[str, pd.DataFrame]:
    """What else is known of the photos.

    `faces` is how the faces of the first one stand; `generation` that of the outputs the providers make.
    """
    photos = rows_of("photos")
    states = [
        {"photo_id": photo["photo_id"], "output": name, "state": "done"} for photo in photos for name in OF_MODELS
    ]
    declared = [
        {"output": name, "output_version": version_of(name, generation), "dimensions": SIZE} for name in OF_MODELS
    ]
    states[0]["state"] = faces
    objects = [
        {"photo_id": face["photo_id"], "kind": "face", "sha256": "0", "size_bytes": 4, "stored_bytes": 4}
        for face in rows_of("faces")
    ]
    batches = [{"batch_id": row["batch_id"], "files": row["files"]} for row in rows_of("batches")]
    return {
        "photos": frame_of("photos", photos),
        "batches": pd.DataFrame(batches),
        OUTPUTS: pd.DataFrame(states),
        OBJECTS: pd.DataFrame(objects),
        DIMENSIONS: pd.DataFrame(declared),
    }


def judge(name: str, rows: list[dict[str, Any]], **known: Any) -> GateReport:
    report = check(table(name), frame_of(name, rows), companions(**known))
    assert not report.skipped or not report.passed, report.skipped
    return report


def changed(name: str, **values: Any) -> list[dict[str, Any]]:
    """Rows of the batch, the first of which has other values."""
    first, *others = rows_of(name)
    return [{**first, **values}, *others]


def broken(report: GateReport) -> list[tuple[str, Severity]]:
    return [(one.expectation, one.severity) for one in report.results if not one.success]


def assert_set_aside(report: GateReport, sentence: str, photo: str) -> None:
    """The gate lets the batch pass without this photo, for this reason and no other."""
    assert (broken(report), report.passed) == ([(sentence, Severity.QUARANTINE)], True)
    assert report.quarantined == {photo: sentence}


@pytest.mark.parametrize("name", ["embeddings_visual", "embeddings_document", "faces", "model_runs"])
def test_what_models_make_of_a_good_batch_passes(name: str) -> None:
    report = judge(name, rows_of(name))
    assert (broken(report), report.passed, report.quarantined) == ([], True, {})


@VECTORS
@pytest.mark.parametrize(
    "vector",
    [
        pytest.param([math.nan, 0.0], id="not a number"),
        pytest.param([math.inf, 0.0], id="infinite"),
        pytest.param([2.0, 0.0], id="of length 2"),
        pytest.param([0.0, 0.0], id="of length 0"),
        pytest.param([0.998, 0.0], id="a little short"),
        pytest.param([1.0], id="too few numbers"),
        pytest.param([0.6, 0.8, 0.0], id="too many numbers"),
        pytest.param([], id="no numbers"),
    ],
)
def test_a_photo_with_a_vector_that_cannot_be_compared_is_set_aside(name: str, vector: list[float]) -> None:
    rows = changed(name, vector=vector)
    assert_set_aside(judge(name, rows), UNIT, rows[0]["photo_id"])


@VECTORS
def test_rounding_makes_no_vector_wrong(name: str) -> None:
    assert broken(judge(name, changed(name, vector=[0.9995, 0.0]))) == []


@VECTORS
def test_two_vectors_for_one_photo_and_space_stop_the_batch(name: str) -> None:
    rows = rows_of(name)
    report = judge(name, [*rows, {**rows[0], "vector": [0.6, 0.8]}])
    assert not report.passed
    [(sentence, severity)] = broken(report)
    assert "ExpectCompoundColumnsToBeUnique" in sentence and severity is Severity.BLOCK
    [told] = [one for one in report.results if not one.success]
    assert told.unexpected_count == 2
    assert rows[0]["photo_id"] in told.sample[0]


@VECTORS
def test_a_photo_whose_vector_is_done_but_was_lost_is_set_aside(name: str) -> None:
    lost, *rows = rows_of(name)
    [(sentence, severity)] = broken(report := judge(name, rows))
    assert (sentence, severity) == (f"a photo whose {table(name).output} are done has one row", Severity.QUARANTINE)
    assert set(report.quarantined) == {lost["photo_id"]}


@pytest.mark.parametrize("name", ["embeddings_visual", "embeddings_document", "faces"])
def test_what_models_make_of_an_unknown_photo_stops_the_batch(name: str) -> None:
    report = judge(name, changed(name, photo_id=str(uuid.UUID(int=1))))
    assert not report.passed
    assert ("every row belongs to a photo that is in photos", Severity.BLOCK) in broken(report)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param({"x": 0.6, "w": 0.5}, id="over the right edge"),
        pytest.param({"y": 0.6, "h": 0.5}, id="over the lower edge"),
        pytest.param({"w": 0.0}, id="without width"),
        pytest.param({"h": 0.0}, id="without height"),
    ],
)
def test_a_photo_with_a_face_outside_the_picture_is_set_aside(box: dict[str, float]) -> None:
    rows = changed("faces", **box)
    assert_set_aside(judge("faces", rows), INSIDE, rows[0]["photo_id"])


def test_a_face_at_the_very_edge_is_inside() -> None:
    assert broken(judge("faces", changed("faces", x=0.1 + 0.2, w=0.7, y=0.0, h=1.0))) == []


@pytest.mark.parametrize("state", ["failed", "missing", "off"])
def test_a_photo_with_faces_that_are_not_done_is_set_aside(state: str) -> None:
    rows = rows_of("faces")
    assert_set_aside(judge("faces", rows, faces=state), DONE, rows[0]["photo_id"])


def test_a_photo_without_faces_needs_no_rows() -> None:
    _, *rows = rows_of("faces")
    assert broken(judge("faces", rows)) == []


@pytest.mark.parametrize(
    "descriptor",
    [
        pytest.param([math.nan, 1.0], id="not a number"),
        pytest.param([1.0, -math.inf], id="infinite"),
        pytest.param([1.0], id="too few numbers"),
        pytest.param([], id="no numbers"),
        pytest.param([1.0, 0.0, 0.0], id="too many numbers"),
    ],
)
def test_a_photo_with_a_descriptor_that_cannot_be_compared_is_set_aside(descriptor: list[float]) -> None:
    rows = changed("faces", descriptor=descriptor)
    assert_set_aside(judge("faces", rows), COMPARABLE, rows[0]["photo_id"])


SIZED = pytest.mark.parametrize(
    ("name", "column", "sentence"),
    [
        ("embeddings_visual", "vector", UNIT),
        ("embeddings_document", "vector", UNIT),
        ("faces", "descriptor", COMPARABLE),
    ],
)


@SIZED
@pytest.mark.parametrize("wrong", [[1.0], [0.6, 0.0, 0.8]])
def test_numbers_of_another_count_than_declared_are_wrong_even_where_all_have_it(
    name: str, column: str, sentence: str, wrong: list[float]
) -> None:
    rows = [{**row, column: wrong} for row in rows_of(name)]
    report = judge(name, rows)
    assert broken(report) == [(sentence, Severity.QUARANTINE)]
    assert report.quarantined == {row["photo_id"]: sentence for row in rows}


@SIZED
def test_numbers_of_a_version_nobody_declares_are_compared_with_each_other(
    name: str, column: str, sentence: str
) -> None:
    whole = [{**row, column: [0.6, 0.0, 0.8]} for row in rows_of(name)]
    assert broken(judge(name, whole, generation=2)) == []
    odd = [{**whole[0], column: [1.0, 0.0, 0.0, 0.0]}, *whole[1:]]
    assert_set_aside(judge(name, odd, generation=2), sentence, odd[0]["photo_id"])


@pytest.mark.parametrize("name", ["embeddings_visual", "embeddings_document", "faces", "model_runs"])
def test_a_batch_of_which_models_made_nothing_meets_what_is_said_of_rows(name: str) -> None:
    known = companions()
    known[OUTPUTS]["state"] = "failed"
    report = check(table(name), frame_of(name, []), known)
    assert (broken(report), report.passed, report.skipped) == ([], True, ())


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"photos_done": 0, "photos_failed": 0}, "a run answered for or failed on a photo"),
        ({"photos_done": len(NUMBERS), "photos_failed": 1}, "a run had no more photos than its batch"),
    ],
)
def test_an_odd_run_of_a_model_is_only_said(counts: dict[str, int], sentence: str) -> None:
    report = judge("model_runs", changed("model_runs", **counts))
    assert (broken(report), report.passed, report.quarantined) == ([(sentence, Severity.WARN)], True, {})
