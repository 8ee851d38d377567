"""Whoever asks for an import may say that files were removed on purpose."""

from alembic import op

revision = "0012"
down_revision: str | None = "0011"


def upgrade() -> None:
    """Adds the column, for the API to fill."""
    op.execute("ALTER TABLE control.requests ADD COLUMN removed_on_purpose BOOLEAN NOT NULL DEFAULT false")
    op.execute("GRANT INSERT (removed_on_purpose) ON control.requests TO darkroom_api")


def downgrade() -> None:
    """Takes it away."""
    op.execute("ALTER TABLE control.requests DROP COLUMN removed_on_purpose")
