"""Curating: decisions about people, each a few facts and what everyone sees of it at once.

Belongs here: what a decision needs, refuses and changes. Does not belong here: what facts mean to the next generation
(`darkroom.domain.curation`), routes (`api`), statements (`darkroom.stores.state.people`).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from darkroom.domain.curation import Fact, FactKind, Place, replay, tidy_name
from darkroom.stores.state import people, publishing

ANCHORS = 24
"""Faces by which a person somebody decided about is found again when nothing else is known: their largest."""


class Refused(Exception):
    """A decision that cannot be taken; the message says why, `ids` which people, faces or photos are in the way."""

    def __init__(self, reason: str, ids: Iterable[UUID] = ()) -> None:
        super().__init__(reason)
        self.ids = sorted(ids)


class UnknownPerson(Refused):
    """There is no such person in the libraries, or no longer."""


class UnknownFace(Refused):
    """There are no such faces in the person's library."""


class NotTheirFace(Refused):
    """Faces belong to somebody else, or to nobody."""


class NameTaken(Refused):
    """Somebody else of the library has the name."""


class SeenTogether(Refused):
    """Who is in one photo twice would be one person."""


class NobodyLeft(Refused):
    """Nothing would be left of the person."""


class Curator:
    """Takes decisions in a transaction, for a user who may change these libraries.

    From its making until the end of the transaction nobody else decides or publishes: what it saw stays true.
    """

    def __init__(self, connection: Connection, user_id: UUID, libraries: Collection[UUID]) -> None:
        self._connection, self._user_id, self._libraries = connection, user_id, libraries
        self.epoch, _ = publishing.next_epoch(connection)

    def rename(self, person_id: UUID, name: str | None) -> None:
        """Gives a person a name, or takes it away; what is so already is no decision.

        Raises `UnknownPerson`, `NameTaken`.
        """
        person = self._person(person_id)
        name = tidy_name(name)
        if name == person.name:
            return
        if name is not None:
            taken = people.namesakes(self._connection, person.library_id, name, person_id)
            if taken:
                raise NameTaken(f"somebody else is called {name}: merge the two, or choose another name", _ids(taken))
        self._record(person, Fact(FactKind.NAMED, person_id, name=name))
        self._describe(person, name, person.hidden)
        self._anchor(person, name)

    def hide(self, person_id: UUID, hidden: bool) -> None:
        """Leaves a person out of lists, or shows them again; what is so already is no decision.

        Raises `UnknownPerson`.
        """
        person = self._person(person_id)
        if hidden == person.hidden:
            return
        self._record(person, Fact(FactKind.HIDDEN if hidden else FactKind.SHOWN, person_id))
        self._describe(person, person.name, hidden)
        self._anchor(person, person.name)

    def merge(self, person_id: UUID, other_ids: Sequence[UUID]) -> None:
        """Makes others part of a person, who keeps the name, or else takes the first of theirs.

        Raises `UnknownPerson` also for a person of another library, and `SeenTogether` naming photos.
        """
        person = self._person(person_id)
        others = [self._person(other) for other in dict.fromkeys(other_ids)]
        strange = [other for other in others if other.library_id != person.library_id or other.person_id == person_id]
        if strange:
            raise UnknownPerson("these are no other people of the same library", _ids(strange))
        together = [person, *others]
        faces = people.faces_of(self._connection, _ids(together))
        self._apart(face.photo_id for face in faces)
        moving = [face for face in faces if face.person_id != person_id]
        told = [Fact(FactKind.MERGED, other.person_id, person_id) for other in others]
        told += [_about(FactKind.CONFIRMED, person_id, face) for face in moving]
        # Who was said not to be one of them is one of them now: the later decision holds.
        said = people.facts_of(self._connection, person.library_id)
        refusals = replay(said, {face.face_id: _place(face) for face in faces}).refusals
        told += [
            _about(FactKind.CONFIRMED, person_id, face)
            for face in faces
            if face.person_id == person_id and refusals.get(face.face_id, frozenset()) & set(_ids(together))
        ]
        name = person.name or next((other.name for other in others if other.name), None)
        if name != person.name:
            told.append(Fact(FactKind.NAMED, person_id, name=name))
        self._anchor(person, person.name)
        self._record(person, *told)
        people.remove(self._connection, _ids(others))
        self._describe(person, name, person.hidden)
        self._move(person, moving, person_id)

    def split(self, person_id: UUID, face_ids: Sequence[UUID]) -> UUID:
        """Makes some of a person's faces a person of their own; returns its id.

        Raises `UnknownPerson`, `NotTheirFace`, `NobodyLeft`.
        """
        person = self._person(person_id)
        faces = self._theirs(person, face_ids)
        if len(faces) == person.faces:
            raise NobodyLeft("these are all faces of the person: nothing would be left to split from")
        new = uuid.uuid4()
        self._leave(person, faces)
        self._record(person, *(_about(FactKind.CONFIRMED, new, face) for face in faces))
        self._move(person, faces, new)
        return new

    def reject(self, person_id: UUID, face_ids: Sequence[UUID]) -> None:
        """Says that faces are not the person: they are nobody's until people are grouped again, and never this one's.

        Raises `UnknownPerson`, `NotTheirFace`.
        """
        person = self._person(person_id)
        faces = self._theirs(person, face_ids)
        self._leave(person, faces)
        self._move(person, faces, None)

    def confirm(self, person_id: UUID, face_ids: Sequence[UUID]) -> None:
        """Says that faces, whosever they were, are the person's.

        Raises `UnknownPerson`, `UnknownFace`, `SeenTogether`.
        """
        person = self._person(person_id)
        faces = self._faces(person, face_ids)
        new = [face for face in faces if face.person_id != person_id]
        photos = {face.photo_id for face in new}
        theirs = people.faces_of(self._connection, [person_id])
        self._apart([face.photo_id for face in theirs if face.photo_id in photos] + [face.photo_id for face in new])
        for other in sorted({face.person_id for face in new} - {None}):
            self._leave(self._person(other), [face for face in new if face.person_id == other])
        self._anchor(person, person.name)
        self._record(person, *(_about(FactKind.CONFIRMED, person_id, face) for face in faces))
        self._move(person, new, person_id)

    def _person(self, person_id: UUID) -> Row[Any]:
        found = people.person(self._connection, self._libraries, person_id)
        if found is None:
            raise UnknownPerson("there is no such person", [person_id])
        return found

    def _faces(self, person: Row[Any], face_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
        found = people.faces_with(self._connection, person.library_id, face_ids)
        if missing := set(face_ids) - {face.face_id for face in found}:
            raise UnknownFace("there are no such faces", missing)
        return found

    def _theirs(self, person: Row[Any], face_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
        found = people.faces_with(self._connection, person.library_id, face_ids)
        theirs = [face for face in found if face.person_id == person.person_id]
        if strange := set(face_ids) - {face.face_id for face in theirs}:
            raise NotTheirFace("these are no faces of the person", strange)
        return theirs

    def _apart(self, photo_ids: Iterable[UUID]) -> None:
        """Raises `SeenTogether` when a photo comes twice."""
        twice = [photo for photo, count in Counter(photo_ids).items() if count > 1]
        if twice:
            raise SeenTogether("both can be seen in one photo, and nobody is in a photo twice", twice)

    def _leave(self, person: Row[Any], faces: Sequence[Row[Any]]) -> None:
        self._anchor(person, person.name, but={face.face_id for face in faces})
        self._record(person, *(_about(FactKind.REJECTED, person.person_id, face) for face in faces))

    def _anchor(self, person: Row[Any], name: str | None, but: Collection[UUID] = ()) -> None:
        """Notes which faces are the person's: by these the person is found again, whatever else is lost."""
        if people.anchored(self._connection, person.library_id, person.person_id) >= ANCHORS:
            return
        best = people.faces_of(self._connection, [person.person_id], ANCHORS + len(but))
        kept = [face for face in best if face.face_id not in but][:ANCHORS]
        self._record(person, *(_about(FactKind.NAMED, person.person_id, face, name) for face in kept))

    def _describe(self, person: Row[Any], name: str | None, hidden: bool) -> None:
        hides = [person.person_id] if hidden else []
        people.describe(self._connection, self.epoch, person.library_id, {person.person_id: name}, hides)

    def _record(self, person: Row[Any], *told: Fact) -> None:
        people.record_facts(self._connection, person.library_id, self._user_id, told)

    def _move(self, person: Row[Any], faces: Sequence[Row[Any]], to: UUID | None) -> None:
        """Shows at once whose faces are, and brings the counts of everybody concerned up to date."""
        library_id = person.library_id
        whose = {face.face_id: to for face in faces}
        changed = people.assign(self._connection, self.epoch, library_id, whose)
        concerned = {person.person_id, to, *(face.person_id for face in faces)} - {None}
        people.recount(self._connection, self.epoch, library_id, concerned)
        publishing.note_changes(self._connection, self.epoch, library_id, "regrouped", changed)


def _ids(people_: Iterable[Row[Any]]) -> list[UUID]:
    return [person.person_id for person in people_]


def _place(face: Row[Any]) -> Place:
    return Place(face.photo_id, (face.x, face.y, face.w, face.h))


def _about(kind: FactKind, person_id: UUID, face: Row[Any], name: str | None = None) -> Fact:
    return Fact(kind, person_id, name=name, place=_place(face))
