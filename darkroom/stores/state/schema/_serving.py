"""Serving: photos as the API shows them, and what changed."""

from sqlalchemy import (
    ARRAY,
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
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from darkroom.stores.state.schema._base import library, metadata, now, one_of, when

publish_epoch = Table(
    "publish_epoch",
    metadata,
    Column("one", Boolean, CheckConstraint("one", name="one"), primary_key=True, server_default=text("true")),
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("published_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="serving",
)

photos = Table(
    "photos",
    metadata,
    Column("photo_id", Uuid, primary_key=True),
    library(),
    Column("epoch", BigInteger, nullable=False),
    Column("first_epoch", BigInteger),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("orientation", Integer, nullable=False),
    Column("taken_local", DateTime(timezone=False)),
    Column("taken_offset_minutes", Integer),
    when("taken_utc"),
    Column("taken_source", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("altitude_m", Double),
    Column("camera_make", Text),
    Column("camera_model", Text),
    Column("lens", Text),
    Column("exposure", JSONB),
    Column("title", Text),
    Column("description", Text),
    Column("keywords", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("rating", Integer),
    Column("text", Text),
    Column("thumbnail_sha256", Text),
    Column("display_sha256", Text),
    Column("field_sources", JSONB, nullable=False, server_default=text("'{}'")),
    Column("published_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_photos_timeline", "library_id", text("taken_local DESC NULLS LAST"), "photo_id"),
    Index("ix_photos_epoch", "epoch"),
    schema="serving",
)

photo_words = Table(
    "photo_words",
    metadata,
    Column("photo_id", Uuid, ForeignKey("serving.photos.photo_id", ondelete="CASCADE"), primary_key=True),
    library(),
    Column("words", TSVECTOR, nullable=False),
    Index(None, "words", postgresql_using="gin"),
    schema="serving",
)

photo_files = Table(
    "photo_files",
    metadata,
    Column("source_id", Uuid, ForeignKey("control.sources.id"), primary_key=True),
    Column("path", Text, primary_key=True),
    library(),
    Column("photo_id", Uuid, ForeignKey("serving.photos.photo_id", ondelete="CASCADE"), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_at", DateTime(timezone=True), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Index(None, "photo_id"),
    schema="serving",
)

published_outputs = Table(
    "published_outputs",
    metadata,
    Column("photo_id", Uuid, ForeignKey("serving.photos.photo_id", ondelete="CASCADE"), primary_key=True),
    Column("output", Text, primary_key=True),
    library(),
    Column("version", Text),
    Column("provider", Text),
    Column("attempt", BigInteger),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("epoch", BigInteger, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "epoch"),
    schema="serving",
)

texts = Table(
    "texts",
    metadata,
    Column("photo_id", Uuid, ForeignKey("serving.photos.photo_id", ondelete="CASCADE"), primary_key=True),
    library(),
    Column("lines", JSONB, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    schema="serving",
)

changes = Table(
    "changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    library(),
    Column("epoch", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("photo_id", Uuid, nullable=False),
    now("recorded_at"),
    one_of("kind", "published", "removed", "regrouped"),
    Index(None, "library_id", "id"),
    schema="serving",
)
