"""What a schema cannot say of duplicates and stacks: one group a photo, waste that is there, decisions that hold."""

import uuid
from typing import Any

import pandas as pd
import pytest

from darkroom.contracts.duplicates import DUPLICATE_KINDS, DUPLICATES, STACK_KINDS, STACKS, Duplicate, Stacked
from darkroom.domain.duplicate_decisions import Kind
from darkroom.domain.stacks import StackKind
from darkroom.services.evidence import DECISIONS, FILES
from quality.gate import check

LIBRARY = str(uuid.UUID(int=9))
A, B, C = (str(uuid.uuid5(uuid.NAMESPACE_URL, name)) for name in "abc")
SIZES = {A: [100, 100, 90], B: [70], C: [50]}


def row(kind: str, group: int, photo: str, keeper: bool = False, **changed: Any) -> dict[str, Any]:
    sizes = SIZES[photo]
    wasted = sum(sizes[1:]) if kind == "bytes" else 0 if keeper else sizes[0]
    values = {
        "generation": 1,
        "library_id": LIBRARY,
        "group_id": str(uuid.UUID(int=group)),
        "kind": kind,
        "photo_id": photo,
        "is_keeper": keeper or kind == "bytes",
        "decided": False,
        "files": len(sizes),
        "size_bytes": sizes[0],
        "wasted_bytes": wasted,
    }
    return Duplicate(**{**values, **changed}).model_dump()


GOOD = [row("bytes", 1, A), row("pixels", 2, A, keeper=True), row("pixels", 2, B), row("near", 3, A, keeper=True)]
GOOD += [row("near", 3, C)]


def broken(
    rows: list[dict[str, Any]], decisions: list[tuple[str, ...]] = (), files: dict[str, list[int]] = SIZES
) -> set[str]:
    held = [{"photo_id": photo, "sha256": "s", "size_bytes": size} for photo, sizes in files.items() for size in sizes]
    said = pd.DataFrame(list(decisions), columns=["kind", "photo_id", "other_id", "verdict"], dtype=str)
    frame = pd.DataFrame(rows, columns=list(Duplicate.model_fields))
    if not rows:
        frame = pd.DataFrame([row("near", 1, A)])[:0]
    report = check(DUPLICATES, frame, {DECISIONS: said, FILES: pd.DataFrame(held)})
    assert report.skipped == ()
    return {result.expectation for result in report.results if not result.success}


def test_whole_groups_pass_and_so_does_a_library_without_any() -> None:
    assert broken(GOOD) == set()
    assert broken([]) == set()


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([*GOOD, row("near", 4, B, keeper=True), row("near", 4, C)], "a photo is in at most one group of a kind"),
        ([row("near", 3, A, keeper=True)], "a group has two photos, or one photo in two files"),
        ([row("bytes", 1, B)], "a group has two photos, or one photo in two files"),
        ([row("near", 3, A), row("near", 3, C)], "a group keeps one photo"),
        ([row("near", 3, A, keeper=True), row("near", 3, C, keeper=True)], "a group keeps one photo"),
        (
            [row("near", 3, A, keeper=True), row("near", 3, C, decided=True)],
            "a group is of one kind and one library, decided or not",
        ),
        ([row("near", 3, A, keeper=True), row("near", 3, C, wasted_bytes=0)], "what is wasted is what is not kept"),
        ([*GOOD[1:3], row("near", 3, C, keeper=True), row("near", 3, B)], "no photo is wasted twice"),
        ([row("bytes", 1, A, wasted_bytes=100)], "files and their sizes are the published ones"),
        ([row("bytes", 1, A, files=2)], "files and their sizes are the published ones"),
        (
            [row("near", 3, A, keeper=True), row("near", 3, C, size_bytes=51, wasted_bytes=51)],
            "files and their sizes are the published ones",
        ),
    ],
)
def test_each_broken_rule_is_named(rows: list[dict[str, Any]], sentence: str) -> None:
    assert sentence in broken(rows)


def test_a_file_that_is_no_longer_published_is_noticed() -> None:
    assert broken(GOOD, files={**SIZES, C: []}) >= {"files and their sizes are the published ones"}


@pytest.mark.parametrize(
    "decision",
    [
        ("near", C, A, "dismissed"),
        ("pixels", A, B, "dismissed"),
        ("bytes", A, A, "dismissed"),
        ("near", A, C, "kept"),
        ("pixels", C, A, "kept"),
    ],
)
def test_a_decision_that_does_not_hold_is_noticed(decision: tuple[str, ...]) -> None:
    assert broken(GOOD, [decision]) == {"what people decided holds"}


@pytest.mark.parametrize(
    "decision",
    [
        ("near", C, A, "kept"),
        ("near", B, A, "dismissed"),
        ("bytes", B, B, "dismissed"),
    ],
    ids=["kept", "apart", "no group"],
)
def test_a_decision_that_holds_passes(decision: tuple[str, ...]) -> None:
    assert broken(GOOD, [decision]) == set()


def test_decisions_are_judged_where_nothing_is_known_of_files() -> None:
    said = pd.DataFrame([("near", C, A, "dismissed")], columns=["kind", "photo_id", "other_id", "verdict"])
    report = check(DUPLICATES, pd.DataFrame(GOOD), {DECISIONS: said})
    assert report.skipped == ("files and their sizes are the published ones",)
    assert [result.expectation for result in report.results if not result.success] == ["what people decided holds"]


def test_two_redundant_photos_people_hold_apart_are_noticed_though_neither_is_kept() -> None:
    rows = [row("near", 3, A, keeper=True), row("near", 3, B), row("near", 3, C)]
    assert broken(rows, [("near", B, C, "dismissed")]) == {"what people decided holds"}


def stack(stack_id: int, photo: str, position: int, kind: str = "burst") -> dict[str, Any]:
    values = {"generation": 1, "library_id": LIBRARY, "stack_id": str(uuid.UUID(int=stack_id)), "kind": kind}
    return Stacked(**values, photo_id=photo, position=position).model_dump()


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        ([stack(1, A, 0), stack(1, B, 1), stack(2, A, 1, "raw_jpeg"), stack(2, C, 0, "raw_jpeg")], set()),
        (
            [stack(1, A, 0), stack(1, B, 1), stack(2, A, 0), stack(2, C, 1)],
            {"a photo is in at most one stack of a kind"},
        ),
        ([stack(1, A, 0)], {"a stack has two photos"}),
        ([stack(1, A, 0), stack(1, B, 2)], {"places in a stack are counted from 0"}),
        ([stack(1, A, 1), stack(1, B, 2)], {"places in a stack are counted from 0"}),
    ],
)
def test_stacks_are_whole_and_in_order(rows: list[dict[str, Any]], sentences: set[str]) -> None:
    report = check(STACKS, pd.DataFrame(rows), {})
    assert {result.expectation for result in report.results if not result.success} == sentences


def test_the_kinds_of_the_rows_are_the_kinds_of_the_rules() -> None:
    assert tuple(Kind) == DUPLICATE_KINDS
    assert tuple(StackKind) == STACK_KINDS
