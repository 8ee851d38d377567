"""Faces as they are published, people, what was decided about them, and the generations that say who is who."""

from alembic import op

revision = "0004"
down_revision: str | None = "0003"

UP = """
ALTER TABLE serving.changes DROP CONSTRAINT ck_changes_kind;
ALTER TABLE serving.changes ADD CONSTRAINT ck_changes_kind CHECK (kind IN ('published', 'removed', 'regrouped'));

CREATE TABLE control.generations (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT DEFAULT 'made' NOT NULL,
    epoch BIGINT NOT NULL,
    fact BIGINT DEFAULT 0 NOT NULL,
    rows BIGINT,
    digest TEXT,
    passed BOOLEAN,
    report JSONB,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    flipped_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_generations PRIMARY KEY (id),
    CONSTRAINT uq_generations_number UNIQUE (number),
    CONSTRAINT ck_generations_kind CHECK (kind IN ('people', 'duplicates')),
    CONSTRAINT ck_generations_state CHECK (state IN ('made', 'current', 'retired', 'refused')),
    CONSTRAINT fk_generations_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_generations_library_id_kind_state ON control.generations (library_id, kind, state);

CREATE TABLE control.person_facts (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    kind TEXT NOT NULL,
    person_id UUID NOT NULL,
    into_person_id UUID,
    name TEXT,
    photo_id UUID,
    x DOUBLE PRECISION,
    y DOUBLE PRECISION,
    w DOUBLE PRECISION,
    h DOUBLE PRECISION,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_person_facts PRIMARY KEY (id),
    CONSTRAINT ck_person_facts_kind
        CHECK (kind IN ('named', 'hidden', 'shown', 'confirmed', 'rejected', 'merged')),
    CONSTRAINT ck_person_facts_into CHECK ((kind = 'merged') = (into_person_id IS NOT NULL)),
    CONSTRAINT ck_person_facts_face CHECK (
        num_nulls(photo_id, x, y, w, h) = 0
        OR (num_nulls(photo_id, x, y, w, h) = 5 AND kind NOT IN ('confirmed', 'rejected'))
    ),
    CONSTRAINT fk_person_facts_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_person_facts_decided_by FOREIGN KEY(decided_by) REFERENCES control.users (id)
);
CREATE INDEX ix_person_facts_library_id_id ON control.person_facts (library_id, id);

CREATE TABLE serving.people (
    person_id UUID NOT NULL,
    library_id UUID NOT NULL,
    name TEXT,
    hidden BOOLEAN DEFAULT false NOT NULL,
    cover_face_id UUID,
    faces INTEGER NOT NULL,
    photos INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    CONSTRAINT pk_people PRIMARY KEY (person_id),
    CONSTRAINT fk_people_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_people_most_photos ON serving.people (library_id, photos DESC, person_id);

CREATE TABLE serving.faces (
    face_id UUID NOT NULL,
    library_id UUID NOT NULL,
    photo_id UUID NOT NULL,
    x DOUBLE PRECISION NOT NULL,
    y DOUBLE PRECISION NOT NULL,
    w DOUBLE PRECISION NOT NULL,
    h DOUBLE PRECISION NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    size_px INTEGER NOT NULL,
    thumbnail_sha256 TEXT NOT NULL,
    person_id UUID,
    epoch BIGINT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_faces PRIMARY KEY (face_id),
    CONSTRAINT fk_faces_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_faces_photo_id FOREIGN KEY(photo_id) REFERENCES serving.photos (photo_id) ON DELETE CASCADE
);
CREATE INDEX ix_faces_person_id ON serving.faces (person_id);
CREATE INDEX ix_faces_photo_id ON serving.faces (photo_id);
"""

READ = ("control.generations", "control.person_facts", "serving.faces", "serving.people")

VISIBLE = "(SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[]"

# A decision is a fact, and what serving shows of it at once, under the next epoch.
RULES = f"""
CREATE POLICY decide ON control.person_facts FOR INSERT TO darkroom_api WITH CHECK (library_id = ANY ({VISIBLE}));
CREATE POLICY show_person ON serving.people FOR ALL TO darkroom_api
    USING (library_id = ANY ({VISIBLE})) WITH CHECK (library_id = ANY ({VISIBLE}));
CREATE POLICY show_face ON serving.faces FOR UPDATE TO darkroom_api
    USING (library_id = ANY ({VISIBLE})) WITH CHECK (library_id = ANY ({VISIBLE}));
CREATE POLICY note_decision ON serving.changes FOR INSERT TO darkroom_api
    WITH CHECK (kind = 'regrouped' AND library_id = ANY ({VISIBLE}));

GRANT INSERT (library_id, epoch, kind, photo_id) ON serving.changes TO darkroom_api;
GRANT INSERT (
    library_id, kind, person_id, into_person_id, name, photo_id, x, y, w, h, decided_by
) ON control.person_facts TO darkroom_api;
GRANT INSERT, UPDATE, DELETE ON serving.people TO darkroom_api;
GRANT UPDATE (person_id, epoch) ON serving.faces TO darkroom_api;

CREATE FUNCTION serving.next_epoch() RETURNS serving.publish_epoch
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ UPDATE serving.publish_epoch SET epoch = epoch + 1, published_at = now() RETURNING * $$;
REVOKE ALL ON FUNCTION serving.next_epoch() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION serving.next_epoch() TO darkroom_api;
"""  # noqa: S608 - composed of constants

DOWN = """
DROP FUNCTION serving.next_epoch();
DROP TABLE serving.faces;
DROP TABLE serving.people;
DROP TABLE control.person_facts;
DROP TABLE control.generations;
DROP POLICY note_decision ON serving.changes;
REVOKE INSERT (library_id, epoch, kind, photo_id) ON serving.changes FROM darkroom_api;
ALTER TABLE serving.changes DROP CONSTRAINT ck_changes_kind;
DELETE FROM serving.changes WHERE kind = 'regrouped';
ALTER TABLE serving.changes ADD CONSTRAINT ck_changes_kind CHECK (kind IN ('published', 'removed'));
"""


def upgrade() -> None:
    """Creates the tables, closes them, then opens what the API needs."""
    op.execute(UP)
    for table in READ:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_libraries ON {table} FOR SELECT TO darkroom_api USING (library_id = ANY ({VISIBLE}))"
        )
        op.execute(f"GRANT SELECT ON {table} TO darkroom_api")
    op.execute(RULES)


def downgrade() -> None:
    """Drops the tables and everything in them."""
    op.execute(DOWN)
