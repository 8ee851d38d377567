"""Clusters of a graph."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.domain.whispers import Links, whispers


def links(*pairs: tuple[int, int, float]) -> Links:
    left, right, weight = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Links(np.array(left, np.int64), np.array(right, np.int64), np.array(weight, np.float64))


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    groups = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    pairs = draw(st.lists(st.sampled_from(list(itertools.combinations(range(count), 2)) or [None]), unique=True))
    weights = draw(st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.9]), min_size=len(pairs), max_size=len(pairs)))
    found = [(*pair, weight) for pair, weight in zip(pairs, weights, strict=True) if pair]
    return groups, [(a, b, weight) for a, b, weight in found if groups[a] != groups[b]]


def test_two_circles_of_friends_with_one_acquaintance_are_two_clusters():
    circles = [(a, b, 1.0) for nodes in ((0, 1, 2, 3), (4, 5, 6)) for a, b in itertools.combinations(nodes, 2)]
    assert whispers(links(*circles, (3, 4, 0.2)), range(7)) == [0, 0, 0, 0, 4, 4, 4]


def test_who_knows_nobody_stays_alone():
    assert whispers(links((0, 2, 0.5)), range(3)) == [0, 1, 0]
    assert whispers(links(), []) == []


def test_two_of_one_group_that_want_one_label_are_parted_and_the_likelier_has_it():
    pairs = [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0), (0, 3, 0.3), (1, 3, 0.3), (0, 4, 0.8), (1, 4, 0.8)]
    assert whispers(links(*pairs), ["a", "b", "c", "d", "d"]) == [0, 0, 0, 3, 0]


def test_fixed_labels_are_kept_and_handed_on_but_not_to_who_may_not_have_them():
    chain = links((0, 1, 1.0), (1, 2, 0.6), (2, 3, 1.0))
    assert whispers(chain, range(4), fixed={0: -1, 3: -2}) == [-1, -1, -2, -2]
    assert whispers(chain, range(4), fixed={0: -1, 3: -2}, barred={1: {-1}}) == [-1, -2, -2, -2]
    assert whispers(chain, range(4), fixed={0: -1, 3: -2}, barred={1: {-1, -2}}) == [-1, 1, -2, -2]


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_links_means_nothing(graph, random):
    groups, pairs = graph
    turned = [(b, a, weight) if random.random() < 0.5 else (a, b, weight) for a, b, weight in pairs]
    random.shuffle(turned)
    assert whispers(links(*turned), groups) == whispers(links(*pairs), groups)


@settings(max_examples=500)
@given(graphs(), st.data())
def test_members_of_a_group_never_share_a_label_and_clusters_hang_together(graph, data):
    groups, pairs = graph
    fixed = data.draw(st.dictionaries(st.integers(0, len(groups) - 1), st.integers(-3, -1)))
    fixed = {
        node: label
        for node, label in fixed.items()
        if all((groups[n], fixed[n]) != (groups[node], label) or n >= node for n in fixed)
    }
    labels = whispers(links(*pairs), groups, fixed)
    assert all(labels[node] == label for node, label in fixed.items())
    for a, b in itertools.combinations(range(len(groups)), 2):
        assert groups[a] != groups[b] or labels[a] != labels[b]
    for label in {label for label in labels if label >= 0}:
        members = {node for node, own in enumerate(labels) if own == label}
        assert min(members) == label
        reached, ends = set(), {label}
        while ends:
            reached |= ends
            linked = {end for a, b, _ in pairs for end in (a, b) if {a, b} & ends}
            ends = (linked & members) - reached
        assert reached == members


def test_links_among_some_nodes_are_numbered_by_their_places():
    among = links((0, 1, 0.1), (1, 4, 0.2), (4, 6, 0.3), (2, 6, 0.4)).among([1, 4, 6])
    assert among.left.tolist() == [0, 1] and among.right.tolist() == [1, 2] and among.weight.tolist() == [0.2, 0.3]
    assert links((0, 1, 0.1)).among([]).weight.tolist() == []


@pytest.mark.parametrize("count", [1000])
def test_a_long_chain_ends(count):
    labels = whispers(links(*((node, node + 1, 1.0) for node in range(count - 1))), range(count))
    assert len(labels) == count
