"""From faces to people: whose face each one is, by who looks alike, who they were before, and what was decided.

Faces are clustered afresh each time, by looks alone, so that nothing depends on the order photos came in. Then persons
are given: a cluster keeps the person it mostly was, and whoever somebody decided about keeps every face they have.
Belongs here: these rules. Does not belong here: finding neighbours (`darkroom.inference.neighbours`), what decisions
mean (`curation`), reading and writing (`darkroom.services.people`).
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from darkroom.domain.curation import Curation
from darkroom.domain.whispers import Links, whispers

Limit = Callable[[int], float | None]
"""The distance below which two faces are one person's, the smaller of them so many pixels wide; `None`: cannot say."""


@dataclass(frozen=True)
class Face:
    """A published face; `size` is its width in pixels.

    One that is not `comparable` was described by another finder than the others: it stays whose it was.
    """

    id: UUID
    photo_id: UUID
    size: int
    comparable: bool = True


@dataclass(frozen=True)
class Neighbours:
    """Pairs of faces that look most alike, as places in a list of faces, shape (n,), and how far apart they are."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    distance: NDArray[np.float64]


@dataclass(frozen=True)
class Belonging:
    """Whose a face is; `None` when it is too small to say.

    `confirmed`: somebody said so. `distance`: to the nearest other face of the person, `None` when none is near.
    """

    person_id: UUID | None
    confirmed: bool = False
    distance: float | None = None


def assign(
    library_id: UUID,
    faces: Sequence[Face],
    neighbours: Neighbours,
    limit: Limit,
    memory: Mapping[UUID, UUID],
    curation: Curation,
) -> dict[UUID, Belonging]:
    """Whose every face is, whatever the order of `faces`. `memory`: whose each was before, as far as it is known.

    Two faces of one photo are never one person. Giving the result back as `memory` changes nothing.
    """
    order = sorted(range(len(faces)), key=lambda place: faces[place].id)
    rank = np.empty(len(faces), np.int64)
    rank[order] = np.arange(len(faces))
    ranked = Neighbours(rank[neighbours.left], rank[neighbours.right], neighbours.distance)
    draft = _Draft(library_id, [faces[place] for place in order], ranked, limit, memory, curation)
    draft.give_clusters()
    draft.part_mates()
    draft.give_the_rest()
    return draft.belongings()


class _Draft:
    """Faces are nodes, numbered by rank of their ids. `_given` fills up with the person of each node."""

    def __init__(
        self,
        library_id: UUID,
        faces: Sequence[Face],
        neighbours: Neighbours,
        limit: Limit,
        memory: Mapping[UUID, UUID],
        curation: Curation,
    ) -> None:
        self._library_id, self._faces, self._neighbours, self._curation = library_id, faces, neighbours, curation
        numbers: dict[UUID, int] = {}
        self._photos = [numbers.setdefault(face.photo_id, len(numbers)) for face in faces]
        was = {face: curation.merged.get(person, person) for face, person in memory.items()}
        self._was = {node: was[face.id] for node, face in enumerate(faces) if face.id in was}
        self._taken = {*memory.values(), *curation.merged, *curation.people}
        self._seeds = self._seeded()
        self._unheld = {
            node for node, person in self._was.items() if node not in self._seeds and person not in curation.people
        }
        """Who were somebody's nobody decided about."""

        self._links = _links(faces, neighbours, limit, self._photos)
        self._clusters = whispers(self._links, self._photos)
        inside = np.asarray(self._clusters, np.int64)
        within = self._links.where(inside[self._links.left] == inside[self._links.right])
        self._within = within.where(np.argsort(inside[within.left], kind="stable"))
        """Links whose ends are in one cluster, cluster by cluster."""

        self._bounds = inside[self._within.left]
        self._nodes = [
            node
            for node, face in enumerate(faces)
            if node in self._seeds or (face.comparable and limit(face.size) is not None)
        ]
        self._given: dict[int, UUID] = {}

    def give_clusters(self) -> None:
        """Gives the faces of every cluster that holds faces of somebody decided about."""
        members: dict[int, list[int]] = defaultdict(list)
        for node in self._nodes:
            members[self._clusters[node]].append(node)
        homes = self._homes(members.items())
        for cluster, nodes in sorted(members.items()):
            held = Counter(self._seeds[node] for node in nodes if node in self._seeds)
            if not held:
                continue
            at_home = {
                node: self._was[node] for node in nodes if node in self._unheld and homes[self._was[node]] == cluster
            }
            most = max(Counter(at_home.values()).values(), default=0)
            strong = {person for person, count in held.items() if count >= most}
            if len(held) == 1 and strong:
                (person,) = strong
                self._given |= {node: person for node in nodes if person not in self._refused(node)}
            else:
                self._contest(nodes, at_home, held.keys() - strong)

    def _contest(self, nodes: list[int], at_home: Mapping[int, UUID], weak: Iterable[UUID]) -> None:
        """Shares out a cluster that several persons claim: what each has it keeps, the rest goes to the likest.

        Who has less here than somebody nobody decided about (`weak`) has strayed in, and gets nothing more.
        """
        mine = {node: self._seeds.get(node) or at_home.get(node) for node in nodes}
        people = sorted({person for person in mine.values() if person})
        label = {person: -1 - place for place, person in enumerate(people)}
        fixed = {place: label[person] for place, node in enumerate(nodes) if (person := mine[node])}
        closed = {label[person] for person in weak}
        barred = {
            place: closed | {label[person] for person in self._refused(node) if person in label}
            for place, node in enumerate(nodes)
            if place not in fixed
        }
        first, last = np.searchsorted(self._bounds, [self._clusters[nodes[0]], self._clusters[nodes[0]] + 1])
        links = self._within.where(slice(first, last)).among(nodes)
        spoken = whispers(links, [self._photos[node] for node in nodes], fixed, barred)
        self._given |= {node: people[-1 - heard] for node, heard in zip(nodes, spoken, strict=True) if heard < 0}

    def part_mates(self) -> None:
        """Where a person got two faces of one photo, from two clusters, the less certain one is taken away."""
        meetings: dict[tuple[int, UUID], list[int]] = defaultdict(list)
        for node, person in sorted(self._given.items()):
            meetings[self._photos[node], person].append(node)
        for (_, person), nodes in meetings.items():
            if len(nodes) > 1:
                best = max(nodes, key=lambda node: (node in self._seeds, self._support(node, person), -node))
                for node in nodes:
                    if node != best:
                        del self._given[node]

    def give_the_rest(self) -> None:
        """Groups what nobody got, keeps persons where they mostly were, and makes new ones."""
        rest = [node for node in self._nodes if node not in self._given]
        pieces: dict[int, list[int]] = defaultdict(list)
        spoken = whispers(self._within.among(rest), [self._photos[node] for node in rest])
        for node, label in zip(rest, spoken, strict=True):
            pieces[label].append(node)
        used = {person for node, person in self._given.items() if self._faces[node].comparable}
        votes = [
            (-count, person, piece)
            for piece, nodes in pieces.items()
            for person, count in Counter(self._was[node] for node in nodes if node in self._unheld).items()
        ]
        whose: dict[int, UUID] = {}
        for _, person, piece in sorted(votes):
            if piece not in whose and person not in used:
                whose[piece] = person
                used.add(person)
        for piece, nodes in sorted(pieces.items()):
            self._given |= dict.fromkeys(nodes, whose.get(piece) or self._new_person(nodes[0]))

    def belongings(self) -> dict[UUID, Belonging]:
        """The result."""
        nearest = self._nearest()
        found = {}
        for node, face in enumerate(self._faces):
            person = self._given.get(node)
            confirmed = person is not None and self._curation.anchors.get(face.id) == person
            found[face.id] = Belonging(person, confirmed, nearest.get(node))
        return found

    def _seeded(self) -> dict[int, UUID]:
        """Faces of those somebody decided about: what was said outranks what was, and that what was seen."""
        curation = self._curation
        seeds: dict[int, UUID] = {}
        ranks: dict[tuple[int, UUID], tuple[int, int]] = {}
        for node, face in enumerate(self._faces):
            was = self._was.get(node)
            stays = was in curation.people or not face.comparable
            kept = was if stays and was not in self._refused(node) else None
            sayings = (curation.anchors.get(face.id), kept, curation.hints.get(face.id))
            rank, person = next(((rank, one) for rank, one in enumerate(sayings) if one), (0, None))
            if person is None:
                continue
            meeting = (self._photos[node], person)
            if meeting not in ranks or rank < ranks[meeting][0]:
                if meeting in ranks:
                    del seeds[ranks[meeting][1]]
                ranks[meeting] = (rank, node)
                seeds[node] = person
        return seeds

    def _homes(self, clusters: Iterable[tuple[int, list[int]]]) -> dict[UUID, int]:
        """Where most faces are of those nobody decided about."""
        votes = [
            (-count, cluster, person)
            for cluster, nodes in clusters
            for person, count in Counter(self._was[node] for node in nodes if node in self._unheld).items()
        ]
        homes: dict[UUID, int] = {}
        for _, cluster, person in sorted(votes):
            homes.setdefault(person, cluster)
        return homes

    def _refused(self, node: int) -> frozenset[UUID]:
        return self._curation.refusals.get(self._faces[node].id, frozenset())

    def _support(self, node: int, person: UUID) -> float:
        """How much a face is like a person's."""
        links = self._links
        ends = [(links.left == node, links.right), (links.right == node, links.left)]
        return sum(
            float(weight)
            for here, other in ends
            for weight, end in zip(links.weight[here], other[here].tolist(), strict=True)
            if self._given.get(end) == person
        )

    def _new_person(self, node: int) -> UUID:
        """An id that the person's first face decides, and that nobody had."""
        number = 0
        while (person := uuid.uuid5(self._library_id, f"person:{self._faces[node].id}:{number}")) in self._taken:
            number += 1
        self._taken.add(person)
        return person

    def _nearest(self) -> dict[int, float]:
        numbers = {person: number for number, person in enumerate(sorted(set(self._given.values())))}
        whose = np.full(len(self._faces), -1)
        whose[list(self._given)] = [numbers[person] for person in self._given.values()]
        near = self._neighbours
        same = (whose[near.left] == whose[near.right]) & (whose[near.left] >= 0)
        closest = np.full(len(whose), np.inf)
        for ends in (near.left, near.right):
            np.minimum.at(closest, ends[same], near.distance[same])
        return {node: float(distance) for node, distance in enumerate(closest) if np.isfinite(distance)}


def _links(faces: Sequence[Face], neighbours: Neighbours, limit: Limit, photos: Sequence[int]) -> Links:
    """The pairs close enough to be one person, weighing more the closer they are; faces of one photo never are."""
    sizes = np.array([face.size for face in faces], np.int64)
    photo = np.asarray(photos, np.int64)
    smaller = np.minimum(sizes[neighbours.left], sizes[neighbours.right])
    widths, place = np.unique(smaller, return_inverse=True)
    limits = np.array([limit(int(width)) or 0.0 for width in widths], np.float64)[place]
    kept = (neighbours.distance < limits) & (photo[neighbours.left] != photo[neighbours.right])
    weight = 1 - neighbours.distance[kept] / limits[kept]
    return Links(neighbours.left[kept], neighbours.right[kept], weight)
