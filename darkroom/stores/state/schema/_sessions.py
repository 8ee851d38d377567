"""Tables of who is signed in: `control.sign_in_codes` and `control.sessions`."""

from sqlalchemy import ARRAY, Column, DateTime, ForeignKey, Table, Text, Uuid

from darkroom.stores.state.schema._base import identity, metadata, now, when

sign_in_codes = Table(
    "sign_in_codes",
    metadata,
    identity(),
    Column("key_id", Uuid, ForeignKey("control.api_keys.id", ondelete="CASCADE"), nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    now("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    when("used_at"),
    schema="control",
)

sessions = Table(
    "sessions",
    metadata,
    identity(),
    Column("key_id", Uuid, ForeignKey("control.api_keys.id", ondelete="CASCADE"), nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    now("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    when("ended_at"),
    schema="control",
)
