"""Duplicates and stacks as they are shown, and what was decided about duplicates."""

from alembic import op

revision = "0005"
down_revision: str | None = "0004"

UP = """
CREATE TABLE control.duplicate_facts (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    kind TEXT NOT NULL,
    verdict TEXT NOT NULL,
    photo_ids UUID[] NOT NULL,
    keeper_id UUID,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_duplicate_facts PRIMARY KEY (id),
    CONSTRAINT ck_duplicate_facts_kind CHECK (kind IN ('bytes', 'pixels', 'near')),
    CONSTRAINT ck_duplicate_facts_verdict CHECK (verdict IN ('kept', 'dismissed')),
    CONSTRAINT ck_duplicate_facts_keeper CHECK ((verdict = 'kept') = (keeper_id IS NOT NULL)),
    CONSTRAINT fk_duplicate_facts_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_duplicate_facts_decided_by FOREIGN KEY(decided_by) REFERENCES control.users (id)
);
CREATE INDEX ix_duplicate_facts_library_id_id ON control.duplicate_facts (library_id, id);

CREATE TABLE serving.duplicate_groups (
    group_id UUID NOT NULL,
    library_id UUID NOT NULL,
    kind TEXT NOT NULL,
    keeper_id UUID NOT NULL,
    photos INTEGER NOT NULL,
    wasted_bytes BIGINT NOT NULL,
    found_bytes BIGINT NOT NULL,
    decision TEXT,
    epoch BIGINT NOT NULL,
    CONSTRAINT pk_duplicate_groups PRIMARY KEY (group_id),
    CONSTRAINT ck_duplicate_groups_kind CHECK (kind IN ('bytes', 'pixels', 'near')),
    CONSTRAINT ck_duplicate_groups_decision CHECK (decision IN ('kept', 'dismissed')),
    CONSTRAINT fk_duplicate_groups_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_duplicate_groups_most_wasted ON serving.duplicate_groups (library_id, found_bytes, group_id);

CREATE TABLE serving.duplicate_members (
    group_id UUID NOT NULL,
    photo_id UUID NOT NULL,
    library_id UUID NOT NULL,
    position INTEGER NOT NULL,
    size_bytes BIGINT NOT NULL,
    CONSTRAINT pk_duplicate_members PRIMARY KEY (group_id, photo_id),
    CONSTRAINT fk_duplicate_members_group_id FOREIGN KEY(group_id)
        REFERENCES serving.duplicate_groups (group_id) ON DELETE CASCADE,
    CONSTRAINT fk_duplicate_members_photo_id FOREIGN KEY(photo_id)
        REFERENCES serving.photos (photo_id) ON DELETE CASCADE,
    CONSTRAINT fk_duplicate_members_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_duplicate_members_photo_id ON serving.duplicate_members (photo_id);

CREATE TABLE serving.stacks (
    stack_id UUID NOT NULL,
    library_id UUID NOT NULL,
    kind TEXT NOT NULL,
    photos INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    CONSTRAINT pk_stacks PRIMARY KEY (stack_id),
    CONSTRAINT ck_stacks_kind CHECK (kind IN ('raw_jpeg', 'burst')),
    CONSTRAINT fk_stacks_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_stacks_most_photos ON serving.stacks (library_id, photos, stack_id);

CREATE TABLE serving.stack_members (
    stack_id UUID NOT NULL,
    photo_id UUID NOT NULL,
    library_id UUID NOT NULL,
    position INTEGER NOT NULL,
    CONSTRAINT pk_stack_members PRIMARY KEY (stack_id, photo_id),
    CONSTRAINT fk_stack_members_stack_id FOREIGN KEY(stack_id)
        REFERENCES serving.stacks (stack_id) ON DELETE CASCADE,
    CONSTRAINT fk_stack_members_photo_id FOREIGN KEY(photo_id)
        REFERENCES serving.photos (photo_id) ON DELETE CASCADE,
    CONSTRAINT fk_stack_members_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_stack_members_photo_id ON serving.stack_members (photo_id);
"""

READ = (
    "control.duplicate_facts",
    "serving.duplicate_groups",
    "serving.duplicate_members",
    "serving.stacks",
    "serving.stack_members",
)

VISIBLE = "(SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[]"

# A decision is a fact, and what serving shows of it at once, under the next epoch.
RULES = f"""
CREATE POLICY decide ON control.duplicate_facts FOR INSERT TO darkroom_api WITH CHECK (library_id = ANY ({VISIBLE}));
CREATE POLICY show_decision ON serving.duplicate_groups FOR UPDATE TO darkroom_api
    USING (library_id = ANY ({VISIBLE})) WITH CHECK (library_id = ANY ({VISIBLE}));

GRANT INSERT (library_id, kind, verdict, photo_ids, keeper_id, decided_by) ON control.duplicate_facts TO darkroom_api;
GRANT UPDATE (keeper_id, wasted_bytes, decision, epoch) ON serving.duplicate_groups TO darkroom_api;
"""

DOWN = """
DROP TABLE serving.stack_members;
DROP TABLE serving.stacks;
DROP TABLE serving.duplicate_members;
DROP TABLE serving.duplicate_groups;
DROP TABLE control.duplicate_facts;
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
