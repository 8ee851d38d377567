"""Control: what was asked, done and decided about libraries, sources, imports and batches."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from darkroom.stores.state.schema._base import identity, library, metadata, now, one_of, when

users = Table("users", metadata, identity(), Column("name", Text, nullable=False), now("created_at"), schema="control")

libraries = Table(
    "libraries",
    metadata,
    identity(),
    Column("owner_id", Uuid, ForeignKey("control.users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("outputs_off", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    now("created_at"),
    schema="control",
)

api_keys = Table(
    "api_keys",
    metadata,
    identity(),
    Column("user_id", Uuid, ForeignKey("control.users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    now("created_at"),
    when("expires_at"),
    when("revoked_at"),
    schema="control",
)

sources = Table(
    "sources",
    metadata,
    identity(),
    library(),
    Column("name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("watched", Boolean, nullable=False, server_default=text("false")),
    now("created_at"),
    UniqueConstraint("library_id", "path"),
    one_of("mode", "copy", "reference"),
    schema="control",
)

source_files = Table(
    "source_files",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    library(),
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
    now("seen_at"),
    UniqueConstraint("source_id", "path"),
    one_of("state", "frozen", "taken", "failed", "unsupported", "missing"),
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
    now("since"),
    Index(None, "photo_id"),
    schema="control",
)

requests = Table(
    "requests",
    metadata,
    identity(),
    library(),
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
    now("created_at"),
    when("started_at"),
    when("finished_at"),
    Column("removed_on_purpose", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("library_id", "idempotency_key"),
    one_of("kind", "import", "refill"),
    one_of("state", "new", "planning", "running", "succeeded", "failed", "cancelling", "cancelled"),
    Index(None, "state"),
    schema="control",
)

batches = Table(
    "batches",
    metadata,
    identity(),
    Column("sequence", BigInteger, Identity(always=True), nullable=False, unique=True),
    library(),
    Column("request_id", Uuid, ForeignKey("control.requests.id")),
    Column("kind", Text, nullable=False),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default="frozen"),
    Column("attempt", Integer, nullable=False, server_default=text("1")),
    Column("files", Integer, nullable=False),
    Column("error", Text),
    Column("epoch", BigInteger),
    now("frozen_at"),
    when("started_at"),
    when("finished_at"),
    one_of("kind", "import", "refill"),
    one_of("state", "frozen", "running", "published", "failed", "cancelled"),
    Index(None, "request_id"),
    Index(None, "state"),
    schema="control",
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", Uuid, ForeignKey("control.batches.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    library(),
    Column("source_file_id", BigInteger, ForeignKey("control.source_files.id")),
    Column("photo_id", Uuid),
    Column("state", Text, nullable=False, server_default="waiting"),
    one_of("state", "waiting", "taken", "failed", "unsupported", "quarantined"),
    Index(None, "photo_id"),
    Index(None, "source_file_id"),
    schema="control",
)

progress = Table(
    "progress",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    library(),
    Column("request_id", Uuid, ForeignKey("control.requests.id"), nullable=False),
    Column("batch_id", Uuid, ForeignKey("control.batches.id")),
    Column("step", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    now("recorded_at"),
    Index(None, "request_id", "id"),
    schema="control",
)

failures = Table(
    "failures",
    metadata,
    identity(),
    library(),
    Column("batch_id", Uuid, ForeignKey("control.batches.id")),
    Column("photo_id", Uuid),
    Column("source_id", Uuid),
    Column("path", Text),
    Column("output", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("transient", Boolean, nullable=False),
    now("recorded_at"),
    Index(None, "batch_id"),
    Index(None, "photo_id"),
    schema="control",
)

gate_results = Table(
    "gate_results",
    metadata,
    identity(),
    library(),
    Column("batch_id", Uuid, ForeignKey("control.batches.id"), nullable=False),
    Column("table_name", Text, nullable=False),
    Column("lake_snapshot", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("report", JSONB, nullable=False),
    now("checked_at"),
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
    now("since"),
    schema="control",
)

photo_outputs = Table(
    "photo_outputs",
    metadata,
    Column("photo_id", Uuid, primary_key=True),
    Column("output", Text, primary_key=True),
    library(),
    Column("version", Text),
    Column("provider", Text),
    Column("attempt", BigInteger),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    now("updated_at"),
    one_of("state", "done", "failed", "missing", "off"),
    Index(None, "library_id", "output", "state"),
    schema="control",
)
