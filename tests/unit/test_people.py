"""Whose face is whose."""

import itertools
import random
import uuid
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.domain.curation import Curation, Fact, FactKind, Place, replay
from darkroom.domain.people import Face, Neighbours, assign

LIBRARY = uuid.UUID(int=1)
ANNA, BERTA, CARLA = (uuid.UUID(int=100 + number) for number in range(3))
NOTHING = replay([], {})


def face(number: int, photo: int | None = None, size: int = 100) -> Face:
    return Face(uuid.UUID(int=number + 1), uuid.UUID(int=1000 + (number if photo is None else photo)), size)


def limit(size: int) -> float | None:
    return 0.5 if size >= 50 else 0.4 if size >= 20 else None


def neighbours(pairs: dict[tuple[int, int], float]) -> Neighbours:
    left, right = [list(ends) for ends in zip(*pairs, strict=True)] or [[], []] if pairs else ([], [])
    return Neighbours(np.array(left, np.int64), np.array(right, np.int64), np.array(list(pairs.values()), np.float64))


def group(*members: int, distance: float = 0.2) -> dict[tuple[int, int], float]:
    return dict.fromkeys(itertools.combinations(members, 2), distance)


def whose(faces, pairs, memory=None, curation=NOTHING) -> list[uuid.UUID | None]:
    found = assign(LIBRARY, faces, neighbours(pairs), limit, memory or {}, curation)
    return [found[one.id].person_id for one in faces]


def remembered(faces, people) -> dict[uuid.UUID, uuid.UUID]:
    return {one.id: person for one, person in zip(faces, people, strict=True) if person}


def decided(**given) -> Curation:
    people = {*given.get("anchors", {}).values(), *given.get("hints", {}).values(), *given.get("people", ())}
    people |= {person for whose in given.get("refusals", {}).values() for person in whose}
    empty = {"merged": {}, "names": {}, "hidden": frozenset(), "anchors": {}, "hints": {}, "refusals": {}}
    return Curation(**{**empty, **given, "people": frozenset(people)})


def test_faces_that_look_alike_are_one_person_and_a_lone_face_is_one_too():
    first, second, third = whose([face(0), face(1), face(2)], {(0, 1): 0.3, (1, 2): 0.6})
    assert first == second != third and third is not None


def test_the_smaller_face_decides_how_close_two_must_be():
    pairs = {(0, 1): 0.45}
    assert len(set(whose([face(0), face(1)], pairs))) == 1
    assert len(set(whose([face(0), face(1, size=30)], pairs))) == 2


def test_a_face_too_small_to_compare_is_nobodys_unless_somebody_said_whose_it_is():
    faces = [face(0), face(1, size=10)]
    assert whose(faces, {(0, 1): 0.01})[1] is None
    assert whose(faces, {(0, 1): 0.01}, curation=decided(anchors={faces[1].id: ANNA}))[1] == ANNA


def test_two_faces_of_one_photo_are_two_people_however_alike():
    people = whose([face(0, photo=7), face(1, photo=7), face(2)], {(0, 1): 0.01, (0, 2): 0.1, (1, 2): 0.2})
    assert people[0] == people[2] != people[1]


def test_a_cluster_keeps_the_person_it_mostly_was_and_what_left_it_is_somebody_new():
    faces = [face(number) for number in range(5)]
    people = whose(faces, group(0, 1, 2) | group(3, 4), remembered(faces, [ANNA, ANNA, BERTA, ANNA, None]))
    assert people[:3] == [ANNA] * 3 and people[3] == people[4] not in (ANNA, BERTA)


def test_new_ids_are_the_same_every_time_and_nobody_elses():
    faces = [face(number) for number in range(3)]
    first = whose(faces, group(0, 1, 2))[0]
    assert whose(faces, group(0, 1, 2))[0] == first
    parted = whose(faces, group(1, 2), remembered(faces, [first] * 3))
    assert parted[1] == parted[2] == first and parted[0] not in (first, None)


def test_a_name_stays_with_the_faces_that_had_it_when_nothing_else_is_known():
    faces = [face(number) for number in range(6)]
    curation = decided(hints={faces[0].id: ANNA, faces[1].id: ANNA, faces[3].id: BERTA}, people=[ANNA, BERTA])
    assert whose(faces, group(0, 1, 2) | group(3, 4, 5), curation=curation) == [ANNA] * 3 + [BERTA] * 3


def test_two_named_people_whose_faces_grew_together_stay_two():
    faces = [face(number) for number in range(7)]
    pairs = group(*range(7), distance=0.4) | group(0, 1, 2, 6) | group(3, 4, 5)
    memory = remembered(faces, [ANNA] * 3 + [BERTA] * 3 + [None])
    assert len(set(whose(faces, group(*range(7)), memory))) == 1
    assert whose(faces, pairs, memory, decided(people=[ANNA, BERTA])) == [ANNA] * 3 + [BERTA] * 3 + [ANNA]


def test_a_named_person_takes_in_a_smaller_unnamed_one_that_grew_together_with_it():
    faces = [face(number) for number in range(5)]
    memory = remembered(faces, [ANNA] * 3 + [BERTA] * 2)
    assert whose(faces, group(*range(5)), memory, decided(people=[ANNA])) == [ANNA] * 5


def test_one_face_moved_out_of_a_crowd_leaves_the_crowd_alone():
    faces = [face(number) for number in range(6)]
    memory = remembered(faces, [BERTA] * 5 + [None])
    people = whose(faces, group(*range(6)), memory, decided(anchors={faces[0].id: ANNA}))
    assert people == [ANNA] + [BERTA] * 5


def test_who_strayed_into_a_crowd_gets_no_more_of_it():
    faces = [face(number) for number in range(5)]
    pairs = group(0, 1, 2, 3, distance=0.1) | {(3, 4): 0.1, (0, 4): 0.45}
    memory = remembered(faces, [BERTA] * 3 + [None] * 2)
    people = whose(faces, pairs, memory, decided(anchors={faces[3].id: ANNA}))
    assert people == [BERTA] * 3 + [ANNA, BERTA]


def test_a_face_that_is_not_anna_never_is_again_whatever_it_looks_like():
    faces = [face(number) for number in range(4)]
    curation = decided(refusals={faces[3].id: {ANNA}})
    for memory in ([ANNA] * 4, [ANNA] * 3 + [None]):
        people = whose(faces, group(0, 1, 2, 3, distance=0.01), remembered(faces, memory), curation)
        assert people[:3] == [ANNA] * 3 and people[3] not in (ANNA, None)


def test_faces_rejected_together_stay_together():
    faces = [face(number) for number in range(6)]
    curation = decided(refusals={faces[number].id: {ANNA} for number in (4, 5)})
    people = whose(faces, group(*range(6)), remembered(faces, [ANNA] * 6), curation)
    assert people[:4] == [ANNA] * 4 and people[4] == people[5] not in (ANNA, None)


def test_merged_people_stay_one_though_they_look_like_two():
    faces = [face(number) for number in range(6)]
    pairs = group(0, 1) | group(2, 3, 4, 5)
    curation = decided(merged={BERTA: ANNA}, anchors={faces[number].id: ANNA for number in (2, 3, 4)})
    assert whose(faces, pairs, remembered(faces, [ANNA] * 2 + [BERTA] * 3 + [None]), curation) == [ANNA] * 6
    hints = {faces[number].id: ANNA for number in (0, 1)}
    assert whose(faces, pairs, {}, decided(merged={BERTA: ANNA}, anchors=curation.anchors, hints=hints)) == [ANNA] * 6


def test_two_clusters_of_one_person_in_one_photo_are_parted_where_the_person_is_less_certain():
    faces = [face(0), face(1, photo=9), face(2), face(3, photo=9), face(4)]
    pairs = group(0, 1) | group(2, 3, 4)
    memory = remembered(faces, [ANNA, None, ANNA, None, ANNA])
    people = whose(faces, pairs, memory, decided(people=[ANNA]))
    assert people[3] == ANNA and people[1] not in (ANNA, None)
    assert whose(faces, pairs, remembered(faces, people), decided(people=[ANNA])) == people


def test_faces_another_finder_described_stay_whose_they_were_and_do_not_keep_a_person_from_the_new_ones():
    faces = [face(0), face(1), face(2), Face(uuid.UUID(int=50), uuid.UUID(int=2000), 100, comparable=False)]
    old = Face(uuid.UUID(int=51), uuid.UUID(int=2001), 100, comparable=False)
    memory = remembered([*faces, old], [ANNA, ANNA, None, ANNA, None])
    assert whose([*faces, old], group(0, 1, 2), memory) == [ANNA, ANNA, ANNA, ANNA, None]
    curation = decided(refusals={faces[3].id: {ANNA}})
    assert whose(faces, group(0, 1, 2), memory, curation)[3] is None


def test_somebody_whose_photos_are_gone_is_no_trouble():
    assert assign(LIBRARY, [], neighbours({}), limit, {uuid.UUID(int=5): ANNA}, decided(people=[ANNA])) == {}


@st.composite
def libraries(draw):
    """Faces in photos, some alike; a seed for what people will decide."""
    count = draw(st.integers(1, 11))
    photos = draw(st.lists(st.integers(0, 6), min_size=count, max_size=count))
    sizes = draw(st.lists(st.sampled_from([10, 30, 60, 100]), min_size=count, max_size=count))
    faces = [face(number, photo, size) for number, (photo, size) in enumerate(zip(photos, sizes, strict=True))]
    every = list(itertools.combinations(range(count), 2))
    pairs = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    distances = draw(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.45]), min_size=len(pairs), max_size=len(pairs)))
    return faces, dict(zip(pairs, distances, strict=True)), draw(st.randoms(use_true_random=False))


class Curator:
    """Decides at random, only what the service would let through, and expects what was decided to hold."""

    def __init__(self, faces: list[Face], luck: random.Random) -> None:
        self.faces, self.luck = {one.id: one for one in faces}, luck
        boxes = defaultdict(int)
        self.places = {}
        for one in faces:
            self.places[one.id] = Place(one.photo_id, (boxes[one.photo_id] * 0.1, 0.0, 0.05, 0.1))
            boxes[one.photo_id] += 1
        self.facts: list[Fact] = []
        self.wanted: dict[uuid.UUID, uuid.UUID] = {}
        self.unwanted: set[tuple[uuid.UUID, uuid.UUID]] = set()
        self.named: set[uuid.UUID] = set()

    def members(self, people, person):
        return [one for one, whose in people.items() if whose == person]

    def decide(self, people: dict[uuid.UUID, uuid.UUID | None]) -> None:
        known = sorted({person for person in people.values() if person})
        if not known:
            return
        person, other = self.luck.choice(known), self.luck.choice(known)
        members = self.members(people, person)
        chosen = self.luck.sample(members, self.luck.randint(1, len(members)))
        match self.luck.choice(["name", "reject", "split", "merge", "confirm"]):
            case "name":
                self.named.add(person)
                self._facts(FactKind.NAMED, person, members, name="A")
            case "reject":
                self._leave(people, person, chosen)
            case "split" if len(chosen) < len(members):
                new = uuid.UUID(int=self.luck.getrandbits(128))
                self._leave(people, person, chosen)
                self._join(people, new, chosen)
            case "merge" if other != person:
                others = self.members(people, other)
                if {self.faces[one].photo_id for one in others} & {self.faces[one].photo_id for one in members}:
                    return
                self.facts.append(Fact(FactKind.MERGED, other, person))
                self._facts(FactKind.CONFIRMED, person, others)
                self._facts(FactKind.CONFIRMED, person, [one for one in members if (one, other) in self.unwanted])
                self.wanted = {one: person if whose == other else whose for one, whose in self.wanted.items()}
                self.wanted |= dict.fromkeys(others, person)
                self.wanted |= {one: person for one in members if (one, other) in self.unwanted}
                self.unwanted = {(one, person if whose == other else whose) for one, whose in self.unwanted}
                self.unwanted -= {(one, person) for one in [*others, *members]}
                self.named = {person if one == other else one for one in self.named}
                people |= dict.fromkeys(others, person)
            case "confirm":
                (one,) = self.luck.sample(sorted(people), 1)
                if any(self.faces[mate].photo_id == self.faces[one].photo_id and mate != one for mate in members):
                    return
                if people[one] not in (None, person):
                    self._leave(people, people[one], [one])
                self._join(people, person, [one])

    def _leave(self, people, person, faces):
        stay = [one for one in self.members(people, person) if one not in faces]
        self._facts(FactKind.NAMED, person, stay)
        self._facts(FactKind.REJECTED, person, faces)
        self.unwanted |= {(one, person) for one in faces}
        for one in faces:
            if self.wanted.get(one) == person:
                del self.wanted[one]
            people[one] = None

    def _join(self, people, person, faces):
        self._facts(FactKind.CONFIRMED, person, faces)
        self.wanted |= dict.fromkeys(faces, person)
        self.unwanted -= {(one, person) for one in faces}
        people |= dict.fromkeys(faces, person)

    def _facts(self, kind, person, faces, **more):
        self.facts += [Fact(kind, person, place=self.places[one], **more) for one in faces]


@settings(max_examples=300, deadline=None)
@given(libraries())
def test_whatever_is_decided_holds_through_every_clustering(library):
    faces, pairs, luck = library
    curator = Curator(faces, luck)
    memory: dict[uuid.UUID, uuid.UUID] = {}
    for end in sorted(luck.randint(1, len(faces)) for _ in range(luck.randint(1, 5))):
        there, near = faces[:end], {pair: distance for pair, distance in pairs.items() if max(pair) < end}
        curation = replay(curator.facts, curator.places)
        found = assign(LIBRARY, there, neighbours(near), limit, memory, curation)
        people = {one: belonging.person_id for one, belonging in found.items()}
        check(curator, people)
        assert_same_in_any_order(there, near, luck, memory, curation, people)
        kept = {one: person for one, person in people.items() if person}
        again = assign(LIBRARY, there, neighbours(near), limit, kept, curation)
        assert again == found
        curator.decide(people)
        memory = {one: person for one, person in people.items() if person}
    curation = replay(curator.facts, curator.places)
    forgotten = assign(LIBRARY, there, neighbours(near), limit, {}, curation)
    check(curator, {one: belonging.person_id for one, belonging in forgotten.items()})


def check(curator: Curator, people) -> None:
    together = Counter((curator.faces[one].photo_id, person) for one, person in people.items() if person)
    assert set(together.values()) <= {1}
    assert all(people[one] == person for one, person in curator.wanted.items())
    assert not any(people[one] == person for one, person in curator.unwanted)
    for one, person in people.items():
        assert person or curator.faces[one].size < 20


def assert_same_in_any_order(faces, pairs, luck, memory, curation, people) -> None:
    order = list(range(len(faces)))
    luck.shuffle(order)
    turned = {(order.index(b), order.index(a)): distance for (a, b), distance in pairs.items()}
    shuffled = dict(luck.sample(sorted(turned.items()), len(turned)))
    remembered = dict(luck.sample(sorted(memory.items()), len(memory)))
    found = assign(LIBRARY, [faces[place] for place in order], neighbours(shuffled), limit, remembered, curation)
    assert {one: belonging.person_id for one, belonging in found.items()} == people


@pytest.mark.parametrize("seed", range(3))
def test_a_named_person_loses_no_face_to_anybody_when_more_photos_come(seed):
    luck = random.Random(seed)
    faces = [face(number, luck.randrange(60)) for number in range(100)]
    true = [luck.randrange(8) for _ in faces]
    pairs = {
        (a, b): luck.uniform(0.1, 0.45) if true[a] == true[b] else luck.uniform(0.42, 0.9)
        for a, b in itertools.combinations(range(100), 2)
    }
    few = {pair: distance for pair, distance in pairs.items() if max(pair) < 50}
    before = whose(faces[:50], few)
    named = Counter(before).most_common(1)[0][0]
    after = whose(faces, pairs, remembered(faces[:50], before), decided(people=[named]))
    assert {one.id for one, person in zip(faces[:50], before, strict=True) if person == named} <= {
        one.id for one, person in zip(faces, after, strict=True) if person == named
    }
