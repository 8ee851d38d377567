"""Searches as events: how they were asked and how they went."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from darkroom.stores.state.schema._base import library, metadata, now

search_events = Table(
    "search_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    library(),
    Column("libraries", ARRAY(Uuid), nullable=False),
    Column("search_id", Uuid, nullable=False),
    now("at"),
    Column("query_class", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("legs", ARRAY(Text), nullable=False),
    Column("filter_fields", ARRAY(Text), nullable=False),
    Column("degraded", ARRAY(Text), nullable=False),
    Column("milliseconds", JSONB, nullable=False),
    Column("results", Integer, nullable=False),
    Column("more", Boolean, nullable=False),
    Column("top_score", Double),
    Column("text", Text),
    Index(None, "at"),
    schema="control",
)
