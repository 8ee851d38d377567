"""Duplicates and stacks: photos that are copies of each other, and photos that belong together without being copies."""

from typing import Annotated

from darkroom.contracts.columns import UUID_PATTERN, LibraryId, PhotoId
from darkroom.contracts.generations import GenerationNumber
from darkroom.contracts.table import Column, Row, Table

DUPLICATE_KINDS = ("bytes", "pixels", "near")
STACK_KINDS = ("raw_jpeg", "burst")


class Duplicate(Row):
    """A photo in a group of duplicates: of the same bytes (one photo in several files), of equal pixels, or near."""

    generation: GenerationNumber
    library_id: LibraryId
    group_id: Annotated[str, Column("Group; it stays while its photo of the lowest id does.", pattern=UUID_PATTERN)]
    kind: Annotated[str, Column("Why its photos are duplicates.", values=DUPLICATE_KINDS)]
    photo_id: PhotoId
    is_keeper: Annotated[bool, Column("Whether this photo is the one to keep.")]
    decided: Annotated[bool, Column("Whether people have said which photo of the group to keep.")]
    files: Annotated[int, Column("Files that hold the photo.", ge=1)]
    size_bytes: Annotated[int, Column("Size of one file of the photo's newest bytes.", unit="bytes", ge=0)]
    wasted_bytes: Annotated[
        int,
        Column(
            "Size of what is redundant: of the same bytes all files but one, else the one file of a photo not kept.",
            unit="bytes",
            ge=0,
        ),
    ]


class Stacked(Row):
    """A photo in a stack: a raw file and the pictures developed from it, or the shots of a burst."""

    generation: GenerationNumber
    library_id: LibraryId
    stack_id: Annotated[str, Column("Stack.", pattern=UUID_PATTERN)]
    kind: Annotated[str, Column("Why its photos belong together.", values=STACK_KINDS)]
    photo_id: PhotoId
    position: Annotated[int, Column("Place in the stack; the first stands for all.", ge=0)]


DUPLICATES = Table(
    name="duplicates",
    row=Duplicate,
    grain="one row per generation, group and photo",
    primary_key=("generation", "group_id", "photo_id"),
)
STACKS = Table(
    name="stacks",
    row=Stacked,
    grain="one row per generation, stack and photo",
    primary_key=("generation", "stack_id", "photo_id"),
)
