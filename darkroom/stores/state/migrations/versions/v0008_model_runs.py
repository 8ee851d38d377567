"""What runs of models came to."""

from alembic import op

revision = "0008"
down_revision: str | None = "0007"

VISIBLE = "(SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[]"

UP = f"""
CREATE TABLE control.model_runs (
    run_id UUID NOT NULL,
    library_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    output TEXT NOT NULL,
    output_version TEXT NOT NULL,
    provider TEXT NOT NULL,
    photos_done INTEGER NOT NULL,
    photos_failed INTEGER NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_model_runs PRIMARY KEY (run_id),
    CONSTRAINT fk_model_runs_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_model_runs_batch_id FOREIGN KEY(batch_id) REFERENCES control.batches (id)
);
CREATE INDEX ix_model_runs_batch_id ON control.model_runs (batch_id);

ALTER TABLE control.model_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_libraries ON control.model_runs FOR SELECT TO darkroom_api USING (library_id = ANY ({VISIBLE}));
GRANT SELECT ON control.model_runs TO darkroom_api;
"""


def upgrade() -> None:
    """Creates the table and closes it to other libraries' keys."""
    op.execute(UP)


def downgrade() -> None:
    """Drops the table."""
    op.execute("DROP TABLE control.model_runs")
