"""Sessions of people in browsers, the one-time codes that open them, and the lines of text their page draws.

The API's role reads neither table. Functions answer for one digest each, as `control.caller_of` does for keys: they
offer a code, turn it into a session once, find a session, end one, and end all of a user's. A session is no better
than the key that offered its code: it ends when that key is revoked or expires.
"""

from alembic import op

revision = "0006"
down_revision: str | None = "0005"

UP = """
CREATE TABLE control.sign_in_codes (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    key_id UUID NOT NULL,
    digest TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sign_in_codes PRIMARY KEY (id),
    CONSTRAINT fk_sign_in_codes_key_id FOREIGN KEY(key_id) REFERENCES control.api_keys (id) ON DELETE CASCADE,
    CONSTRAINT uq_sign_in_codes_digest UNIQUE (digest)
);
CREATE TABLE control.sessions (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    key_id UUID NOT NULL,
    digest TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT fk_sessions_key_id FOREIGN KEY(key_id) REFERENCES control.api_keys (id) ON DELETE CASCADE,
    CONSTRAINT uq_sessions_digest UNIQUE (digest)
);
CREATE TABLE serving.texts (
    photo_id UUID NOT NULL,
    library_id UUID NOT NULL,
    lines JSONB NOT NULL,
    epoch BIGINT NOT NULL,
    CONSTRAINT pk_texts PRIMARY KEY (photo_id),
    CONSTRAINT fk_texts_photo_id FOREIGN KEY(photo_id) REFERENCES serving.photos (photo_id) ON DELETE CASCADE,
    CONSTRAINT fk_texts_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
ALTER TABLE serving.texts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_libraries ON serving.texts FOR SELECT TO darkroom_api USING (
    library_id = ANY ((SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[])
);
GRANT SELECT ON serving.texts TO darkroom_api;
ALTER TABLE control.sign_in_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.sessions ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION control.offer_sign_in(key_id uuid, digest text, scopes text[], lifetime interval)
    RETURNS timestamptz
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        DELETE FROM control.sign_in_codes WHERE expires_at < now() - interval '1 day';
        DELETE FROM control.sessions WHERE least(expires_at, ended_at) < now() - interval '30 days';
        INSERT INTO control.sign_in_codes (key_id, digest, scopes, expires_at)
            VALUES ($1, $2, $3, now() + $4) RETURNING expires_at
    $$;

CREATE FUNCTION control.sign_in(code text, session text, lifetime interval)
    RETURNS SETOF uuid
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        WITH used AS (
            UPDATE control.sign_in_codes AS c SET used_at = now()
            FROM control.api_keys AS k
            WHERE c.digest = $1 AND c.used_at IS NULL AND c.expires_at > now() AND k.id = c.key_id
              AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
            RETURNING c.key_id, c.scopes
        )
        INSERT INTO control.sessions (key_id, digest, scopes, expires_at)
            SELECT used.key_id, $2, used.scopes, now() + $3 FROM used RETURNING id
    $$;

CREATE FUNCTION control.session_of(wanted text)
    RETURNS TABLE (
        session_id uuid, key_id uuid, user_id uuid, digest text, scopes text[],
        expires_at timestamptz, ended_at timestamptz, libraries uuid[]
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT s.id, k.id, k.user_id, s.digest, s.scopes,
               least(s.expires_at, k.expires_at), least(s.ended_at, k.revoked_at),
               ARRAY(SELECT l.id FROM control.libraries AS l WHERE l.owner_id = k.user_id ORDER BY l.created_at, l.id)
        FROM control.sessions AS s JOIN control.api_keys AS k ON k.id = s.key_id
        WHERE s.digest = wanted
    $$;

CREATE FUNCTION control.sign_out(wanted text)
    RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        WITH ended AS (
            UPDATE control.sessions SET ended_at = now() WHERE digest = wanted AND ended_at IS NULL RETURNING 1
        )
        SELECT EXISTS (SELECT FROM ended)
    $$;

CREATE FUNCTION control.sign_out_everywhere(wanted uuid)
    RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        UPDATE control.sign_in_codes SET used_at = now()
            WHERE used_at IS NULL AND key_id IN (SELECT k.id FROM control.api_keys AS k WHERE k.user_id = wanted);
        WITH ended AS (
            UPDATE control.sessions SET ended_at = now()
            WHERE ended_at IS NULL AND expires_at > now()
              AND key_id IN (SELECT k.id FROM control.api_keys AS k WHERE k.user_id = wanted)
            RETURNING 1
        )
        SELECT count(*) FROM ended
    $$;
"""

FUNCTIONS = (
    "control.offer_sign_in(uuid, text, text[], interval)",
    "control.sign_in(text, text, interval)",
    "control.session_of(text)",
    "control.sign_out(text)",
    "control.sign_out_everywhere(uuid)",
)


def upgrade() -> None:
    """Makes the tables, closed, and the functions that answer for them."""
    op.execute(UP)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO darkroom_api")


def downgrade() -> None:
    """Drops both."""
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE control.sessions; DROP TABLE control.sign_in_codes; DROP TABLE serving.texts;")
