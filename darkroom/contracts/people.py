"""People: whose every face is, generation by generation, and what was decided about it."""

from typing import Annotated

from pydantic import AwareDatetime

from darkroom.contracts.columns import UUID_PATTERN, LibraryId, PhotoId
from darkroom.contracts.faces import FaceId
from darkroom.contracts.generations import GenerationNumber
from darkroom.contracts.table import Column, Row, Table

FACT_KINDS = ("named", "hidden", "shown", "confirmed", "rejected", "merged")

PersonId = Annotated[str, Column("The person.", pattern=UUID_PATTERN)]
NobodyOrPersonId = Annotated[str | None, Column("The person; null when nobody can say.", pattern=UUID_PATTERN)]


class PersonFace(Row):
    """Whose a published face is. A person is nothing but their faces; names are facts."""

    generation: GenerationNumber
    library_id: LibraryId
    face_id: FaceId
    photo_id: PhotoId
    x: Annotated[float, Column("Left edge of the face, as in faces.", ge=0, le=1)]
    y: Annotated[float, Column("Top edge.", ge=0, le=1)]
    w: Annotated[float, Column("Width.", ge=0, le=1)]
    h: Annotated[float, Column("Height.", ge=0, le=1)]
    person_id: NobodyOrPersonId
    confirmed: Annotated[bool, Column("Whether somebody said that this face is the person.")]
    distance: Annotated[
        float | None, Column("Of descriptors, to the nearest other face of the person; null when none is near.", ge=0)
    ]


class PersonFact(Row):
    """A decision about people, or its part about one face; where two contradict each other, the later one holds."""

    fact: Annotated[int, Column("Order of deciding.", ge=1)]
    library_id: LibraryId
    kind: Annotated[str, Column("What was decided.", values=FACT_KINDS)]
    person_id: PersonId
    into_person_id: Annotated[str | None, Column("Whom a merged person is now.", pattern=UUID_PATTERN)]
    name: Annotated[str | None, Column("The name given; null takes it away.")]
    photo_id: Annotated[str | None, Column("Photo of the face it is about.", pattern=UUID_PATTERN)]
    x: Annotated[float | None, Column("Left edge of that face.", ge=0, le=1)]
    y: Annotated[float | None, Column("Top edge.", ge=0, le=1)]
    w: Annotated[float | None, Column("Width.", ge=0, le=1)]
    h: Annotated[float | None, Column("Height.", ge=0, le=1)]
    decided_at: Annotated[AwareDatetime, Column("When (UTC).")]


PERSON_FACES = Table(
    name="person_faces",
    row=PersonFace,
    grain="one row per generation and face",
    primary_key=("generation", "face_id"),
)
PERSON_FACTS = Table(
    name="person_facts",
    row=PersonFact,
    grain="one row per fact",
    primary_key=("fact",),
    pii=("name",),
)
