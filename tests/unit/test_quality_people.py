"""The gate of people: what must hold of a generation before anyone sees it."""

import uuid
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.people import FACT_KINDS, PERSON_FACES
from darkroom.contracts.table import Severity
from darkroom.domain.curation import FactKind
from darkroom.services.people import BEFORE, DECISIONS, PUBLISHED
from quality.gate import GateReport, check

ANNA, BERTA = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
FACES = [str(uuid.UUID(int=10 + number)) for number in range(6)]


def rows(**changes: list[Any]) -> pd.DataFrame:
    """Six faces on six photos: three of Anna, two of Berta, one of nobody."""
    columns: dict[str, list[Any]] = {
        "generation": [3] * 6,
        "library_id": [str(uuid.UUID(int=9))] * 6,
        "face_id": FACES,
        "photo_id": [str(uuid.UUID(int=20 + number)) for number in range(6)],
        "x": [0.1] * 6,
        "y": [0.1] * 6,
        "w": [0.2] * 6,
        "h": [0.2] * 6,
        "person_id": [ANNA] * 3 + [BERTA] * 2 + [None],
        "confirmed": [True] + [False] * 5,
        "distance": [0.3, 0.3, 0.4, 0.2, 0.2, None],
    }
    return pa.table(columns | changes, schema=arrow_schema(PERSON_FACES)).to_pandas()


def judged(frame: pd.DataFrame, decided=(), published=FACES, before: pd.DataFrame | None = None) -> GateReport:
    evidence = {
        DECISIONS: pd.DataFrame(decided, columns=["face_id", "person_id", "is_theirs"]),
        PUBLISHED: pd.DataFrame({"face_id": published}),
        BEFORE: rows().iloc[:0] if before is None else before,
    }
    return check(PERSON_FACES, frame, evidence)


def broken(report: GateReport) -> list[tuple[str, Severity]]:
    assert not report.skipped
    return [(one.expectation, one.severity) for one in report.results if not one.success]


def test_a_generation_as_it_should_be_passes():
    report = judged(rows(), [(FACES[0], ANNA, True), (FACES[5], ANNA, False)], before=rows())
    assert broken(report) == []
    assert broken(judged(rows().iloc[:0], published=[])) == []


def test_a_face_has_one_person():
    report = judged(pd.concat([rows(), rows().iloc[:1]]))
    assert [one.severity for one in report.results if not one.success] == [Severity.BLOCK]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"photo_id": [str(uuid.UUID(int=20))] * 2 + [str(uuid.UUID(int=30 + n)) for n in range(4)]},
            "two faces of one",
        ),
        ({"distance": [float("inf"), 0.3, 0.4, 0.2, 0.2, None]}, "distances are finite"),
        ({"person_id": [BERTA, ANNA, ANNA, BERTA, BERTA, None]}, "faces are whose somebody said"),
        ({"person_id": [ANNA, ANNA, ANNA, BERTA, BERTA, ANNA]}, "faces are whose somebody said"),
        ({"face_id": [str(uuid.UUID(int=99)), *FACES[1:]]}, "every published face is there"),
    ],
)
def test_what_must_never_be_shown_is_stopped(changes, sentence):
    report = judged(rows(**changes), [(FACES[0], ANNA, True), (FACES[5], ANNA, False)])
    assert not report.passed
    assert any(found.startswith(sentence) and severity is Severity.BLOCK for found, severity in broken(report))


def test_two_faces_of_nobody_in_one_photo_are_no_trouble():
    same = [str(uuid.UUID(int=20))] * 2
    frame = rows(person_id=[None, None, ANNA, BERTA, BERTA, None], photo_id=same + rows()["photo_id"].tolist()[2:])
    assert judged(frame).passed


def test_a_large_change_is_said_but_stops_nothing():
    shuffled = rows(person_id=[ANNA, BERTA, ANNA, BERTA, ANNA, None])
    report = judged(shuffled, before=rows())
    assert report.passed
    assert broken(report) == [("people are mostly who they were", Severity.WARN)]


def test_the_contract_knows_every_kind_of_fact():
    assert tuple(FactKind) == FACT_KINDS
