"""Chinese whispers: clusters of a graph, found by every node taking the label its neighbours say loudest.

After Biemann, "Chinese Whispers", 2006; with members of a group kept apart, labels that cannot change and labels that
cannot be taken. Instead of chance, nodes speak in the order of their numbers: equal graphs give equal clusters.
Belongs here: the algorithm over numbered nodes. Does not belong here: what nodes and groups are (`people`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 50
"""Rounds after which it ends in any case; graphs of faces settle within about ten."""


@dataclass(frozen=True)
class Links:
    """Undirected links between nodes, each pair once: numbers of both ends, shape (n,), and weights above 0."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    weight: NDArray[np.float64]

    def among(self, nodes: Sequence[int]) -> Links:
        """The links between these nodes (in rising order), renumbered by their place in the list."""
        wanted = np.asarray(nodes, np.int64)
        kept = np.isin(self.left, wanted) & np.isin(self.right, wanted)
        left, right = (np.searchsorted(wanted, ends[kept]) for ends in (self.left, self.right))
        return Links(left, right, self.weight[kept])

    def where(self, kept: NDArray[Any] | slice) -> Links:
        """The links at these places, given as numbers, a slice or a mask."""
        return Links(self.left[kept], self.right[kept], self.weight[kept])


def whispers(
    links: Links,
    groups: Sequence[Hashable],
    fixed: Mapping[int, int] | None = None,
    barred: Mapping[int, Collection[int]] | None = None,
) -> list[int]:
    """The label of every node: nodes with equal labels are a cluster.

    `groups` names each node's group: two nodes of one group never share a label. `fixed` nodes keep the label given,
    a negative number, and hand it on; `barred` are labels a node must not take. A cluster without a fixed node is
    labelled with its smallest node. Of two members of a group that want one label, the louder supported has it.
    """
    return _Talk(links, groups, fixed or {}, barred or {}).settled()


class _Talk:
    def __init__(
        self,
        links: Links,
        groups: Sequence[Hashable],
        fixed: Mapping[int, int],
        barred: Mapping[int, Collection[int]],
    ) -> None:
        count = len(groups)
        source, target = np.concatenate([links.left, links.right]), np.concatenate([links.right, links.left])
        order = np.lexsort((target, source))
        self._target = target[order]
        self._weight = np.concatenate([links.weight, links.weight])[order]
        self._start = np.searchsorted(source[order], np.arange(count + 1)).tolist()
        self._labels = [fixed.get(node, node) for node in range(count)]
        self._fresh = count
        self._fixed, self._barred = fixed, barred
        members: dict[Hashable, list[int]] = defaultdict(list)
        for node, group in enumerate(groups):
            members[group].append(node)
        self._mates = {node: [one for one in all_ if one != node] for all_ in members.values() for node in all_}

    def settled(self) -> list[int]:
        """Speaks until nobody changes, or too long."""
        restless = set(range(len(self._labels))) - self._fixed.keys()
        for _ in range(ROUNDS):
            changed: set[int] = set()
            for node in sorted(restless):
                changed |= self._listen(node)
            if not changed:
                break
            restless = {heard for node in changed for heard in [node, *self._neighbours(node)]} - self._fixed.keys()
        return self._hanging_together()

    def _hanging_together(self) -> list[int]:
        """The labels, parts of a cluster told apart that no link joins any more: who handed the label on may leave."""
        found = [label if label < 0 else None for label in self._labels]
        for first, label in enumerate(self._labels):
            waiting = [first] if found[first] is None else []
            while waiting:
                node = waiting.pop()
                if found[node] is None and self._labels[node] == label:
                    found[node] = first
                    waiting += self._neighbours(node)
        return [label for label in found if label is not None]

    def _listen(self, node: int) -> set[int]:
        """Gives a node the loudest label it may have; returns the nodes whose label changed."""
        own = self._labels[node]
        said = self._said_to(node)
        for label in sorted(said, key=lambda one: (-said[one], one != own, one)):
            if label == own:
                break
            if label in self._barred.get(node, ()):
                continue
            holder = next((mate for mate in self._mates[node] if self._labels[mate] == label), None)
            if holder is not None:
                if holder in self._fixed or self._said_to(holder).get(label, 0.0) >= said[label]:
                    continue
                self._labels[holder] = self._fresh
                self._fresh += 1
            self._labels[node] = label
            return {node} if holder is None else {node, holder}
        return set()

    def _said_to(self, node: int) -> dict[int, float]:
        """How loud a node hears each label."""
        said: dict[int, float] = defaultdict(float)
        weights = self._weight[self._start[node] : self._start[node + 1]].tolist()
        for neighbour, weight in zip(self._neighbours(node), weights, strict=True):
            said[self._labels[neighbour]] += weight
        return said

    def _neighbours(self, node: int) -> list[int]:
        found: list[int] = self._target[self._start[node] : self._start[node + 1]].tolist()
        return found
