"""Faces and people: what is published of them, what was decided, and the generations that say who is who."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from darkroom.stores.state.schema._base import identity, library, metadata, now, one_of, when

generations = Table(
    "generations",
    metadata,
    identity(),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    library(),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="made"),
    Column("epoch", BigInteger, nullable=False),
    Column("fact", BigInteger, nullable=False, server_default=text("0")),
    Column("rows", BigInteger),
    Column("digest", Text),
    Column("passed", Boolean),
    Column("report", JSONB),
    now("made_at"),
    when("flipped_at"),
    one_of("kind", "people", "duplicates"),
    one_of("state", "made", "current", "retired", "refused"),
    Index(None, "library_id", "kind", "state"),
    schema="control",
)

person_facts = Table(
    "person_facts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    library(),
    Column("kind", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("into_person_id", Uuid),
    Column("name", Text),
    Column("photo_id", Uuid),
    Column("x", Double),
    Column("y", Double),
    Column("w", Double),
    Column("h", Double),
    Column("decided_by", Uuid, ForeignKey("control.users.id")),
    now("decided_at"),
    one_of("kind", "named", "hidden", "shown", "confirmed", "rejected", "merged"),
    CheckConstraint("(kind = 'merged') = (into_person_id IS NOT NULL)", name="into"),
    CheckConstraint(
        "num_nulls(photo_id, x, y, w, h) = 0"
        " OR (num_nulls(photo_id, x, y, w, h) = 5 AND kind NOT IN ('confirmed', 'rejected'))",
        name="face",
    ),
    Index(None, "library_id", "id"),
    schema="control",
)

people = Table(
    "people",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    library(),
    Column("name", Text),
    Column("hidden", Boolean, nullable=False, server_default=text("false")),
    Column("cover_face_id", Uuid),
    Column("faces", Integer, nullable=False),
    Column("photos", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Index("ix_people_most_photos", "library_id", text("photos DESC"), "person_id"),
    schema="serving",
)

faces = Table(
    "faces",
    metadata,
    Column("face_id", Uuid, primary_key=True),
    library(),
    Column("photo_id", Uuid, ForeignKey("serving.photos.photo_id", ondelete="CASCADE"), nullable=False),
    Column("x", Double, nullable=False),
    Column("y", Double, nullable=False),
    Column("w", Double, nullable=False),
    Column("h", Double, nullable=False),
    Column("score", Double, nullable=False),
    Column("size_px", Integer, nullable=False),
    Column("thumbnail_sha256", Text, nullable=False),
    Column("person_id", Uuid),
    Column("epoch", BigInteger, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index(None, "photo_id"),
    Index(None, "person_id"),
    schema="serving",
)
