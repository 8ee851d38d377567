"""Groups of duplicates: what is found, what may never happen, and what people decided."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.duplicate_decisions import Fact, Kind, Verdict
from darkroom.domain.duplicates import Group, nearly_equal, same_bytes, same_pixels
from darkroom.domain.sameness import CLOSE, SURE, File, Pair, Picture

LIBRARY = UUID(int=7)
NOON = datetime.fromisoformat("2024-05-01T12:00:00")


def picture(name: str, size: int = 100, files: int = 1, pixels: str | None = None, flat: bool = False) -> Picture:
    held = tuple(File("source", f"{name}{number}.jpg", name, size) for number in range(files))
    return Picture(name, name, held, "image/jpeg", width=400, height=300, pixel_digest=pixels or name, flat=flat)


def pairs(*names: str, deviation: float = 0.05) -> list[Pair]:
    return [Pair(first, second, deviation, 0.95) for first, second in combinations(names, 2)]


def kept(keeper: str, *others: str, kind: Kind = Kind.NEAR) -> Fact:
    return Fact(kind, Verdict.KEPT, (keeper, *others), keeper)


def dismissed(*photos: str, kind: Kind = Kind.NEAR) -> Fact:
    return Fact(kind, Verdict.DISMISSED, photos)


def withdrawn(*photos: str, kind: Kind = Kind.NEAR) -> Fact:
    return Fact(kind, Verdict.WITHDRAWN, photos)


def told(groups: Iterable[Group]) -> list[tuple[list[str], bool]]:
    return [(list(group.wasted), group.decided) for group in groups]


def test_a_photo_with_several_files_wastes_all_but_one() -> None:
    one, two = picture("one"), picture("two", size=70, files=3)
    assert same_bytes([one, two]) == [Group(Kind.BYTES, {"two": 140}, decided=False)]


def test_files_people_want_to_keep_are_proposed_no_more() -> None:
    photo = picture("a", files=2)
    assert same_bytes([photo], [dismissed("a", kind=Kind.BYTES)]) == []
    assert told(same_bytes([photo], [kept("a", kind=Kind.BYTES)])) == [(["a"], True)]
    changed_their_mind = [dismissed("a", kind=Kind.BYTES), kept("a", kind=Kind.BYTES)]
    assert told(same_bytes([photo], changed_their_mind)) == [(["a"], True)]


def test_equal_pixels_group_and_the_best_is_kept() -> None:
    edited, original = picture("a", 100, pixels="p"), picture("b", 120, pixels="p")
    assert same_pixels([edited, picture("c"), original]) == [Group(Kind.PIXELS, {"b": 0, "a": 100}, decided=False)]


def test_photos_without_pixels_are_no_duplicates_of_each_other() -> None:
    undecodable = [replace(picture(name), pixel_digest=None) for name in "ab"]
    assert same_pixels(undecodable) == []


def test_black_frames_of_different_moments_are_no_duplicates_though_their_pixels_are_equal() -> None:
    first = replace(picture("a", pixels="black", flat=True), camera="canon", taken=NOON)
    later = replace(first, photo_id="b", taken=NOON.replace(second=5))
    copy = replace(first, photo_id="c")
    assert told(same_pixels([first, later])) == []
    assert told(same_pixels([first, later, copy])) == [(["a", "c"], False)]


def test_an_edited_date_does_not_hide_equal_pixels() -> None:
    first = replace(picture("a", pixels="p"), camera="canon", taken=NOON)
    assert told(same_pixels([first, replace(first, photo_id="b", taken=NOON.replace(year=2023))])) == [
        (["a", "b"], False)
    ]


def test_copies_of_copies_do_not_chain() -> None:
    chain = [Pair("a", "b", 0.1, 0.9), Pair("b", "c", 0.1, 0.9), Pair("c", "d", 0.1, 0.9)]
    assert told(nearly_equal([picture(name) for name in "abcd"], chain)) == [(["a", "b"], False), (["c", "d"], False)]


def test_a_copy_joins_the_picture_it_deviates_least_from() -> None:
    found = [Pair("copy", "one", 0.3, 0.9), Pair("two", "copy", 0.02, 0.9)]
    photos = [picture("one", 300), picture("two", 200), picture("copy", 100)]
    assert told(nearly_equal(photos, found)) == [(["two", "copy"], False)]


def test_what_is_told_apart_is_not_grouped() -> None:
    raw = replace(picture("raw"), media_type="image/x-adobe-dng")
    assert nearly_equal([raw, picture("developed")], pairs("raw", "developed")) == []
    assert nearly_equal([picture("a", flat=True), picture("b", flat=True)], pairs("a", "b")) == []


def test_of_equal_pixels_one_stands_for_all_so_that_no_file_is_counted_twice() -> None:
    photos = [picture("a", 500, files=2, pixels="p"), picture("b", 400, pixels="p"), picture("c", 100)]
    pixels = same_pixels(photos)
    near = nearly_equal(photos, pairs("a", "b", "c"), pixels)
    groups = [*same_bytes(photos), *pixels, *near]
    assert [group.wasted for group in groups] == [{"a": 500}, {"a": 0, "b": 400}, {"a": 0, "c": 100}]
    everything = sum(file.size_bytes for photo in photos for file in photo.files)
    assert sum(sum(group.wasted.values()) for group in groups) == everything - 500


def test_a_kept_photo_stays_the_keeper_and_its_group_stays_though_nothing_finds_it_again() -> None:
    photos = [picture("best", 900), picture("chosen", 100), picture("third", 50)]
    facts = [kept("chosen", "best")]
    assert told(nearly_equal(photos, [], facts=facts)) == [(["chosen", "best"], True)]
    again = nearly_equal(photos, pairs("best", "chosen", "third"), facts=facts)
    assert told(again) == [(["chosen", "best", "third"], False)]


def test_dismissed_photos_never_meet_again_not_even_through_a_third() -> None:
    photos = [picture("a", 300), picture("b", 200), picture("c", 100)]
    assert told(nearly_equal(photos, pairs("b", "c"), facts=[dismissed("b", "c")])) == []
    assert told(nearly_equal(photos, pairs("a", "b", "c"), facts=[dismissed("b", "c")])) == [(["a", "b"], False)]
    assert told(nearly_equal([*photos, picture("d", 50)], pairs("a", "b", "c", "d"), facts=[dismissed("b", "c")])) == [
        (["a", "b", "d"], False)
    ]


def test_what_is_withdrawn_counts_no_more() -> None:
    photos = [picture("best", 900), picture("chosen", 100), picture("third", 50)]
    found = nearly_equal(photos, pairs("best", "chosen", "third"))
    for said in (kept("chosen", "best", "third"), dismissed("best", "chosen", "third")):
        facts = [said, withdrawn("best", "chosen", "third")]
        assert nearly_equal(photos, pairs("best", "chosen", "third"), facts=facts) == found
    twice = [picture("a", files=2)]
    for said in (kept("a", kind=Kind.BYTES), dismissed("a", kind=Kind.BYTES)):
        assert same_bytes(twice, [said, withdrawn("a", kind=Kind.BYTES)]) == same_bytes(twice)


def test_withdrawing_leaves_what_was_decided_with_other_photos() -> None:
    photos = [picture("a", 300), picture("b", 200), picture("c", 100)]
    facts = [kept("a", "b"), kept("a", "c"), withdrawn("a", "b")]
    assert told(nearly_equal(photos, [], facts=facts)) == [(["a", "c"], True)]
    facts = [dismissed("a", "b"), dismissed("b", "c"), withdrawn("a", "b")]
    assert told(nearly_equal(photos, pairs("a", "b", "c"), facts=facts)) == [(["a", "b"], False)]


def test_photos_dismissed_as_equal_pixels_are_not_proposed_as_nearly_equal() -> None:
    photos = [picture("a", 300, pixels="p"), picture("b", 200, pixels="p")]
    facts = [dismissed("a", "b", kind=Kind.PIXELS)]
    assert same_pixels(photos, facts) == []
    assert nearly_equal(photos, pairs("a", "b"), [], facts) == []


def test_the_newest_decision_counts() -> None:
    photos = [picture(name) for name in "abc"]
    found = pairs("a", "b", "c")
    assert told(nearly_equal(photos, found, facts=[dismissed("a", "b", "c"), kept("b", "a", "c")])) == [
        (["b", "a", "c"], True)
    ]
    assert told(nearly_equal(photos, found, facts=[kept("b", "a", "c"), kept("c", "a", "b")])) == [
        (["c", "a", "b"], True)
    ]
    assert told(nearly_equal(photos, found, facts=[kept("b", "a", "c"), dismissed("a", "b", "c")])) == []


def test_a_decision_about_a_group_holds_for_those_that_were_decided_with_its_former_keeper() -> None:
    photos = [picture(name) for name in "abcd"]
    assert told(nearly_equal(photos, [], facts=[kept("a", "b"), kept("c", "a")])) == [(["c", "a", "b"], True)]


def test_a_decision_about_a_photo_holds_for_the_one_of_equal_pixels_that_stands_for_it() -> None:
    photos = [picture("a", 500, pixels="p"), picture("b", 400, pixels="p"), picture("c", 100), picture("d", 50)]
    facts = [kept("b", "c"), dismissed("b", "d"), kept("a", "b", kind=Kind.PIXELS)]
    pixels = same_pixels(photos, facts)
    assert told(nearly_equal(photos, pairs("a", "b", "d"), pixels, facts)) == [(["a", "c"], True)]


def test_a_decision_about_a_photo_that_is_gone_binds_nobody() -> None:
    photos = [picture("b", 200), picture("c", 100)]
    facts = [kept("a", "b", "c")]
    assert told(nearly_equal(photos, [], facts=facts)) == []
    assert told(nearly_equal(photos, pairs("b", "c"), facts=facts)) == [(["b", "c"], False)]


def test_a_group_keeps_its_name_while_its_first_photo_stays() -> None:
    few, more = nearly_equal([picture(n) for n in "abc"], pairs("a", "b")), None
    more = nearly_equal([picture(n) for n in "abc"], pairs("a", "b", "c"))
    assert few[0].id(LIBRARY) == more[0].id(LIBRARY) == uuid5(LIBRARY, "near:a")
    assert same_pixels([picture("a", pixels="p"), picture("b", pixels="p")])[0].id(LIBRARY) != few[0].id(LIBRARY)


NAMES = [f"p{number:02}" for number in range(12)]
numbers = st.integers(0, 11)
measured = st.builds(
    Pair,
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.floats(0, 0.6),
    st.one_of(st.none(), st.floats(-0.2, 1)),
)
photographs = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.sampled_from(["", "p", "q"]), st.booleans()),
    min_size=12,
    max_size=12,
).map(
    lambda facts: [
        picture(name, size, files, pixels or None, flat and not pixels)
        for name, (size, files, pixels, flat) in zip(NAMES, facts, strict=True)
    ]
)
facts = st.lists(
    st.builds(
        lambda kind, verdict, photos: Fact(kind, verdict, photos, photos[0] if verdict is Verdict.KEPT else None),
        st.sampled_from([Kind.PIXELS, Kind.NEAR]),
        st.sampled_from(Verdict),
        st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True).map(tuple),
    ),
    max_size=6,
)


def detect(photos: Sequence[Picture], found: Sequence[Pair], said: Sequence[Fact]) -> list[Group]:
    pixels = same_pixels(photos, said)
    return [*same_bytes(photos, said), *pixels, *nearly_equal(photos, found, pixels, said)]


@given(photographs, st.lists(measured, max_size=40), facts, st.randoms(use_true_random=False))
def test_neither_the_order_of_photos_nor_of_pairs_nor_their_direction_matters(
    photos: list[Picture], found: list[Pair], said: list[Fact], shuffler: random.Random
) -> None:
    mixed = [pair if shuffler.random() < 0.5 else replace(pair, first=pair.second, second=pair.first) for pair in found]
    shuffler.shuffle(mixed)
    others = shuffler.sample(photos, len(photos))
    assert detect(others, mixed, said) == detect(photos, found, said) == detect(photos, [*found, *found], said)


@given(photographs, st.lists(measured, max_size=40), facts)
def test_groups_partition_photos_and_waste_no_byte_twice(
    photos: list[Picture], found: list[Pair], said: list[Fact]
) -> None:
    groups = detect(photos, found, said)
    for kind in Kind:
        members = [photo for group in groups if group.kind is kind for photo in group.wasted]
        assert len(members) == len(set(members))
    assert all(len(group.wasted) > 1 for group in groups if group.kind is not Kind.BYTES)
    redundant = {photo for group in groups if group.kind is not Kind.BYTES for photo in list(group.wasted)[1:]}
    kept_files = sum(photo.kept_file.size_bytes for photo in photos if photo.photo_id not in redundant)
    everything = sum(file.size_bytes for photo in photos for file in photo.files)
    assert sum(sum(group.wasted.values()) for group in groups) == everything - kept_files


@given(photographs, st.lists(measured, max_size=40))
def test_every_photo_of_an_undecided_group_was_measured_against_its_keeper(
    photos: list[Picture], found: list[Pair]
) -> None:
    known = {photo.photo_id: photo for photo in photos}
    for group in detect(photos, found, []):
        for photo in list(group.wasted)[1:]:
            if group.kind is Kind.PIXELS:
                assert known[photo].pixel_digest == known[group.keeper].pixel_digest
            elif group.kind is Kind.NEAR:
                measures = [pair for pair in found if {pair.first, pair.second} == {photo, group.keeper}]
                assert min(pair.deviation for pair in measures) <= CLOSE
                assert any(pair.deviation <= SURE or (pair.likeness or 0) > 0 for pair in measures)


@given(photographs, st.lists(measured, max_size=40), facts)
def test_a_newest_decision_is_always_honoured(photos: list[Picture], found: list[Pair], said: list[Fact]) -> None:
    if not said:
        return
    newest, groups = said[-1], detect(photos, found, said)
    together = {frozenset(pair) for group in groups for pair in combinations(group.wasted, 2)}
    if newest.verdict is Verdict.DISMISSED:
        assert together.isdisjoint(frozenset(pair) for pair in combinations(newest.photo_ids, 2))
    elif newest.verdict is Verdict.KEPT and newest.kind is Kind.PIXELS:
        [group] = [one for one in groups if one.kind is Kind.PIXELS and one.keeper == newest.keeper_id]
        assert set(newest.photo_ids) <= set(group.wasted)


@given(photographs, st.lists(measured, max_size=40))
def test_agreeing_with_what_is_proposed_changes_no_group(photos: list[Picture], found: list[Pair]) -> None:
    groups = detect(photos, found, [])
    agreed = [Fact(group.kind, Verdict.KEPT, tuple(group.wasted), group.keeper) for group in groups]
    again = detect(photos, found, agreed)
    assert [(group.kind, group.wasted) for group in again] == [(group.kind, group.wasted) for group in groups]
    assert all(group.decided for group in again)


@given(photographs, st.lists(measured, max_size=40), st.sampled_from([Verdict.KEPT, Verdict.DISMISSED]))
def test_when_every_decision_is_withdrawn_groups_are_as_they_were_found(
    photos: list[Picture], found: list[Pair], verdict: Verdict
) -> None:
    groups = detect(photos, found, [])
    said = []
    for group in groups:
        everyone, last = tuple(group.wasted), list(group.wasted)[-1]
        said += [Fact(group.kind, verdict, everyone, last if verdict is Verdict.KEPT else None)]
        said += [Fact(group.kind, Verdict.WITHDRAWN, everyone)]
    assert detect(photos, found, said) == groups
