"""Duplicates and stacks as they are shown, and what was decided about duplicates."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
)

from darkroom.stores.state.schema._base import library, metadata, now, one_of

duplicate_facts = Table(
    "duplicate_facts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    library(),
    Column("kind", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("photo_ids", ARRAY(Uuid), nullable=False),
    Column("keeper_id", Uuid),
    Column("decided_by", Uuid, ForeignKey("control.users.id")),
    now("decided_at"),
    one_of("kind", "bytes", "pixels", "near"),
    one_of("verdict", "kept", "dismissed", "withdrawn"),
    CheckConstraint("(verdict = 'kept') = (keeper_id IS NOT NULL)", name="keeper"),
    Index(None, "library_id", "id"),
    schema="control",
)

duplicate_groups = Table(
    "duplicate_groups",
    metadata,
    Column("group_id", Uuid, primary_key=True),
    library(),
    Column("kind", Text, nullable=False),
    Column("keeper_id", Uuid, nullable=False),
    Column("photos", Integer, nullable=False),
    Column("wasted_bytes", BigInteger, nullable=False),
    # What was wasted when the group was found: a decision must not move it in a list that is being read.
    Column("found_bytes", BigInteger, nullable=False),
    Column("decision", Text),
    Column("epoch", BigInteger, nullable=False),
    one_of("kind", "bytes", "pixels", "near"),
    one_of("decision", "kept", "dismissed"),
    Index("ix_duplicate_groups_most_wasted", "library_id", "found_bytes", "group_id"),
    schema="serving",
)

duplicate_members = Table(
    "duplicate_members",
    metadata,
    Column("group_id", Uuid, ForeignKey("serving.duplicate_groups.group_id", ondelete="CASCADE"), primary_key=True),
    Column("photo_id", Uuid, ForeignKey("serving.photos.photo_id", ondelete="CASCADE"), primary_key=True),
    library(),
    Column("position", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Index(None, "photo_id"),
    schema="serving",
)

stacks = Table(
    "stacks",
    metadata,
    Column("stack_id", Uuid, primary_key=True),
    library(),
    Column("kind", Text, nullable=False),
    Column("photos", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    one_of("kind", "raw_jpeg", "burst"),
    Index("ix_stacks_most_photos", "library_id", "photos", "stack_id"),
    schema="serving",
)

stack_members = Table(
    "stack_members",
    metadata,
    Column("stack_id", Uuid, ForeignKey("serving.stacks.stack_id", ondelete="CASCADE"), primary_key=True),
    Column("photo_id", Uuid, ForeignKey("serving.photos.photo_id", ondelete="CASCADE"), primary_key=True),
    library(),
    Column("position", Integer, nullable=False),
    Index(None, "photo_id"),
    schema="serving",
)
