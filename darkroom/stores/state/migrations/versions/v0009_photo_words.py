"""The words of photos' texts, in an index: conditions on them no longer read every text."""

from alembic import op
from sqlalchemy import text

from darkroom.stores.state.photo_words import publish_words

revision = "0009"
down_revision: str | None = "0008"

VISIBLE = "(SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[]"
AT_ONCE = 1000

# PostgreSQL applies a policy before any condition that might tell about rows, so to those who are under one the index
# would be of no use. The function looks first, and applies the policy itself.
UP = f"""
CREATE TABLE serving.photo_words (
    photo_id UUID NOT NULL,
    library_id UUID NOT NULL,
    words TSVECTOR NOT NULL,
    CONSTRAINT pk_photo_words PRIMARY KEY (photo_id),
    CONSTRAINT fk_photo_words_photo_id FOREIGN KEY(photo_id) REFERENCES serving.photos (photo_id) ON DELETE CASCADE,
    CONSTRAINT fk_photo_words_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_photo_words_words ON serving.photo_words USING gin (words);
ALTER TABLE serving.photo_words ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_libraries ON serving.photo_words FOR SELECT TO darkroom_api USING (library_id = ANY ({VISIBLE}));
GRANT SELECT ON serving.photo_words TO darkroom_api;

CREATE FUNCTION serving.photos_with_words(wanted tsquery) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT photo_id FROM serving.photo_words WHERE words @@ wanted AND library_id = ANY ({VISIBLE})
    $$;
REVOKE ALL ON FUNCTION serving.photos_with_words(tsquery) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION serving.photos_with_words(tsquery) TO darkroom_api;
"""  # noqa: S608 - composed of constants


def upgrade() -> None:
    """Creates the table and fills it from the published photos."""
    op.execute(UP)
    connection = op.get_bind()
    page = text(
        "SELECT photo_id, library_id, text, title, description FROM serving.photos"
        " WHERE photo_id > :after ORDER BY photo_id LIMIT :number"
    )
    after = "00000000-0000-0000-0000-000000000000"
    while photos := connection.execute(page, {"after": after, "number": AT_ONCE}).mappings().all():
        publish_words(connection, [dict(photo) for photo in photos])
        after = photos[-1]["photo_id"]


def downgrade() -> None:
    """Drops the table."""
    op.execute("DROP FUNCTION serving.photos_with_words(tsquery)")
    op.execute("DROP TABLE serving.photo_words")
