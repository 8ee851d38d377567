"""Searches as append-only events: the API adds them and cannot change them."""

from alembic import op

revision = "0007"
down_revision: str | None = "0006"

VISIBLE = "(SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[]"

UP = f"""
CREATE TABLE control.search_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    libraries UUID[] NOT NULL,
    search_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    query_class TEXT NOT NULL,
    words INTEGER NOT NULL,
    legs TEXT[] NOT NULL,
    filter_fields TEXT[] NOT NULL,
    degraded TEXT[] NOT NULL,
    milliseconds JSONB NOT NULL,
    results INTEGER NOT NULL,
    more BOOLEAN NOT NULL,
    top_score DOUBLE PRECISION,
    text TEXT,
    CONSTRAINT pk_search_events PRIMARY KEY (id),
    CONSTRAINT fk_search_events_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_search_events_at ON control.search_events (at);
ALTER TABLE control.search_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_libraries ON control.search_events FOR SELECT TO darkroom_api
    USING (library_id = ANY ({VISIBLE}));
CREATE POLICY search ON control.search_events FOR INSERT TO darkroom_api
    WITH CHECK (library_id = ANY ({VISIBLE}) AND libraries <@ {VISIBLE});
GRANT SELECT ON control.search_events TO darkroom_api;
GRANT INSERT (
    library_id, libraries, search_id, at, query_class, words, legs, filter_fields, degraded, milliseconds, results,
    more, top_score, text
) ON control.search_events TO darkroom_api;
"""


def upgrade() -> None:
    """Creates the table, closes it, then opens what the API needs."""
    op.execute(UP)


def downgrade() -> None:
    """Drops the table and everything in it."""
    op.execute("DROP TABLE control.search_events")
