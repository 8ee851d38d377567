"""What somebody decides about people and duplicates of coded pictures, and whether it still holds.

Belongs here: deciding through the API, as the gallery does, and asking there what became of it. Does not belong here:
what nobody decides about (`regrouping`), or breaking the platform meanwhile (`faults`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.driving import Darkroom
from tests.e2e.oracle import require
from tests.e2e.plugin.darkroom_coded_reader import NUMBER, PEOPLE

KEPT, DISMISSED = "kept", "dismissed"


@dataclass
class Decisions:
    """All that was decided in a home: names by coded person, and verdicts by the word of each photo in several files.

    A photo nobody has decided about has no verdict, and must be found to be a duplicate all the same.
    """

    names: dict[int, str] = field(default_factory=dict)
    verdicts: dict[str, str | None] = field(default_factory=dict)

    def expect(self, words: Iterable[str]) -> None:
        """Pictures of these words are imported with a twin each."""
        self.verdicts |= dict.fromkeys(words)

    def take(self, darkroom: Darkroom, name: str) -> None:
        """Names a person, and of the two oldest undecided groups of twins keeps one and dismisses the other."""
        person = darkroom.get("/v1/people")["items"][0]
        (number,) = _numbers(darkroom, person)
        with darkroom.client() as client:
            answer = client.patch(f"/v1/people/{person['id']}", json={"name": name})
        require(answer.is_success, f"naming a person: {answer.status_code}: {answer.text}")
        self.names[number] = name
        groups = _groups(darkroom)
        kept, dismissed = [word for word, verdict in self.verdicts.items() if verdict is None][:2]
        require({kept, dismissed} <= set(groups), f"twins were not found: {kept} or {dismissed}, of {sorted(groups)}")
        darkroom.post(f"/v1/duplicates/{groups[kept]['id']}/keep", {"keeper_id": groups[kept]["keeper_id"]})
        darkroom.post(f"/v1/duplicates/{groups[dismissed]['id']}/dismiss")
        self.verdicts |= {kept: KEPT, dismissed: DISMISSED}

    def check(self, darkroom: Darkroom) -> None:
        """Names are on whom they were given to, and of all twins exactly those that were dismissed are none."""
        named = {one["name"]: _numbers(darkroom, one) for one in darkroom.get("/v1/people", named=True)["items"]}
        told = {name: {number} for number, name in self.names.items()}
        require(named == told, f"people were named {told}, and are {named}")
        found = {word: group["decision"] for word, group in _groups(darkroom).items()}
        wanted = {word: verdict for word, verdict in self.verdicts.items() if verdict != DISMISSED}
        require(found == wanted, f"decided about twins: {self.verdicts}; found: {found}")


def _numbers(darkroom: Darkroom, person: Any) -> set[int]:
    """Coded people whose faces somebody has."""
    texts = {photo["id"]: photo["text"] for photo in darkroom.photos()}
    found, cursor = [], None
    while not found or cursor:
        given = {"limit": 200, **({"cursor": cursor} if cursor else {})}
        page = darkroom.get(f"/v1/people/{person['id']}/faces", **given)
        found += page["items"]
        cursor = page["next_cursor"]
    numbers = [NUMBER.search(texts[face["photo_id"]]) for face in found]
    return {int(number[0]) % PEOPLE if number else -1 for number in numbers}


def _groups(darkroom: Darkroom) -> dict[str, Any]:
    """Shown groups of the same bytes, by what their only photo says."""
    page = darkroom.get("/v1/duplicates", kind="bytes", limit=200)
    require(page["next_cursor"] is None, "more twins were found than there can be")
    wrong = [group for group in page["items"] if group["photo_count"] != 1 or len(group["photos"][0]["files"]) < 2]
    require(not wrong, f"groups of the same bytes are not one photo in several files: {wrong}")
    return {group["photos"][0]["text"]: group for group in page["items"]}
