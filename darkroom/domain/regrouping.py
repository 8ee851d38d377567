"""How much two groupings of the same things differ: the change from one generation to the next, in a few numbers.

Belongs here: comparing groupings. Does not belong here: making them (`people`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import comb
from typing import TypeVar

Thing = TypeVar("Thing", bound=Hashable)
Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True)
class Regrouping:
    """What became of the groups. `agreement`: adjusted Rand index over the things in both groupings, 1 is the same.

    `merged` groups have parts of several groups of before, `split` ones ended up in several groups; `moved` things are
    in a group of another name; `new` and `gone` are groups whose name is only after or only before.
    """

    agreement: float
    merged: int
    split: int
    moved: int
    new: int
    gone: int


def regrouping(before: Mapping[Thing, Group], after: Mapping[Thing, Group]) -> Regrouping:
    """The change from `before` to `after`, both from things to groups."""
    both = [(group, after[thing]) for thing, group in before.items() if thing in after]
    shared = Counter(both)
    return Regrouping(
        agreement=_adjusted_rand(shared),
        merged=sum(count > 1 for count in Counter(later for _, later in shared).values()),
        split=sum(count > 1 for count in Counter(earlier for earlier, _ in shared).values()),
        moved=sum(earlier != later for earlier, later in both),
        new=len(set(after.values()) - set(before.values())),
        gone=len(set(before.values()) - set(after.values())),
    )


def _adjusted_rand(shared: Counter[tuple[Group, Group]]) -> float:
    """Hubert and Arabie, "Comparing partitions", 1985: 1 for equal groupings, about 0 for unrelated ones."""
    rows: Counter[Group] = Counter()
    columns: Counter[Group] = Counter()
    for (earlier, later), count in shared.items():
        rows[earlier] += count
        columns[later] += count
    pairs = comb(shared.total(), 2)
    together = sum(comb(count, 2) for count in shared.values())
    in_rows, in_columns = (sum(comb(count, 2) for count in side.values()) for side in (rows, columns))
    expected = in_rows * in_columns / pairs if pairs else 0.0
    most = (in_rows + in_columns) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
