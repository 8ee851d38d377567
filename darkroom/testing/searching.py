"""What a search asks beside the index, in memory: serving that knows some photos and people, and meanings of texts.

Belongs here: fakes for tests of the search service. Does not belong here: an index (`vectors`), rows (`serving`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar

from darkroom.domain.calibration import Calibration
from darkroom.services.legs import LegUnavailable
from darkroom.testing.embedders import FakeTextEmbedder


class MemoryServing:
    """Serving that shows what `shown` accepts; `people` maps ids to names, `faces` maps photos to the people in them.

    Photos are newest first in the order of `faces`. `person_id` restricts what is visible to a person's photos.
    `photos` are all there are, where those without a face matter.
    """

    def __init__(
        self,
        shown: Callable[[str], bool] = lambda photo_id: True,
        people: Mapping[str, str] | None = None,
        faces: Mapping[str, Collection[str]] | None = None,
        person_id: str | None = None,
        photos: Sequence[str] = (),
    ) -> None:
        self._photos = photos or tuple(faces or ())
        self._shown = shown
        self._people = people or {}
        self._faces = faces or {}
        self._person_id = person_id

    def visible(self, photo_ids: Sequence[str]) -> Collection[str]:
        """Those that are shown and show the person."""
        return [
            photo_id
            for photo_id in photo_ids
            if self._shown(photo_id) and (self._person_id is None or self._person_id in self._faces.get(photo_id, ()))
        ]

    def matching(self, limit: int) -> Sequence[str]:
        """Those of all photos that are visible."""
        return list(self.visible(self._photos))[:limit]

    def names(self) -> Mapping[str, str]:
        """Names of people."""
        return self._people

    def photos_of(self, person_ids: Collection[str], limit: int) -> Sequence[str]:
        """Photos that show one of these people."""
        return [photo for photo, people in self._faces.items() if set(people) & set(person_ids)][:limit]

    def people_in(self, photo_ids: Sequence[str], person_ids: Collection[str]) -> Mapping[str, Collection[str]]:
        """Who of these people is in each photo."""
        found = {photo_id: set(self._faces.get(photo_id, ())) & set(person_ids) for photo_id in photo_ids}
        return {photo_id: people for photo_id, people in found.items() if people}


class FakeMeanings:
    """Meanings by the fake embedder of texts, in one space; `fault` makes every one unavailable."""

    calibration: ClassVar[Calibration] = FakeTextEmbedder.calibration

    def __init__(self, space: str = "document_fake") -> None:
        self.space = space
        self.fault: str | None = None
        self.asked: list[str] = []

    def of(self, text: str) -> list[float]:
        """The vector of a text."""
        if self.fault is not None:
            raise LegUnavailable(self.fault)
        self.asked.append(text)
        return vector_of(text)


def vector_of(text: str) -> list[float]:
    """The fake embedder's vector of a text."""
    return [float(value) for value in FakeTextEmbedder().embed([text])[0]]
