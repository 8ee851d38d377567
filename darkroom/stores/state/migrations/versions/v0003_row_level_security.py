"""What the API's role may see and do: row-level security on every table, and no more grants than it needs.

The role sees the libraries named by the session setting `darkroom.libraries`, and nothing without it. Keys and users
it never reads: `control.caller_of` answers for one digest, so that keys cannot be listed. It writes sources and
requests, and may ask for a request to be cancelled; every other state of a request belongs to the pipeline.
"""

from alembic import op

revision = "0003"
down_revision: str | None = "0002"

READ = (
    "control.batch_items",
    "control.batches",
    "control.contents",
    "control.failures",
    "control.gate_results",
    "control.outputs",
    "control.photo_outputs",
    "control.progress",
    "control.requests",
    "control.source_files",
    "control.sources",
    "serving.changes",
    "serving.photo_files",
    "serving.photos",
    "serving.published_outputs",
)
CLOSED = ("control.api_keys", "control.users")

# The sub-select is evaluated once per statement; the bare call would be evaluated once per row.
VISIBLE = "(SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[]"

RULES = f"""
CREATE POLICY own_libraries ON control.libraries FOR SELECT TO darkroom_api USING (id = ANY ({VISIBLE}));

CREATE POLICY register ON control.sources FOR INSERT TO darkroom_api WITH CHECK (library_id = ANY ({VISIBLE}));

CREATE POLICY ask ON control.requests FOR INSERT TO darkroom_api WITH CHECK (
    library_id = ANY ({VISIBLE})
    AND state = 'new'
    AND EXISTS (
        SELECT FROM control.sources AS s WHERE s.id = requests.source_id AND s.library_id = requests.library_id
    )
);
CREATE POLICY cancel ON control.requests FOR UPDATE TO darkroom_api
    USING (library_id = ANY ({VISIBLE}) AND state IN ('new', 'planning', 'running'))
    WITH CHECK (library_id = ANY ({VISIBLE}) AND state = 'cancelling');

CREATE FUNCTION control.caller_of(wanted text)
    RETURNS TABLE (
        key_id uuid, user_id uuid, digest text, scopes text[],
        expires_at timestamptz, revoked_at timestamptz, libraries uuid[]
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT k.id, k.user_id, k.digest, k.scopes, k.expires_at, k.revoked_at,
               ARRAY(SELECT l.id FROM control.libraries AS l WHERE l.owner_id = k.user_id ORDER BY l.created_at, l.id)
        FROM control.api_keys AS k WHERE k.digest = wanted
    $$;
REVOKE ALL ON FUNCTION control.caller_of(text) FROM PUBLIC;

GRANT USAGE ON SCHEMA control, serving TO darkroom_api;
GRANT SELECT ON control.libraries, serving.publish_epoch, control.alembic_version TO darkroom_api;
GRANT INSERT (library_id, name, mode, path, watched) ON control.sources TO darkroom_api;
GRANT INSERT (library_id, kind, source_id, path, priority, idempotency_key, requested_by)
    ON control.requests TO darkroom_api;
GRANT UPDATE (state) ON control.requests TO darkroom_api;
GRANT EXECUTE ON FUNCTION control.caller_of(text) TO darkroom_api;
"""  # noqa: S608 - composed of constants

UNDO = """
DROP FUNCTION control.caller_of(text);
DROP POLICY cancel ON control.requests;
DROP POLICY ask ON control.requests;
DROP POLICY register ON control.sources;
DROP POLICY own_libraries ON control.libraries;
REVOKE ALL ON ALL TABLES IN SCHEMA control, serving FROM darkroom_api;
REVOKE ALL ON SCHEMA control, serving FROM darkroom_api;
"""


def upgrade() -> None:
    """Closes every table, then opens what the API needs."""
    for table in (*READ, *CLOSED, "control.libraries"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for table in READ:
        op.execute(
            f"CREATE POLICY own_libraries ON {table} FOR SELECT TO darkroom_api USING (library_id = ANY ({VISIBLE}))"
        )
        op.execute(f"GRANT SELECT ON {table} TO darkroom_api")
    op.execute(RULES)


def downgrade() -> None:
    """Takes the rules and grants away."""
    op.execute(UNDO)
    for table in READ:
        op.execute(f"DROP POLICY own_libraries ON {table}")
    for table in (*READ, *CLOSED, "control.libraries"):
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
