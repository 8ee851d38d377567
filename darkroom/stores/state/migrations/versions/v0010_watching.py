"""The API may begin and stop watching a folder, and change nothing else of it."""

from alembic import op

revision = "0010"
down_revision: str | None = "0009"

VISIBLE = "(SELECT string_to_array(nullif(current_setting('darkroom.libraries', true), ''), ','))::uuid[]"

UP = f"""
CREATE POLICY watch ON control.sources FOR UPDATE TO darkroom_api
    USING (library_id = ANY ({VISIBLE})) WITH CHECK (library_id = ANY ({VISIBLE}));
GRANT UPDATE (watched) ON control.sources TO darkroom_api;
"""

DOWN = """
REVOKE UPDATE (watched) ON control.sources FROM darkroom_api;
DROP POLICY watch ON control.sources;
"""


def upgrade() -> None:
    """Grants one column."""
    op.execute(UP)


def downgrade() -> None:
    """Takes it back."""
    op.execute(DOWN)
