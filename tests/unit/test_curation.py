"""What was decided about people, replayed."""

import uuid

import pytest

from darkroom.domain.boxes import counterpart, overlap
from darkroom.domain.curation import Fact, FactKind, Place, honoured, remembered, replay, tidy_name

ANNA, BERTA, CARLA = (uuid.UUID(int=number) for number in (101, 102, 103))
PHOTO, OTHER = uuid.UUID(int=201), uuid.UUID(int=202)
LEFT, RIGHT = (0.1, 0.1, 0.2, 0.3), (0.6, 0.1, 0.2, 0.3)
ONE, TWO, THREE = (uuid.UUID(int=number) for number in (1, 2, 3))
FACES = {ONE: Place(PHOTO, LEFT), TWO: Place(PHOTO, RIGHT), THREE: Place(OTHER, LEFT)}


def said(kind: FactKind, person: uuid.UUID, face: uuid.UUID | None = None, **more) -> Fact:
    return Fact(kind, person, place=FACES[face] if face else None, **more)


def test_boxes_overlap_by_what_they_share_of_what_they_cover():
    assert overlap(LEFT, LEFT) == pytest.approx(1)
    assert overlap(LEFT, RIGHT) == 0
    assert round(overlap((0, 0, 0.2, 0.2), (0.1, 0, 0.2, 0.2)), 6) == round(1 / 3, 6)
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_a_box_is_found_again_when_most_of_it_is_the_same():
    moved = (0.12, 0.11, 0.2, 0.3)
    assert counterpart(moved, {ONE: LEFT, TWO: RIGHT}) == ONE
    assert counterpart((0.25, 0.1, 0.2, 0.3), {ONE: LEFT, TWO: RIGHT}) is None
    assert counterpart(moved, {}) is None


def test_the_last_name_is_the_name_and_no_name_is_none():
    facts = [said(FactKind.NAMED, ANNA, name="Ana"), said(FactKind.NAMED, BERTA, name="B"), said(FactKind.NAMED, BERTA)]
    curation = replay([*facts, said(FactKind.NAMED, ANNA, name="Anna")], {})
    assert curation.names == {ANNA: "Anna"}
    assert curation.people == {ANNA, BERTA}


def test_hidden_people_can_be_shown_again():
    facts = [said(FactKind.HIDDEN, ANNA), said(FactKind.HIDDEN, BERTA), said(FactKind.SHOWN, ANNA)]
    assert replay(facts, {}).hidden == {BERTA}


def test_a_face_is_whose_it_was_last_said_to_be():
    facts = [said(FactKind.CONFIRMED, ANNA, ONE), said(FactKind.CONFIRMED, BERTA, ONE)]
    assert replay(facts, FACES).anchors == {ONE: BERTA}


def test_a_rejection_holds_until_the_face_is_confirmed():
    no, yes = said(FactKind.REJECTED, ANNA, ONE), said(FactKind.CONFIRMED, ANNA, ONE)
    assert replay([yes, no], FACES).refusals == {ONE: {ANNA}} and not replay([yes, no], FACES).anchors
    assert not replay([no, yes], FACES).refusals and replay([no, yes], FACES).anchors == {ONE: ANNA}
    later = [no, said(FactKind.NAMED, ANNA, ONE, name="Anna")]
    assert replay(later, FACES).refusals == {ONE: {ANNA}} and not replay(later, FACES).hints


def test_decisions_find_the_faces_of_another_finder_by_where_they_are():
    shifted = {THREE: Place(PHOTO, (0.11, 0.12, 0.2, 0.28)), TWO: Place(OTHER, LEFT)}
    facts = [said(FactKind.CONFIRMED, ANNA, ONE), said(FactKind.REJECTED, BERTA, TWO)]
    curation = replay(facts, shifted)
    assert curation.anchors == {THREE: ANNA}
    assert not curation.refusals
    assert curation.people == {ANNA, BERTA}


def test_whatever_was_said_of_somebody_merged_away_is_said_of_who_they_are_now():
    facts = [
        said(FactKind.CONFIRMED, ANNA, ONE),
        said(FactKind.REJECTED, BERTA, THREE),
        said(FactKind.NAMED, ANNA, name="Anna"),
        said(FactKind.MERGED, ANNA, into_person_id=BERTA),
        said(FactKind.MERGED, BERTA, into_person_id=CARLA),
    ]
    curation = replay(facts, FACES)
    assert curation.merged == {ANNA: CARLA, BERTA: CARLA}
    assert curation.people == {CARLA}
    assert curation.anchors == {ONE: CARLA}
    assert curation.refusals == {THREE: {CARLA}}
    assert not curation.names


def test_a_circle_of_merges_ends():
    facts = [
        said(FactKind.MERGED, ANNA, into_person_id=BERTA),
        said(FactKind.MERGED, BERTA, into_person_id=ANNA),
        said(FactKind.MERGED, CARLA, into_person_id=CARLA),
    ]
    assert replay(facts, FACES).merged == {ANNA: BERTA}


def test_of_two_faces_of_one_photo_the_one_confirmed_last_is_the_person():
    facts = [said(FactKind.CONFIRMED, ANNA, ONE), said(FactKind.CONFIRMED, ANNA, TWO)]
    assert replay(facts, FACES).anchors == {TWO: ANNA}
    merged = [
        said(FactKind.CONFIRMED, ANNA, ONE),
        said(FactKind.CONFIRMED, BERTA, TWO),
        said(FactKind.MERGED, ANNA, into_person_id=BERTA),
    ]
    assert replay(merged, FACES).anchors == {TWO: BERTA}


def test_faces_are_remembered_by_id_or_by_where_they_were():
    before = {ONE: (FACES[ONE], ANNA), TWO: (FACES[TWO], BERTA)}
    again, elsewhere, beside = (uuid.UUID(int=number) for number in (11, 12, 13))
    now = {
        ONE: FACES[ONE],
        again: Place(PHOTO, (0.61, 0.12, 0.2, 0.3)),
        elsewhere: Place(OTHER, RIGHT),
        beside: Place(PHOTO, (0.11, 0.1, 0.2, 0.3)),
    }
    assert remembered(before, now) == {ONE: ANNA, again: BERTA}
    assert remembered({}, now) == {}


def test_decisions_nobody_knew_of_yet_are_honoured():
    whose = {ONE: ANNA, TWO: CARLA, THREE: ANNA}
    assert honoured(whose, replay([], FACES), FACES) == whose
    facts = [
        said(FactKind.REJECTED, ANNA, THREE),
        said(FactKind.MERGED, CARLA, into_person_id=BERTA),
    ]
    assert honoured(whose, replay(facts, FACES), FACES) == {ONE: ANNA, TWO: BERTA}
    assert honoured(whose, replay([said(FactKind.CONFIRMED, ANNA, TWO)], FACES), FACES) == {TWO: ANNA, THREE: ANNA}
    together = replay([said(FactKind.MERGED, CARLA, into_person_id=ANNA)], FACES)
    assert honoured(whose, together, FACES) == {ONE: ANNA, THREE: ANNA}


def test_names_keep_what_can_be_seen_of_them():
    assert tidy_name("  Anna \t Mu\u0308ller\n") == "Anna M\u00fcller"
    assert tidy_name("An\x00na \ud800 \U0001f468\u200d\U0001f467") == "Anna \U0001f468\u200d\U0001f467"
    assert tidy_name(" \x07 ") is tidy_name("") is tidy_name(None) is None
