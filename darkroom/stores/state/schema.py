"""Tables of the state database. The migrations create exactly these; a drift test compares the two.

`control` is the truth of what was asked, done and decided; `serving` is a projection the API reads.
Every table carries `library_id` and has row-level security: the API's role sees the libraries named by the session
setting `darkroom.libraries` (a comma-separated list of ids) and nothing else; the owner (the pipeline) bypasses it.
"""

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
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid())


def _library() -> Column[object]:
    return Column("library_id", Uuid, ForeignKey("control.libraries.id"), nullable=False)


def _now(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _when(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


users = Table("users", metadata, _id(), Column("name", Text, nullable=False), _now("created_at"), schema="control")

libraries = Table(
    "libraries",
    metadata,
    _id(),
    Column("owner_id", Uuid, ForeignKey("control.users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("outputs_off", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _now("created_at"),
    schema="control",
)

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    Column("user_id", Uuid, ForeignKey("control.users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    _now("created_at"),
    _when("expires_at"),
    _when("revoked_at"),
    schema="control",
)

sources = Table(
    "sources",
    metadata,
    _id(),
    _library(),
    Column("name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("watched", Boolean, nullable=False, server_default=text("false")),
    _now("created_at"),
    UniqueConstraint("library_id", "path"),
    _one_of("mode", "copy", "reference"),
    schema="control",
)

source_files = Table(
    "source_files",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _library(),
    Column("source_id", Uuid, ForeignKey("control.sources.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("path_raw", LargeBinary, nullable=False),
    Column("device", Text),
    Column("inode", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sha256", Text),
    Column("photo_id", Uuid),
    Column("state", Text, nullable=False, server_default="frozen"),
    _now("seen_at"),
    UniqueConstraint("source_id", "path"),
    _one_of("state", "frozen", "taken", "failed", "unsupported", "missing"),
    Index(None, "source_id", "device", "inode"),
    Index(None, "photo_id"),
    schema="control",
)

contents = Table(
    "contents",
    metadata,
    Column("library_id", Uuid, ForeignKey("control.libraries.id"), primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("photo_id", Uuid, nullable=False),
    Column("pixel_digest", Text),
    _now("since"),
    Index(None, "photo_id"),
    schema="control",
)

requests = Table(
    "requests",
    metadata,
    _id(),
    _library(),
    Column("kind", Text, nullable=False),
    Column("source_id", Uuid, ForeignKey("control.sources.id")),
    Column("path", Text),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default="new"),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    Column("files_listed", BigInteger),
    Column("files_new", BigInteger),
    Column("error", Text),
    Column("idempotency_key", Text),
    Column("requested_by", Uuid, ForeignKey("control.users.id")),
    _now("created_at"),
    _when("started_at"),
    _when("finished_at"),
    UniqueConstraint("library_id", "idempotency_key"),
    _one_of("kind", "import", "refill"),
    _one_of("state", "new", "planning", "running", "succeeded", "failed", "cancelling", "cancelled"),
    Index(None, "state"),
    schema="control",
)

batches = Table(
    "batches",
    metadata,
    _id(),
    Column("sequence", BigInteger, Identity(always=True), nullable=False, unique=True),
    _library(),
    Column("request_id", Uuid, ForeignKey("control.requests.id")),
    Column("kind", Text, nullable=False),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default="frozen"),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    Column("files", Integer, nullable=False),
    Column("error", Text),
    Column("epoch", BigInteger),
    _now("frozen_at"),
    _when("started_at"),
    _when("finished_at"),
    _one_of("kind", "import", "refill"),
    _one_of("state", "frozen", "running", "published", "failed", "cancelled"),
    Index(None, "request_id"),
    Index(None, "state"),
    schema="control",
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", Uuid, ForeignKey("control.batches.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _library(),
    Column("source_file_id", BigInteger, ForeignKey("control.source_files.id")),
    Column("photo_id", Uuid),
    Column("state", Text, nullable=False, server_default="waiting"),
    _one_of("state", "waiting", "taken", "failed", "unsupported", "quarantined"),
    Index(None, "photo_id"),
    Index(None, "source_file_id"),
    schema="control",
)

progress = Table(
    "progress",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _library(),
    Column("request_id", Uuid, ForeignKey("control.requests.id"), nullable=False),
    Column("batch_id", Uuid, ForeignKey("control.batches.id")),
    Column("step", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    _now("recorded_at"),
    Index(None, "request_id", "id"),
    schema="control",
)

failures = Table(
    "failures",
    metadata,
    _id(),
    _library(),
    Column("batch_id", Uuid, ForeignKey("control.batches.id")),
    Column("photo_id", Uuid),
    Column("source_id", Uuid),
    Column("path", Text),
    Column("output", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("transient", Boolean, nullable=False),
    _now("recorded_at"),
    Index(None, "batch_id"),
    Index(None, "photo_id"),
    schema="control",
)

gate_results = Table(
    "gate_results",
    metadata,
    _id(),
    _library(),
    Column("batch_id", Uuid, ForeignKey("control.batches.id"), nullable=False),
    Column("table_name", Text, nullable=False),
    Column("lake_snapshot", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("report", JSONB, nullable=False),
    _now("checked_at"),
    Index(None, "batch_id", "table_name"),
    schema="control",
)

outputs = Table(
    "outputs",
    metadata,
    Column("library_id", Uuid, ForeignKey("control.libraries.id"), primary_key=True),
    Column("output", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("provider", Text, nullable=False),
    _now("since"),
    schema="control",
)

photo_outputs = Table(
    "photo_outputs",
    metadata,
    Column("photo_id", Uuid, primary_key=True),
    Column("output", Text, primary_key=True),
    _library(),
    Column("version", Text),
    Column("provider", Text),
    Column("attempt", BigInteger),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    _now("updated_at"),
    _one_of("state", "done", "failed", "missing", "off"),
    Index(None, "library_id", "output", "state"),
    schema="control",
)

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
    _library(),
    Column("epoch", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("orientation", Integer, nullable=False),
    Column("taken_local", DateTime(timezone=False)),
    Column("taken_offset_minutes", Integer),
    _when("taken_utc"),
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

photo_files = Table(
    "photo_files",
    metadata,
    Column("source_id", Uuid, ForeignKey("control.sources.id"), primary_key=True),
    Column("path", Text, primary_key=True),
    _library(),
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
    _library(),
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

changes = Table(
    "changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _library(),
    Column("epoch", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("photo_id", Uuid, nullable=False),
    _now("recorded_at"),
    _one_of("kind", "published", "removed"),
    Index(None, "library_id", "id"),
    schema="serving",
)
