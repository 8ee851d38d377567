"""Duplicates and stacks of a library: found among its published photos, written as a generation, shown.

Belongs here: the order of the search, what rows say of what it found, and what serving shows of the rows. Does not
belong here: what makes two photos one (`darkroom.domain`), reading photos (`pictures`), how a generation comes to be
seen (`generations`).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from darkroom.contracts.arrow import to_arrow
from darkroom.contracts.duplicates import DUPLICATES, STACKS, Duplicate, Stacked
from darkroom.domain import miniatures
from darkroom.domain.duplicate_decisions import Kind, Verdict
from darkroom.domain.duplicates import Group, nearly_equal, same_bytes, same_pixels
from darkroom.domain.sameness import CLOSE, SURE, Pair, Picture
from darkroom.domain.stacks import Stack, bursts, raw_pairs, soon_after_another
from darkroom.inference.copies import measured_pairs
from darkroom.services import generations
from darkroom.services.pictures import Published, likeness, pictures, published, stacked, vectors, with_numbers
from darkroom.services.platform import Platform
from darkroom.stores.state import duplicates as state
from darkroom.stores.state import generations as numbered
from darkroom.stores.state.generations import Generation

KIND = "duplicates"
TABLES = (DUPLICATES, STACKS)
NAMES = tuple(table.name for table in TABLES)

ALIKE = 0.85
"""Cosine from which two shots that follow each other show the same scene."""

ALIKE_BITS = 20
"""Bits of 63 in which their hashes may differ where there are no vectors; those of different scenes differ in 31."""


@dataclass(frozen=True)
class Found:
    """What a search found, and the photos by their ids."""

    groups: Sequence[Group]
    stacks: Sequence[Stack]
    photos: Mapping[str, Picture]


def make(platform: Platform, library_id: UUID) -> Generation | None:
    """Finds a library's duplicates and stacks and writes them as a generation; `None` when the current one says so.

    One at a time: what an earlier call left unshown is given up.
    """
    snapshot = platform.state.execution_options(isolation_level="REPEATABLE READ")
    with snapshot.begin() as connection:
        content = published(connection, library_id)
    found = find(platform, library_id, content)
    with platform.state.begin() as connection:
        numbered.give_up(connection, library_id, KIND)
        current = numbered.newest(connection, library_id, KIND, "current")
    if current:
        shown = generations.rows_of(platform, current, NAMES)
        if _content(platform, shown) == _content(platform, _rows(found, library_id, current.number)):
            with platform.state.begin() as connection:
                numbered.still_true(connection, current, content.epoch, content.fact)
            return None
    with platform.state.begin() as connection:
        made = numbered.begin(connection, library_id, KIND, content.epoch, content.fact)
    generations.write(platform, made, _rows(found, library_id, made.number))
    return made


def show(platform: Platform, library_id: UUID) -> int | None:
    """Shows the generation that waits for it; returns the publish epoch, `None` when there is none. Raises `NotGated`.

    Decisions that came after it was made are shown with it.
    """
    waiting = generations.unshown(platform, library_id, KIND)
    if waiting is None:
        return None

    def serve(connection: Connection, epoch: int, rows: Mapping[str, pa.Table]) -> list[UUID]:
        there = {str(photo["photo_id"]) for photo in state.photos(connection, library_id)}
        duplicates = [row for row in rows[DUPLICATES.name].to_pylist() if row["photo_id"] in there]
        stacks = [row for row in rows[STACKS.name].to_pylist() if row["photo_id"] in there]
        changed = state.replace(connection, library_id, **_served_groups(duplicates, epoch), **_served(stacks, epoch))
        for fact in state.facts(connection, library_id, after=waiting.fact):
            state.apply(connection, epoch, library_id, fact)
        return changed

    return generations.show(platform, waiting, NAMES, serve)


def find(platform: Platform, library_id: UUID, content: Published) -> Found:
    """Duplicates and stacks among what is published."""
    known, tiny = pictures(platform, content)
    pixels = same_pixels(known, content.facts)
    redundant = _redundant(pixels)
    compared = [one.photo_id for one in known if one.photo_id in tiny and one.photo_id not in redundant]
    measured = [
        Pair(compared[first], compared[second], deviation)
        for first, second, deviation in measured_pairs(stacked(tiny, compared), CLOSE)
    ]
    unsure = {photo for pair in measured if pair.deviation > SURE for photo in (pair.first, pair.second)}
    looks = vectors(platform, content, unsure)
    pairs = [Pair(one.first, one.second, one.deviation, likeness(looks, one.first, one.second)) for one in measured]
    read = with_numbers(platform, library_id, known, {photo for pair in pairs for photo in (pair.first, pair.second)})
    near = nearly_equal(read, pairs, pixels, content.facts)
    groups = [*same_bytes(known, content.facts), *pixels, *near]
    raws = raw_pairs(known)
    set_aside = redundant | _redundant(near) | {stack.photo_ids[-1] for stack in raws}
    shots = soon_after_another([one for one in known if one.photo_id not in set_aside])
    looks = vectors(platform, content, {one.photo_id for one in shots})

    def alike(first: Picture, second: Picture) -> bool:
        cosine = likeness(looks, first.photo_id, second.photo_id)
        if cosine is not None:
            return cosine >= ALIKE
        if first.photo_id not in tiny or second.photo_id not in tiny:
            return False
        one, other = miniatures.hashes(stacked(tiny, [first.photo_id, second.photo_id]))[0]
        return int(np.unpackbits(one ^ other).sum()) <= ALIKE_BITS

    return Found(groups, [*raws, *bursts(shots, alike)], {one.photo_id: one for one in known})


def _redundant(groups: Sequence[Group]) -> set[str]:
    return {photo for group in groups for photo in group.wasted if photo != group.keeper}


def _rows(found: Found, library_id: UUID, generation: int) -> dict[str, pa.Table]:
    shared = {"generation": generation, "library_id": str(library_id)}
    duplicates = [
        Duplicate(
            **shared,
            group_id=str(group.id(library_id)),
            kind=group.kind,
            photo_id=photo,
            is_keeper=photo == group.keeper,
            decided=group.decided,
            files=len(found.photos[photo].files),
            size_bytes=found.photos[photo].kept_file.size_bytes,
            wasted_bytes=wasted,
        )
        for group in found.groups
        for photo, wasted in group.wasted.items()
    ]
    stacks = [
        Stacked(
            **shared,
            stack_id=str(uuid.uuid5(library_id, f"{stack.kind}:{min(stack.photo_ids)}")),
            kind=stack.kind,
            photo_id=photo,
            position=position,
        )
        for stack in found.stacks
        for position, photo in enumerate(stack.photo_ids)
    ]
    return {DUPLICATES.name: to_arrow(DUPLICATES, duplicates), STACKS.name: to_arrow(STACKS, stacks)}


def _content(platform: Platform, rows: Mapping[str, pa.Table]) -> list[str]:
    """What rows say, whatever their generation."""
    return [platform.lake.digest(rows[name].drop_columns(["generation"])) for name in NAMES]


def _served_groups(rows: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, list[dict[str, Any]]]:
    """Serving rows of duplicates; a group that lost its kept photo, or all others, is left to the next generation."""
    by_group: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (not row["is_keeper"], -row["size_bytes"], row["photo_id"])):
        by_group[row["group_id"]].append(row)
    groups, members = [], []
    for group_id, held in by_group.items():
        first = held[0]
        if not first["is_keeper"] or (len(held) < 2 and first["kind"] != Kind.BYTES):
            continue
        shared = {"group_id": UUID(group_id), "library_id": UUID(first["library_id"])}
        wasted = sum(row["wasted_bytes"] for row in held)
        groups.append(
            {
                **shared,
                "kind": first["kind"],
                "keeper_id": UUID(first["photo_id"]),
                "photos": len(held),
                "wasted_bytes": wasted,
                "found_bytes": wasted,
                "decision": Verdict.KEPT if first["decided"] else None,
                "epoch": epoch,
            }
        )
        for position, row in enumerate(held):
            photo = {"photo_id": UUID(row["photo_id"]), "position": position, "size_bytes": row["size_bytes"]}
            members.append({**shared, **photo})
    return {"groups_of": groups, "members_of": members}


def _served(rows: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, list[dict[str, Any]]]:
    """Serving rows of stacks."""
    by_stack: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["position"]):
        by_stack[row["stack_id"]].append(row)
    stacks, members = [], []
    for stack_id, held in by_stack.items():
        if len(held) > 1:
            shared = {"stack_id": UUID(stack_id), "library_id": UUID(held[0]["library_id"])}
            stacks.append({**shared, "kind": held[0]["kind"], "photos": len(held), "epoch": epoch})
            for position, row in enumerate(held):
                members.append({**shared, "photo_id": UUID(row["photo_id"]), "position": position})
    return {"stacks_of": stacks, "stacked_of": members}
